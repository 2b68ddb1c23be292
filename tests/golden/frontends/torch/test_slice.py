"""Parts of tensors of torch modules: the codes that torch takes of the input's codes."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.quantize import quantize


class Parts(nn.Module):
    """Every way to take a part of an image."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        first, second, third = x.chunk(3, dim=1)
        few, many = x.split([1, 5], dim=-3)
        rows = torch.split(x, 3, dim=2)
        return first, third, second, many, few, rows[-1], x[:, 1:5:3, 2:, :-1:2]


class Batch(nn.Module):
    """A part of the batch, which is none of a sample."""

    def forward(self, x: Tensor) -> Tensor:
        return x[1:]


def test_parts_are_those_of_torch() -> None:
    graph = quantize(Parts(), torch.randn(20, 6, 4, 5)).graph
    codes = np.random.default_rng(1).integers(-128, 128, (8, 6, 4, 5), dtype=np.int8)
    results = Executor(graph).run(codes.transpose(0, 2, 3, 1))
    expected = Parts()(torch.from_numpy(codes))
    assert len(graph.outputs) == len(expected) == 7
    for name, wanted in zip(graph.outputs, expected, strict=True):
        assert np.array_equal(results[name].transpose(0, 3, 1, 2), wanted.numpy()), name


def test_a_part_of_the_batch_is_refused() -> None:
    with pytest.raises(UserError, match="it is along the batch; allowed: another dimension"):
        quantize(Batch(), torch.randn(4, 6, 4, 5))

"""Products of two matrices that both are computed, from torch, against torch itself."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.quantize import quantize

ROWS, FEATURES, INNER = 6, 8, 4


class Attention(nn.Module):
    """One head: queries, keys and values of a sequence."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.queries, self.keys = nn.Linear(FEATURES, INNER), nn.Linear(FEATURES, INNER)
        self.values, self.end = nn.Linear(FEATURES, INNER), nn.Linear(INNER, 5)

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.matmul(self.queries(x), self.keys(x).transpose(1, 2)) * INNER**-0.5
        made: Tensor = self.end(torch.bmm(torch.softmax(scores, dim=-1), self.values(x)))
        return made


class Product(nn.Module):
    """Two linear layers of one sequence, multiplied."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.first, self.second = nn.Linear(FEATURES, ROWS), nn.Linear(FEATURES, INNER)

    def forward(self, x: Tensor) -> Tensor:
        return self.first(x) @ self.second(x)


def samples(count: int) -> Tensor:
    return torch.randn(count, ROWS, FEATURES, generator=torch.Generator().manual_seed(1))


def test_equals_the_exact_product_of_its_own_operands() -> None:
    """Sums of products of 8-bit codes, scaled once and rounded to even, in integers."""
    quantized = quantize(Product().eval(), samples(40))
    graph = quantized.graph
    (node,) = (node for node in graph.nodes if node.title == "matmul")
    (turned,) = (each for each in graph.nodes if each.output == node.inputs[1])
    first, second = node.inputs[0], turned.inputs[0]
    (output,) = graph.outputs
    scales = {name: graph.quantization[name] for name in (first, second, output)}
    codes = np.random.default_rng(0).integers(-128, 128, (30, ROWS, FEATURES))
    results = Executor(graph).run(codes, keep=[first, second, output])
    a, b = (scales[name].encoding.decode(results[name]) for name in (first, second))
    ratio = float(scales[first].scale) * float(scales[second].scale) / float(scales[output].scale)
    kind = graph.tensors[output].type
    expected = np.rint(a @ b * ratio) + scales[output].encoding.zero_point
    assert np.array_equal(results[output], np.clip(expected, kind.minimum, kind.maximum))
    assert len(np.unique(results[output])) > 50


class Left(nn.Module):
    """A transposed matrix on the left."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2) @ x


@pytest.mark.parametrize(("module", "products"), [(Attention(), 2), (Left(), 1)])
def test_what_is_made_is_near_what_torch_computes(module: nn.Module, products: int) -> None:
    module.eval()
    quantized = quantize(module, samples(64))
    (output,) = quantized.graph.outputs
    (entrance,) = quantized.graph.inputs
    given, made = (quantized.graph.quantization[name] for name in (entrance.name, output))
    x = samples(10)
    codes = np.clip(
        np.rint(x.numpy() / float(given.scale)) + given.encoding.zero_point,
        entrance.minimum, entrance.maximum,
    ).astype(np.int64)  # fmt: skip
    real = made.encoding.decode(Executor(quantized.graph).run(codes)[output]) * float(made.scale)
    expected = module(x).detach().numpy()
    assert np.abs(real - expected).max() < 0.1 * np.abs(expected).max()
    assert [node.title for node in quantized.graph.nodes].count("matmul") == products


def test_a_softmax_over_rows_is_refused() -> None:
    module = nn.Sequential(nn.Conv2d(2, 2, 1), nn.Softmax(dim=2))
    with pytest.raises(UserError, match="allowed: channels of images, the last of what is none"):
        quantize(module.eval(), torch.randn(4, 2, 3, 3))

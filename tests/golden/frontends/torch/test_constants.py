"""Constants of many values beside computed tensors, and sums of products by ``einsum``."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch.einsum import einsum
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.quantize import quantize
from tests.support.torch_modules import assert_float_layers_are, assert_quantized_is_near


class Made(nn.Module):
    """A function of the input and a constant."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], *shape: int) -> None:
        super().__init__()
        values = torch.randn(shape, generator=torch.Generator().manual_seed(3))
        self.constant = nn.Parameter(values)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.constant)


class Patches(nn.Module):
    """The first layers of a vision transformer: patches, a token of the class, places."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.places = nn.Parameter(torch.randn(1, 5, 8))
        self.gain = nn.Parameter(torch.linspace(-1, 1, 8))
        self.matrix = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        rows = self.patches(x).flatten(2).transpose(1, 2)
        rows = torch.cat([self.token.expand(len(x), -1, -1), rows], dim=1) + self.places
        return rows + self.gain * self.matrix(rows)


class Attention(nn.Module):
    """Attention by ``einsum``."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 3, 2, 4))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (
            torch.einsum("bni,ihd->bhnd", x, self.weight[:, each]) for each in range(3)
        )
        scores = torch.softmax(torch.einsum("bhnd,bhmd->bhnm", query, key) / 2, dim=-1)
        return torch.einsum("bhnm,bhmd->bnhd", scores, value).flatten(2)


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "added to rows": (lambda: Made(torch.add, 1, 5, 6), (5, 6)),
    "multiplies features of rows": (lambda: Made(torch.mul, 6), (5, 6)),
    "is added to every pixel": (lambda: Made(torch.add, 3, 4, 5), (3, 4, 5)),
    "multiplies pixels": (lambda: Made(torch.mul, 4, 5), (3, 4, 5)),
    "is taken from": (lambda: Made(lambda x, c: c - x, 4, 1), (3, 4, 5)),
    "is a limit of its own": (lambda: Made(torch.maximum, 5, 6), (5, 6)),
    "patches": (Patches, (3, 8, 8)),
    "attention": (Attention, (5, 6)),
}


@pytest.mark.parametrize("name", MODULES)
def test_float_layers_compute_what_the_module_does(name: str) -> None:
    make, shape = MODULES[name]
    torch.manual_seed(1)
    module, samples = make().eval(), torch.randn(3, *shape)
    assert_float_layers_are(module, samples)


@pytest.mark.parametrize("name", MODULES)
def test_quantized_results_are_near_the_module(name: str) -> None:
    make, shape = MODULES[name]
    torch.manual_seed(2)
    module, samples = make().eval(), torch.randn(64, *shape)
    assert_quantized_is_near(module, samples)


def test_a_sum_is_the_exact_sum_of_codes_rounded_once() -> None:
    """By integers of the graph's own scales, every code of the input beside every constant."""
    samples = torch.linspace(-2, 2, 256)[:, None, None].expand(-1, 5, 6).contiguous()
    graph = quantize(Made(torch.add, 5, 6), samples).graph
    (output,) = graph.outputs
    (constant,) = (node.output for node in graph.nodes if node.operator() == "constant")
    codes = np.broadcast_to(np.arange(-128, 128)[:, None, None], (256, 5, 6))
    results = Executor(graph).run(codes, keep=[constant, output])
    first, second, made = (graph.quantization[n] for n in (graph.inputs[0].name, constant, output))
    sides = (first, codes), (second, results[constant][:1])
    real = sum(each.encoding.decode(given).astype(object) * each.scale for each, given in sides)
    rounded = np.vectorize(round, otypes=[np.int64])(real / made.scale)  # Fractions, half to even.
    expected = rounded + made.encoding.zero_point
    kind = graph.tensors[output].type
    assert np.array_equal(results[output], np.clip(expected, kind.minimum, kind.maximum))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.full((5, 6), torch.inf), "infinite"),
        (torch.arange(60.0).reshape(2, 5, 6), "differs from sample to sample"),
    ],
)
def test_constants_that_no_codes_hold_are_refused(values: Tensor, message: str) -> None:
    module = Made(torch.add, *values.shape)
    module.constant.data = values
    with pytest.raises(UserError, match=message):
        trace(module, (torch.randn(2, 5, 6),))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bni,io->bno", [(2, 3, 4), (4, 5)]),
        ("oi,bni->bno", [(5, 4), (2, 3, 4)]),
        ("bnd,bmd->bnm", [(2, 3, 4), (2, 5, 4)]),
        ("bhnm,bmhd->bnhd", [(2, 3, 4, 5), (2, 5, 3, 6)]),
        ("nchw,ck->nkhw", [(2, 3, 4, 5), (3, 6)]),
        ("bij->bji", [(2, 3, 4)]),
        ("bn,bm->bnm", [(2, 3), (2, 4)]),
        ("bnij,ijk->bnk", [(2, 3, 4, 5), (4, 5, 6)]),
        ("bi,oi", [(2, 3), (4, 3)]),
    ],
)
def test_einsum_is_that_of_torch(equation: str, shapes: list[tuple[int, ...]]) -> None:
    tensors = [torch.randn(shape) for shape in shapes]
    made = einsum(equation, tensors)
    assert torch.allclose(made, torch.einsum(equation, *tensors), atol=1e-5)


@pytest.mark.parametrize("equation", ["bii->bi", "bij->bi", "b...i->b...", "bi,bj,bk->bijk"])
def test_other_sums_are_refused(equation: str) -> None:
    with pytest.raises(UserError, match="is not supported; allowed: two tensors"):
        einsum(equation, [torch.randn(2, 3, 3)] * (1 + equation.count(",")))

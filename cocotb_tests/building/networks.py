"""Small networks that drivers and packages are tried with."""

from dataclasses import replace
from fractions import Fraction

from bittrue.golden.graph import Encoding, Graph, Quantization, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.numbers.integer_type import IntegerType
from cocotb_tests.network.builder import INT8, Builder

_POINT = Window((1, 1))
_CHANNELS_FIRST = (2, 0, 1)


def quantized_single() -> Graph:
    """Return a convolution with scales, zero points, and channels first in its model."""
    b = Builder((4, 5, 2))
    y = b.matrix(Convolution, "x", (3, 2, 2, 2), INT8, INT8, window=Window((2, 2)))
    quantization = {
        "x": Quantization(Fraction(3, 100), Encoding(zero_point=-7)),
        y: Quantization(Fraction(1, 255), Encoding(zero_point=5)),
    }
    layouts = {"x": _CHANNELS_FIRST, y: _CHANNELS_FIRST}
    return replace(b.graph(y), quantization=quantization, layouts=layouts)


def two_ends() -> Graph:
    """Return two inputs, and as outputs their sum and what is made of one."""
    b = Builder((4, 4, 2))
    b.add_input("y", (4, 4, 3))
    first = b.matrix(Convolution, "x", (3, 1, 1, 2), INT8, INT8, window=_POINT)
    second = b.matrix(Convolution, "y", (3, 1, 1, 3), INT8, INT8, window=_POINT)
    total = b.scaled(
        Add, INT8, 1, inputs=(first, second), addends=(Addend(), Addend(subtract=True))
    )
    return b.graph(total, first)


def wide() -> Graph:
    """Return a convolution of unsigned 4-bit codes whose accumulators take three bytes."""
    b = Builder((5, 4, 3), kind=IntegerType(4, False))
    weight = b.rng.integers(-128, 128, (4, 3, 3, 3))
    bias = b.rng.integers(-50_000, 50_000, 4)
    node = Convolution(
        inputs=("x",),
        output="sums",
        weight=weight,
        weight_type=INT8,
        bias=bias,
        window=Window((3, 3)),
    )
    return b.graph(b.add(node))

"""What the tensors of an ONNX model are while it is converted.

An ONNX model computes with real numbers that QuantizeLinear turns into codes now and then. Here an
operator on real numbers makes no node yet: it makes a description, and the quantizer that follows
turns the description into one node of integers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.model import Constant, InputInfo
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.graph import AccumulatingNode, Encoding, Node, Quantization
from bittrue.golden.lowering.pair_addition import ScaledSum, Summand
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.integer_type import IntegerType

Function = Callable[[NDArray[Any]], NDArray[Any]]
"""A function of single real numbers, in the precision it is given."""

CodeOf = Callable[[Fraction], int]
"""From a number to its code."""

Fractions = NDArray[np.object_]
"""Exact numbers, one or one per channel."""


@dataclass(frozen=True, eq=False)
class Activation:
    """A tensor of the graph.

    Parameters
    ----------
    name : str
    type : IntegerType
    layout : Layout
        How the ONNX tensor lies in it.
    """

    name: str
    type: IntegerType
    layout: Layout


@dataclass(frozen=True, eq=False)
class Codes:
    """An ONNX tensor of integers that the graph holds as they are.

    Parameters
    ----------
    activation : Activation
    made_of : (value, Quantizer) or None
        The real numbers that a quantizer has made them of.
    """

    activation: Activation
    made_of: "tuple[Value, Quantizer] | None" = None


@dataclass(frozen=True, eq=False)
class Real:
    """Real numbers that codes stand for: ``functions(scale * value of the code)``.

    Parameters
    ----------
    activation : Activation
    quantization : Quantization
        Its scale is a float32.
    functions : tuple of callable
        Applied one after another.
    """

    activation: Activation
    quantization: Quantization
    functions: tuple[Function, ...] = ()

    @property
    def scale(self) -> Fraction:
        """What one step stands for."""
        return self.quantization.scale

    @property
    def encoding(self) -> Encoding:
        """How codes become values."""
        return self.quantization.encoding

    def then(self, function: Function) -> "Real":
        """Return the numbers after one more function."""
        return replace(self, functions=(*self.functions, function))


@dataclass(frozen=True)
class Limits:
    """Bounds of real numbers, None for none: relu, clip.

    Parameters
    ----------
    low, high : Fraction or None
    """

    low: Fraction | None = None
    high: Fraction | None = None

    def within(self, low: Fraction | None, high: Fraction | None) -> "Limits":
        """Return the limits of numbers that are limited once more."""

        def clipped(value: Fraction) -> Fraction:
            raised = value if low is None else max(value, low)
            return raised if high is None else min(raised, high)

        return Limits(
            low if self.low is None else clipped(self.low),
            high if self.high is None else clipped(self.high),
        )


@dataclass(frozen=True, eq=False)
class Step:
    """An operation on numbers and a constant, in float32.

    Parameters
    ----------
    operation : str
        ``Mul``, ``Div`` or ``Add``.
    operand : ndarray of float32
        One, or one per channel.
    """

    operation: str
    operand: Float32

    def apply(self, numbers: Float32, channels: slice) -> Float32:
        """Return what it makes of numbers of shape (..., channels)."""
        operand = self.operand if self.operand.size == 1 else self.operand[channels]
        match self.operation:
            case "Mul":
                return numbers * operand
            case "Div":
                return numbers / operand
        return numbers + operand

    def __call__(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return what one operand makes of numbers, in their precision."""
        one = replace(self, operand=self.operand.reshape(1).astype(numbers.dtype))
        return one.apply(numbers, slice(None))


@dataclass(frozen=True, eq=False)
class Kernel:
    """What a runtime knows of an accumulation, beyond the exact sum.

    Parameters
    ----------
    name : str
        ``convolution``, ``matrix``, ``multiplication``, ``global average``, ``average`` (float32
        sum, zero point added before rounding), ``mean`` (float32 sum), ``steps`` (single codes).
    scales : tuple of ndarray of float32
        Of the operands.
    types : tuple of IntegerType
        Of the operands.
    count : int
        Of an average: what its accumulator is divided by.
    windows : tuple of (int, int)
        Of an average: how many numbers its windows add, and by what each sum is divided. Where that
        is not `count`, the accumulator is the sum times `count` over it.
    reach : (int, int)
        Of an average: the least and the greatest that a code is above its zero point.
    whole : bool
        Of an average: whether its one window is the whole image.
    explicit : bool
        Whether the file names the integer kernel itself; else the runtime has to find it.
    steps : tuple of Step
        What is done to dequantized codes one after another.
    """

    name: str
    scales: tuple[Float32, ...]
    types: tuple[IntegerType, ...]
    count: int = 1
    windows: tuple[tuple[int, int], ...] = ()
    reach: tuple[int, int] = (0, 0)
    whole: bool = False
    explicit: bool = False
    steps: tuple["Step", ...] = ()

    @property
    def adds_bias(self) -> bool:
        """Whether what is added behind it can be its bias."""
        return self.name == "matrix"

    def positive(self, negative: NDArray[np.bool_]) -> "Kernel":
        """Return the kernel of negated accumulators, where scales were negative."""
        signs = np.where(negative, -1, 1).astype(np.float32)
        steps = (Step("Mul", signs), *self.steps) if self.steps else ()
        largest = max(map(abs, self.reach))
        return replace(
            self,
            scales=tuple(abs(scale) for scale in self.scales),
            reach=(-largest, largest),
            steps=steps,
        )


@dataclass(frozen=True, eq=False)
class Accumulated:
    """Real numbers ``limit(accumulator * scale + offset)``, computed by a node to be.

    Parameters
    ----------
    node : AccumulatingNode
        Without its output's name and without requantization.
    layout : Layout
        Of what it makes.
    scale, offset : ndarray of Fraction
        One, or one for each channel of the graph.
    kernel : Kernel or None
        None if no runtime computes it as one integer kernel.
    limits : Limits
    """

    node: AccumulatingNode
    layout: Layout
    scale: Fractions
    offset: Fractions
    kernel: Kernel | None
    limits: Limits = Limits()


@dataclass(frozen=True, eq=False)
class Sum:
    """The sum of two tensors of real numbers.

    Parameters
    ----------
    operands : tuple of Operand, length 2
    layout : Layout
    subtract : bool
        Whether the second is subtracted.
    node : callable
        Makes the node of the name of its output, and of the integers that compute it.
    limits : Limits
    """

    operands: tuple["Operand", "Operand"]
    layout: Layout
    subtract: bool
    node: Callable[[str, ScaledSum], Node]
    limits: Limits = Limits()


@dataclass(frozen=True, eq=False)
class Operand(Summand):
    """A tensor of the graph in a sum or product.

    Parameters
    ----------
    repeats : bool
        Whether ONNX Runtime sees one value of it for many of the other's.
    """

    repeats: bool = False


@dataclass(frozen=True, eq=False)
class Later:
    """Real numbers moved or compared before they are quantized: concatenation, max pooling.

    Quantizing does not descend, so the codes can be moved and compared instead.

    Parameters
    ----------
    parts : tuple of value
        What is quantized first.
    arrange : callable
        Makes a tensor of the parts' codes; takes them, the name of what it makes, and the function
        from a number to its code.
    adds : bool
        Whether it adds numbers of its own, as padding does.
    """

    parts: tuple["Value", ...]
    arrange: Callable[[list[Activation], str, CodeOf], Activation]
    adds: bool = False


@dataclass(frozen=True, eq=False)
class FloatInput:
    """An input of the model in real numbers, before it is quantized.

    Parameters
    ----------
    info : InputInfo
    base : Layout
        How the input will lie in the graph.
    layout : Layout
        The same, seen after transposes and reshapes.
    changes : tuple of str
        Tensors of the model in which constants have scaled or shifted it.
    """

    info: InputInfo
    base: Layout
    layout: Layout
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class QuantizedConstant:
    """Constant codes and what they stand for.

    Parameters
    ----------
    codes : ndarray of int64
    type : IntegerType
    scale : ndarray of float32
        Shaped to broadcast against the codes.
    zero_point : ndarray of int64
        Likewise.
    bipolar : bool
    """

    codes: Int64
    type: IntegerType
    scale: Float32
    zero_point: Int64
    bipolar: bool = False

    @property
    def real(self) -> Float32:
        """The numbers, in float32."""
        if self.bipolar:
            return (2 * self.codes - 1).astype(np.float32) * self.scale
        return (self.codes - self.zero_point).astype(np.float32) * self.scale


NUMBERS = (Real, Accumulated, Sum, Later, FloatInput)
"""The kinds of value that a quantizer takes."""

Value = Codes | Real | Accumulated | Sum | Later | FloatInput | QuantizedConstant | Constant


def fractions(values: Any) -> Fractions:
    """Return finite numbers as an array of exact ones, with one dimension."""
    flat = np.asarray(values).reshape(-1)
    if flat.dtype == np.object_:
        return flat
    flat = flat.astype(np.float64)
    result = np.empty(flat.shape, dtype=np.object_)
    result[:] = [Fraction(value) for value in flat.tolist()]
    return result


def one_fraction(value: Fraction) -> Fractions:
    """Return an array of one exact number."""
    result = np.empty(1, dtype=np.object_)
    result[0] = value
    return result

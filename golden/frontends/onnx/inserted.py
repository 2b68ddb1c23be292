"""Quantizers of 16 bits where a file has none and the next operator reads codes.

TensorRT's, ModelOpt's and others' networks quantize what convolutions and matrices read, and
nothing else: sums, averages and outputs are real numbers there.
"""

from fractions import Fraction

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import GraphBuilder
from bittrue.golden.frontends.onnx.no_integer_kernel import refuse
from bittrue.golden.frontends.onnx.quantize import quantize
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import Accumulated, Later, Limits, Real, Sum, Value
from bittrue.golden.numbers.integer_type import IntegerType

WIDTH = 16

Ends = tuple[Fraction, Fraction]


class InsertedQuantizerWarning(UserWarning):
    """A file leaves numbers real that here get codes of 16 bits."""


def inserted_note(names: tuple[str, ...]) -> str:
    """Return what a user is told of quantizers that the file has not."""
    more = f", and {len(names) - 1} more" if len(names) > 1 else ""
    return (
        f"{names[0]!r}{more}: the file leaves it in real numbers, which here get codes of {WIDTH} "
        "bits for all that can be reached, rounded to the nearest; QuantizeLinear or Quant behind "
        "it makes codes of another width"
    )


class Insertion:
    """Makes codes of real numbers that no quantizer of the file has made codes of.

    Parameters
    ----------
    builder : GraphBuilder
    arithmetic : OnnxArithmetic

    Attributes
    ----------
    names : tuple of str
        Tensors of the file to which that was done.
    """

    def __init__(self, builder: GraphBuilder, arithmetic: OnnxArithmetic) -> None:
        self._builder = builder
        self._arithmetic = arithmetic
        self._made: dict[str, Real] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """See `Insertion`."""
        return tuple(self._made)

    def __call__(self, name: str) -> Real:
        """Return a tensor of the file as dequantized codes.

        Its scale is a power of two, so that sums and products of such tensors have exact integers.
        """
        if name in self._made:
            return self._made[name]
        if self._arithmetic.name != OnnxArithmetic.name:
            refuse(f"it computes with {name!r}, which no quantizer has made codes of, in float32")
        value = self._builder.values[name]
        low, high = _ends(value, self._builder)
        kind = IntegerType(WIDTH, low < 0)
        scale = Fraction(2) ** -WIDTH
        while high / scale > kind.maximum or low / scale < kind.minimum:
            scale *= 2
        while max(high, -low) > 0 and 2 * max(high, -low) / scale < kind.maximum:
            scale /= 2
        quantizer = Quantizer.of_type(kind, scale)
        output = self._builder.unused_name(f"{name}/{WIDTH} bits")
        made = quantize(value, quantizer, output, self._builder, self._arithmetic)
        result = Real(made, quantizer.quantization)
        self._made[name] = result
        if isinstance(value, Accumulated):
            self._builder.values[name] = result  # A layer with weights is computed once.
        return result


def _ends(value: Value, builder: GraphBuilder) -> Ends:
    """Return numbers between which a value is, whatever the inputs."""
    match value:
        case Accumulated():
            bounds = builder.bounds(value.node)
            ends = [
                Fraction(int(end)) * scale + offset
                for scale, offset, *both in zip(
                    *np.broadcast_arrays(value.scale, value.offset, bounds.minimum, bounds.maximum),
                    strict=True,
                )
                for end in both
            ]
            return _limited(ends, value.limits)
        case Sum():
            first, second = (
                [int(code) * each.scale for code in each.encoding.decode(each.codes[[0, -1]])]
                for each in value.operands
            )
            sign = -1 if value.subtract else 1
            return _limited([a + sign * b for a in first for b in second], value.limits)
        case Real():
            if value.functions:
                raise UserError(
                    "its input has passed an activation function since it was quantized; put "
                    "QuantizeLinear or Quant between"
                )
            codes = builder.made(value.activation.name)
            both = value.encoding.decode([codes.minimum, codes.maximum])
            return _limited([int(each) * value.scale for each in both], Limits())
        case Later():
            ends = [end for part in value.parts for end in _ends(part, builder)]
            # A border is of zeros, or is clamped.
            return _limited([*ends, Fraction(0)] if value.adds else ends, Limits())
    raise UserError("its input is no tensor of real numbers")


def _limited(ends: list[Fraction], limits: Limits) -> Ends:
    within = Limits().within(limits.low, limits.high)
    low, high = min(ends), max(ends)
    if within.low is not None:
        low, high = max(low, within.low), max(high, within.low)
    if within.high is not None:
        low, high = min(low, within.high), min(high, within.high)
    return low, high

"""What the real numbers of an ONNX model are exactly: the standard's arithmetic, never rounded.

`golden.frontends.onnx.onnxruntime` is what ONNX Runtime's kernels make of them.
"""

from fractions import Fraction
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.frontends.onnx.exact import exact_requantization
from bittrue.golden.frontends.onnx.pairs import add_operands
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Fractions,
    Kernel,
    Operand,
    Real,
    Sum,
    fractions,
    one_fraction,
)
from bittrue.golden.graph import AccumulatorBounds, Requantization
from bittrue.golden.graph.add import Addend
from bittrue.golden.lowering.pair_addition import ScaledSum, few_pairs
from bittrue.golden.numbers.arrays import Int64

_SMALL_MULTIPLIER = 1 << 8
_LARGEST_MULTIPLIER = 1 << 30


class OnnxArithmetic:
    """Real arithmetic: a quantizer rounds the exact number once.

    Every runtime approximates this in floating point, and differs from it where a number is so
    near to a tie that its own roundings decide.
    """

    name = "onnx"

    def table(self, real: Real, quantizer: Quantizer) -> Int64:
        """Return the output code of every code of a tensor, ascending."""
        codes = _all_codes(real)
        numbers = real.encoding.decode(codes) * float(real.scale)
        for function in real.functions:
            numbers = function(numbers)
        return quantizer.codes(np.asarray(numbers, dtype=np.float64))

    def bias(self, kernel: Kernel, bias: NDArray[Any]) -> tuple[Int64, Fractions]:
        """Split a bias in real numbers into accumulators' units and an offset."""
        return np.zeros(bias.size, dtype=np.int64), fractions(bias)

    def takes_affine(self, accumulated: Accumulated) -> bool:
        """Return whether scale and offset can change before the quantizer."""
        return True

    def requantization(
        self, accumulated: Accumulated, bounds: AccumulatorBounds, quantizer: Quantizer
    ) -> Requantization:
        """Return integers that make codes of accumulators."""
        return exact_requantization(
            bounds, accumulated.scale, accumulated.offset, accumulated.limits, quantizer
        )

    def addition(self, total: Sum, quantizer: Quantizer) -> ScaledSum:
        """Return the integers that add two tensors."""
        exact = _common_unit(total)
        first, second = total.operands
        if exact is not None and (
            not few_pairs(first, second) or max(exact[1:]) <= _SMALL_MULTIPLIER
        ):
            return _exact_addition(total, *exact, quantizer)
        sign = -1 if total.subtract else 1

        def reference(a: Int64, b: Int64) -> Int64:
            return _rounded_sum(
                first.encoding.decode(a),
                sign * second.encoding.decode(b),
                (first.scale, second.scale),
                quantizer,
            )

        return add_operands(
            total.operands,
            total.subtract,
            quantizer,
            quantizer.clamp(total.limits.low, total.limits.high),
            reference,
            advice="choose scales of which one is a multiple of the others",
        )


def _common_unit(total: Sum) -> tuple[Fraction, int, int] | None:
    """Return a unit of which both scales are a few times, and how many times."""
    first, second = (operand.scale for operand in total.operands)
    divisor = lcm(first.denominator, second.denominator)
    factor = gcd(int(first * divisor), int(second * divisor))
    unit = Fraction(factor, divisor)
    multipliers = int(first / unit), int(second / unit)
    return (unit, *multipliers) if max(multipliers) < _LARGEST_MULTIPLIER else None


def _exact_addition(
    total: Sum, unit: Fraction, first: int, second: int, quantizer: Quantizer
) -> ScaledSum:
    """Return an addition whose accumulators are exact multiples of a unit."""
    addends = (
        Addend(total.operands[0].encoding, first),
        Addend(total.operands[1].encoding, second, subtract=total.subtract),
    )
    low = high = np.zeros(1, dtype=np.int64)
    for operand, addend in zip(total.operands, addends, strict=True):
        ends = addend.evaluate(operand.codes[[0, -1]])
        low, high = low + ends.min(), high + ends.max()
    units, none = one_fraction(unit), fractions([0.0])
    bounds = AccumulatorBounds(low, high)
    return ScaledSum(addends, exact_requantization(bounds, units, none, total.limits, quantizer))


def _all_codes(real: Real) -> Int64:
    kind = real.activation.type
    return np.arange(kind.minimum, kind.maximum + 1, dtype=np.int64)


def _rounded_sum(
    a: Int64, b: Int64, scales: tuple[Fraction, Fraction], quantizer: Quantizer
) -> Int64:
    """Return the codes of ``a * scales[0] + b * scales[1]``, rounded once.

    In float64, whose error is far below the distance from a tie of any sum that is on none; what
    could be a tie is computed in integers of any size.
    """
    real = a * float(scales[0]) + b * float(scales[1])
    codes = quantizer.codes(real)
    twice = 2 * real / float(quantizer.scale)
    doubtful = np.abs(twice - np.rint(twice)) < 1e-9 * (1 + np.abs(twice))
    wide_a, wide_b = np.broadcast_arrays(a, b)
    codes[doubtful] = [
        quantizer.code(int(x) * scales[0] + int(y) * scales[1])
        for x, y in zip(wide_a[doubtful], wide_b[doubtful], strict=True)
    ]
    return codes


def scale_of(operand: Operand | Real) -> np.float32:
    """Return a scale as the float32 it is in the file."""
    return np.float32(float(operand.scale))

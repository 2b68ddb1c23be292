"""What LiteRT computes with its default XNNPACK delegate."""

import math
from collections.abc import Callable
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.certificates.certificate import Reference
from bittrue.golden.codes.affine import QuantizeRounding
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import INT32, Clamp, LitertArithmetic, WeightScale
from bittrue.golden.frontends.tflite.elementwise import (
    saturated,
    takes_16_bits_as_they_are,
    values_of,
)
from bittrue.golden.frontends.tflite.interpolation import XNNPACK_BITS, Axis, xnnpack_places
from bittrue.golden.frontends.tflite.tables import FLOAT_FUNCTIONS
from bittrue.golden.graph import AccumulatorBounds, FixedPoint, Requantization
from bittrue.golden.graph.add import Addend
from bittrue.golden.graph.resize_bilinear import Interpolation
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.float_requant import requantize_float32_half_even
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.rounding import Rounding


class XnnpackArithmetic(LitertArithmetic):
    """XNNPACK's 8-bit kernels.

    What XNNPACK does not take, LiteRT computes with its optimized kernels. Where those equal the
    reference kernels so does this; where they do not, they also differ between machines, and the
    operator is refused. Softmax is the exception: see `docs/graph.md`.
    """

    name = "xnnpack"

    starts_sums_elsewhere = False

    quantize_rounding = QuantizeRounding.HALF_EVEN_RECIPROCAL

    def convolution(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: Affine,
        weight: WeightScale,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize in float32, half to even."""
        if weight.type.width == 4:
            _refuse("convolution with 4-bit weights")
        if source.type.width != 8:
            if accumulator == INT32:
                _refuse("16-bit convolution with 32-bit bias")
            return super().convolution(bounds, accumulator, source, weight, output, clamp)
        return self._float32(bounds, source.scale32 * weight.scale / output.scale32, output, clamp)

    def transpose_convolution(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: Affine,
        weight: WeightScale,
        output: Affine,
        clamp: Clamp,
        usual: bool,
    ) -> Requantization:
        """Requantize as convolutions, but for those that XNNPACK leaves to LiteRT."""
        kernels = self.convolution if usual else super().convolution
        return kernels(bounds, accumulator, source, weight, output, clamp)

    def fully_connected(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: Affine,
        weight: WeightScale,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize in float32, half to even."""
        if source.type.width != 8:
            return super().fully_connected(bounds, accumulator, source, weight, output, clamp)
        return self._float32(bounds, source.scale32 * weight.scale / output.scale32, output, clamp)

    def addends(
        self, first: Affine, second: Affine, output: Affine, subtract: bool
    ) -> tuple[Addend, Addend]:
        """Multiply the operands by 21-bit integers.

        xnn_init_qs8_add_minmax_scalar_params, XNNPACK src/microparams-init.c.
        """
        if output.type.width != 8:
            if not subtract:
                _refuse("16-bit addition")
            return super().addends(first, second, output, subtract)
        shift = self._addition_shift(first, second, output)
        multipliers = [
            int(np.rint(np.ldexp(operand.scale32 / output.scale32, shift)))
            for operand in (first, second)
        ]
        return (
            Addend(first.encoding, multipliers[0]),
            Addend(second.encoding, multipliers[1], subtract=subtract),
        )

    def addition(
        self,
        bounds: AccumulatorBounds,
        first: Affine,
        second: Affine,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Shift the sum of the addends right, half up."""
        if output.type.width != 8:
            return super().addition(bounds, first, second, output, clamp)
        return self._shifted(bounds, self._addition_shift(first, second, output), output, clamp)

    def multiplication(
        self,
        bounds: AccumulatorBounds,
        first: Affine,
        second: Affine,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize the product in float32, half to even."""
        if output.type.width != 8:
            return super().multiplication(bounds, first, second, output, clamp)
        scale = first.scale32 * second.scale32 / output.scale32
        return self._float32(bounds, scale, output, clamp)

    def mean(
        self, bounds: AccumulatorBounds, source: Affine, output: Affine, count: int
    ) -> Requantization:
        """Requantize the sum in float32, zero points included, half to even.

        create_reduce_nd and reshape_reduce_nd, XNNPACK src/operators/reduce-nd.c: the codes are
        summed as they are, and a real zero point is added before rounding.
        """
        if output.type.width != 8:
            return super().mean(bounds, source, output, count)
        return self._summed(bounds, source, output, count, np.float32(1) / np.float32(count))

    def sum(
        self, bounds: AccumulatorBounds, source: Affine, output: Affine, count: int
    ) -> Requantization:
        """Requantize the sum in float32, zero points included, half to even."""
        if output.type.width == 8:
            return self._summed(bounds, source, output, count, np.float32(1))
        if source.scale != output.scale:
            _refuse("16-bit sum to another scale")
        return super().sum(bounds, source, output, count)

    def _summed(
        self,
        bounds: AccumulatorBounds,
        source: Affine,
        output: Affine,
        count: int,
        share: np.float32,
    ) -> Requantization:
        scale = source.scale32 / output.scale32 * share
        codes_of_zero = count * source.zero_point
        zero_point = np.float32(output.zero_point) - np.float32(codes_of_zero) * scale
        sums = AccumulatorBounds(bounds.minimum + codes_of_zero, bounds.maximum + codes_of_zero)
        self._check_overflow(sums, INT32)

        def reference(accumulator: Int64) -> Int64:
            real = (accumulator + codes_of_zero).astype(np.float32) * scale + zero_point
            return np.clip(np.rint(real), output.type.minimum, output.type.maximum).astype(np.int64)

        clamp = output.type.minimum, output.type.maximum
        return self._sought(
            lambda channels: reference,
            bounds,
            float(scale),
            Rounding.SINGLE_HALF_EVEN,
            output,
            clamp,
        )

    def rescale(
        self, bounds: AccumulatorBounds, source: Affine, output: Affine, clamp: Clamp
    ) -> Requantization:
        """Multiply codes by a ratio rounded to 8 fraction bits, half up.

        xnn_init_qs8_cvt_scalar_params, XNNPACK src/microparams-init.c. Changes of type, and
        ratios outside 2**-8 to 2**7, are LiteRT's.
        """
        ratio = source.scale32 / output.scale32
        if source.type == output.type and source.type.width == 8 and 2**-8 <= ratio <= 2**7:
            multiplier = int(np.rint(np.float32(256) * ratio))
            return self._shifted(bounds, 8, output, clamp, multiplier)
        if source.type.width == 8 and ratio < 0.5:  # Above, there is no second rounding.
            _refuse("rescaling between types")
        return super().rescale(bounds, source, output, clamp)

    def interpolation(
        self, kind: IntegerType
    ) -> tuple[int, Rounding, Callable[[Axis], Interpolation]]:
        """Return how RESIZE_BILINEAR interpolates between codes of a type.

        xnn_s8_ibilinear_ukernel, XNNPACK src/s8-ibilinear; 16-bit codes are LiteRT's.
        """
        if kind.width != 8:
            return super().interpolation(kind)
        return XNNPACK_BITS, Rounding.SINGLE_HALF_UP, xnnpack_places

    def table(self, function: str, source: Affine, output: Affine, alpha: float = 0.0) -> Int64:
        """Return LEAKY_RELU with slopes rounded to 8 fraction bits, functions; the rest as LiteRT.

        xnn_init_qs8_lrelu_scalar_params, XNNPACK src/microparams-init.c; LOGISTIC, TANH and ELU are
        tables, which XNNPACK fills by the unary operators of src/reference.
        """
        if function in _FUNCTIONS and source.type.width == 8:
            real = _FUNCTIONS[function](source.scale32 * values_of(source).astype(np.float32))
            codes = real * (np.float32(1) / output.scale32) + np.float32(output.zero_point)
            return saturated(np.rint(codes).astype(np.int64), output)
        if (
            source.type.width == 16
            and function in ("LOGISTIC", "TANH")
            and takes_16_bits_as_they_are(function, source)
        ):
            _refuse(f"16-bit {function} of a scale that is a power of two")
        if function != "LEAKY_RELU" or source.type.width != 8:
            return super().table(function, source, output, alpha)
        ratio = source.scale32 / output.scale32
        slopes = (ratio, ratio * np.float32(alpha))
        if not (2**-8 <= ratio <= 2**7 and 2**-8 <= abs(slopes[1]) <= 2**7):
            return super().table(function, source, output, alpha)
        positive, negative = (int(np.rint(np.float32(256) * slope)) for slope in slopes)
        values = values_of(source)
        scaled = (values * np.where(values >= 0, positive, negative) + 128) >> 8
        return saturated(scaled + output.zero_point, output)

    @staticmethod
    def _addition_shift(first: Affine, second: Affine, output: Affine) -> int:
        largest = max(first.scale32 / output.scale32, second.scale32 / output.scale32)
        exponent = int(np.frexp(largest)[1]) - 1
        return 20 - exponent

    def _float32(
        self, bounds: AccumulatorBounds, scale: ArrayLike, output: Affine, clamp: Clamp
    ) -> Requantization:
        self._check_overflow(bounds, INT32)
        scales = np.atleast_1d(np.asarray(scale, dtype=np.float32))

        def reference_of(channels: slice) -> Reference:
            return lambda accumulator: requantize_float32_half_even(
                accumulator, scales[channels], output.zero_point, *clamp
            )

        return self._sought(reference_of, bounds, scales, Rounding.SINGLE_HALF_EVEN, output, clamp)

    def _shifted(
        self,
        bounds: AccumulatorBounds,
        shift: int,
        output: Affine,
        clamp: Clamp,
        multiplier: int = 1,
    ) -> FixedPoint:
        """Multiply and shift right, half up."""
        scale = math.ldexp(multiplier, -shift)
        return self._scaled(bounds, scale, output, clamp, Rounding.SINGLE_HALF_UP)


def _sigmoid(real: Float32) -> Float32:
    """Return the float32 nearest to the sigmoid."""
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-real.astype(np.float64)))).astype(np.float32)


_FUNCTIONS: dict[str, Callable[[Float32], Float32]] = {
    "LOGISTIC": _sigmoid,
    "TANH": FLOAT_FUNCTIONS["TANH"],
    "ELU": FLOAT_FUNCTIONS["ELU"],
}
"""Functions whose tables are rounded to even with the zero point added before."""


def _refuse(what: str) -> NoReturn:
    raise UserError(
        f"XNNPACK has no {what}, and what LiteRT computes instead depends on the machine; import "
        "with profile litert"
    )

"""What LiteRT computes with its default XNNPACK delegate."""

import numpy as np
from numpy.typing import NDArray

from golden.float_requant import requantize_float32_half_even
from golden.graph import AccumulatorBounds, Addend, FixedPoint, Requantization
from golden.integer_type import IntegerType
from golden.requant_spec import RequantChannels, RequantSpec
from golden.rounding import Rounding
from golden.tflite_import.affine import Affine
from golden.tflite_import.arithmetic import Clamp, Int64, LitertArithmetic


class XnnpackArithmetic(LitertArithmetic):
    """XNNPACK's 8-bit kernels; whatever XNNPACK does not take is computed as `litert` does."""

    name = "xnnpack"

    def convolution(
        self,
        bounds: AccumulatorBounds,
        source: Affine,
        weight_scale: NDArray[np.float32],
        weight_type: IntegerType,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize in float32, half to even."""
        if source.type.width != 8:
            return super().convolution(bounds, source, weight_scale, weight_type, output, clamp)
        scale = source.scale32 * weight_scale / output.scale32

        def reference(accumulator: Int64) -> Int64:
            return requantize_float32_half_even(accumulator, scale, output.zero_point, *clamp)

        return self._certified(reference, bounds, scale.size, output, clamp)

    def fully_connected(
        self,
        bounds: AccumulatorBounds,
        source: Affine,
        weight_scale: NDArray[np.float32],
        weight_type: IntegerType,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize in float32, half to even."""
        if source.type.width != 8:
            return super().fully_connected(bounds, source, weight_scale, weight_type, output, clamp)
        return self.convolution(bounds, source, weight_scale, weight_type, output, clamp)

    def addends(
        self, first: Affine, second: Affine, output: Affine, subtract: bool
    ) -> tuple[Addend, Addend]:
        """Multiply the operands by 21-bit integers.

        xnn_init_qs8_add_minmax_scalar_params, XNNPACK src/microparams-init.c.
        """
        if output.type.width != 8:
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
        shift = self._addition_shift(first, second, output)
        spec = RequantSpec(output=output.type, roundings=(Rounding.SINGLE_HALF_UP,))
        # 2**30 / 2**31 * 2**(1 - shift) is 2**-shift.
        channels = RequantChannels(spec, 1 << 30, 1 - shift, output.zero_point, *clamp)
        return FixedPoint(channels, Rounding.SINGLE_HALF_UP)

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

        def reference(accumulator: Int64) -> Int64:
            return requantize_float32_half_even(accumulator, scale, output.zero_point, *clamp)

        return self._certified(reference, bounds, 1, output, clamp)

    @staticmethod
    def _addition_shift(first: Affine, second: Affine, output: Affine) -> int:
        largest = max(first.scale32 / output.scale32, second.scale32 / output.scale32)
        exponent = int(np.frexp(largest)[1]) - 1
        return 20 - exponent

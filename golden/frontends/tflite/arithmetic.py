"""What LiteRT's reference kernels compute, written as integers.

One class per set of kernels; `LitertArithmetic` is the base because the others share most of it.
Each method takes what a kernel is given, scales included, and returns what the graph keeps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.certificates.certificate import Reference
from bittrue.golden.codes.conversion import QuantizeRounding
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite import tables
from bittrue.golden.frontends.tflite.interpolation import (
    FLOAT_BITS,
    INTEGER_BITS,
    Axis,
    float_places,
    litert_places,
)
from bittrue.golden.graph import AccumulatorBounds, FixedPoint, Requantization
from bittrue.golden.graph.add import Addend
from bittrue.golden.graph.resize_bilinear import Interpolation
from bittrue.golden.lowering.integer_requant import estimated_requantization, integer_requantization
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.float_requant import requantize_float64_half_away
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import (
    convolution_scale,
    fully_connected_scale,
    quantize_multiplier,
    quantize_multiplier_16x8,
)
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.real_rounding import round_half_away
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

Clamp = tuple[int, int]
Slopes = tuple[float, float]

INT8 = IntegerType(8, True)
INT16 = IntegerType(16, True)
INT32 = IntegerType(32, True)
INT48 = IntegerType(48, True)
"""What TFLite's 64-bit accumulators may reach: its requantization asserts it."""


@dataclass(frozen=True, eq=False)
class WeightScale:
    """Type and scales of the weights of a matrix operator.

    Parameters
    ----------
    type : IntegerType
    scale : ndarray of float32
        One, or one for each output channel.
    """

    type: IntegerType
    scale: Float32


class LitertArithmetic:
    """Reference kernels of LiteRT 2.3 (``OpResolverType.BUILTIN_REF``).

    Parameters
    ----------
    searching : bool
        Whether integers are sought, and proven, for what the kernels compute in floating point.
        Without, an estimate stands in their place, which tells at once what else is to be known of
        a network.
    """

    name = "litert"

    relus_without_rescale: frozenset[str] = frozenset()
    """Activation operators that clamp their input's codes whatever the output's scale."""

    starts_sums_elsewhere = True
    """Whether SUM of signed codes is not the sum of its elements."""

    softmax16_dtype: type[np.floating] = np.float64
    """In which the table of reciprocals of a 16-bit SOFTMAX is evaluated."""

    quantize_rounding = QuantizeRounding.HALF_AWAY
    """How QUANTIZE makes codes of real numbers."""

    svdf_states: tuple[IntegerType, ...] = (INT16,)
    svdf_activations: tuple[str, ...] = ("RELU",)
    """Types of the states of SVDF, and the activations that it may have."""

    fills_batches: bool = True
    """Whether SPACE_TO_BATCH_ND adds the code of zero around an image."""

    def __init__(self, searching: bool = True) -> None:
        self._searching = searching

    def activation_clamp(self, activation: str, output: QuantType) -> Clamp:
        """Return the codes to which a fused activation limits an output.

        CalculateActivationRangeQuantized, tensorflow/lite/kernels/kernel_util.cc.
        """
        lowest, highest = output.type.minimum, output.type.maximum
        limits = {
            "NONE": (None, None),
            "RELU": (0.0, None),
            "RELU_N1_TO_1": (-1.0, 1.0),
            "RELU_0_TO_1": (0.0, 1.0),
            "RELU6": (0.0, 6.0),
        }
        if activation not in limits:
            raise UserError(
                f"the fused activation is {activation}; allowed: {', '.join(limits)}; convert it "
                "to an operator of its own"
            )
        low, high = limits[activation]
        if low is not None:
            lowest = max(lowest, self._activation_code(low, output))
        if high is not None:
            highest = min(highest, self._activation_code(high, output))
        if lowest > highest:
            raise UserError(f"{activation} leaves no code of an output with scale {output.scale}")
        return lowest, highest

    def convolution(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: QuantType,
        weight: WeightScale,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize as CONV_2D and DEPTHWISE_CONV_2D do; `accumulator` is what they add in."""
        if not source.type.signed:
            # The uint8 kernels form their one scale in another way.
            scale = fully_connected_scale(source.scale, float(weight.scale[0]), output.scale)
        else:
            scale = convolution_scale(source.scale, weight.scale, output.scale)
        return self._fixed_point(bounds, accumulator, scale, output, clamp)

    def transpose_convolution(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: QuantType,
        weight: WeightScale,
        output: QuantType,
        clamp: Clamp,
        usual: bool,
    ) -> Requantization:
        """Requantize as TRANSPOSE_CONV does, which is as convolutions do.

        `usual` says whether XNNPACK takes one with such a window, stride and size.
        """
        return self.convolution(bounds, accumulator, source, weight, output, clamp)

    def fully_connected(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: QuantType,
        weight: WeightScale,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize as FULLY_CONNECTED does: in float64, half away from zero."""

        def reference_of(channels: slice) -> Reference:
            return lambda values: requantize_float64_half_away(
                values,
                source.scale,
                weight.scale[channels],
                output.scale,
                output.zero_point,
                *clamp,
            )

        self._check_overflow(bounds, accumulator)
        scale = convolution_scale(source.scale, weight.scale, output.scale)
        return self._sought(reference_of, bounds, scale, Rounding.SINGLE_HALF_AWAY, output, clamp)

    def addends(
        self, first: QuantType, second: QuantType, output: QuantType, subtract: bool
    ) -> tuple[Addend, Addend]:
        """Scale the operands of ADD and SUB to half the unit of the coarser one."""
        left_shift = self._addition_left_shift(output)
        twice_largest = 2 * max(first.scale, second.scale)
        addends = []
        for operand, negated in ((first, False), (second, subtract)):
            multiplier, exponent = quantize_multiplier(operand.scale / twice_largest)
            addends.append(
                Addend(operand.encoding, int(multiplier), 31 - left_shift, -int(exponent), negated)
            )
        return addends[0], addends[1]

    def addition(
        self,
        bounds: AccumulatorBounds,
        first: QuantType,
        second: QuantType,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize the sum of the addends."""
        left_shift = self._addition_left_shift(output)
        scale = 2 * max(first.scale, second.scale) / ((1 << left_shift) * output.scale)
        return self._scaled(bounds, scale, output, clamp)

    def shifts(self, *scales: QuantType) -> bool:
        """Return whether ADD and SUB shift operands of such scales if their option asks for it.

        They do with 16-bit codes whose scales are powers of two, within a thousandth of an octave:
        CheckedLog2, tensorflow/lite/kernels/internal/quantization_util.cc.
        """
        exponents = [math.log2(each.scale) for each in scales]
        powers = all(abs(exponent - round(exponent)) < 1e-3 for exponent in exponents)
        return powers and all(each.type.width == 16 for each in scales)

    def shifted_addends(
        self, first: QuantType, second: QuantType, output: QuantType, subtract: bool
    ) -> tuple[Addend, Addend]:
        """Shift one operand of ADD and SUB right, half away from zero.

        reference_ops::Add for int16, tensorflow/lite/kernels/internal/reference/add.h.
        """
        unit = round(math.log2(output.scale))
        shifts = [unit - round(math.log2(operand.scale)) for operand in (first, second)]
        if min(shifts) != 0:
            raise UserError(
                "its scales are powers of two, of which the output's is neither the larger one of "
                "its inputs' nor equal to both; the kernels refuse that; convert the model again"
            )
        return (
            Addend(first.encoding, half_away_shift=shifts[0]),
            Addend(second.encoding, half_away_shift=shifts[1], subtract=subtract),
        )

    def shifted_addition(
        self,
        bounds: AccumulatorBounds,
        first: QuantType,
        second: QuantType,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Limit the sum of shifted addends."""
        return self._scaled(bounds, 1.0, output, clamp)

    def multiplication(
        self,
        bounds: AccumulatorBounds,
        first: QuantType,
        second: QuantType,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize the product of MUL; the scale is formed in float32."""
        scale = float(first.scale32 * second.scale32 / output.scale32)
        return self._scaled(bounds, scale, output, clamp)

    def svdf_scale(self, source: QuantType, weight: QuantType, output: QuantType) -> float:
        """Return the scale of a sum of SVDF, formed in float32."""
        return float(source.scale32 * weight.scale32 / output.scale32)

    def matrices(
        self,
        bounds: AccumulatorBounds,
        first: QuantType,
        second: QuantType,
        output: QuantType,
    ) -> Requantization:
        """Requantize BATCH_MATMUL; the product of the scales is rounded to float32."""
        scale = fully_connected_scale(first.scale, second.scale, output.scale)
        accumulator = INT32 if output.type.width == 8 else INT48
        clamp = output.type.minimum, output.type.maximum
        return self._fixed_point(bounds, accumulator, scale, output, clamp)

    def mean(
        self, bounds: AccumulatorBounds, source: QuantType, output: QuantType, count: int
    ) -> Requantization:
        """Requantize the sum of MEAN; the division by the count goes into the multiplier.

        QuantizedMeanOrSum, tensorflow/lite/kernels/internal/reference/reduce.h.
        """
        multiplier, exponent = (int(v) for v in quantize_multiplier(source.scale / output.scale))
        shift = min(count.bit_length() - 1, 32, 31 + exponent)
        return self._multiplied(
            bounds,
            (multiplier << shift) // count,
            exponent - shift,
            output,
            (output.type.minimum, output.type.maximum),
        )

    def sum(
        self, bounds: AccumulatorBounds, source: QuantType, output: QuantType, count: int
    ) -> Requantization:
        """Requantize the sum of SUM, as QuantizedMeanOrSum does without division."""
        if self.starts_sums_elsewhere and output.type.signed:
            raise UserError(
                f"LiteRT's reference kernel starts sums of {output.type} at other numbers than 0; "
                "import with profile xnnpack or tflite-micro, whose sums are right"
            )
        clamp = output.type.minimum, output.type.maximum
        return self._scaled(bounds, source.scale / output.scale, output, clamp)

    def rescale(
        self, bounds: AccumulatorBounds, source: QuantType, output: QuantType, clamp: Clamp
    ) -> Requantization:
        """Requantize codes as QUANTIZE does."""
        return self._scaled(bounds, source.scale / output.scale, output, clamp)

    def rescale_float32(
        self, bounds: AccumulatorBounds, source: QuantType, output: QuantType, clamp: Clamp
    ) -> Requantization:
        """Requantize codes as RELU does, which divides the scales in float32."""
        scale = float(source.scale32 / output.scale32)
        return self._scaled(bounds, scale, output, clamp)

    def scaled(
        self, bounds: AccumulatorBounds, scale: float, output: QuantType, clamp: Clamp
    ) -> Requantization:
        """Requantize by MultiplyByQuantizedMultiplier."""
        return self._scaled(bounds, scale, output, clamp)

    def slopes(self, function: str, source: QuantType, output: QuantType, alpha: float) -> Slopes:
        """Return the scales of ABS or LEAKY_RELU from zero on and below, formed in float32."""
        return tables.slopes(function, source, output, alpha, np.float32)

    def interpolation(
        self, kind: IntegerType
    ) -> tuple[int, Rounding, Callable[[Axis], Interpolation]]:
        """Return how RESIZE_BILINEAR interpolates between codes of a type.

        Fraction bits of the weights, the rounding of the sum, and what makes places and weights.
        """
        if kind == IntegerType(8, False):
            return FLOAT_BITS, Rounding.SINGLE_HALF_UP, float_places
        return INTEGER_BITS, Rounding.SINGLE_HALF_AWAY, litert_places

    def concatenation_table(self, source: QuantType, output: QuantType) -> Int64:
        """Return the output code of every code of an input of CONCATENATION."""
        if output.type != IntegerType(8, False) or source.type != output.type:
            raise UserError(
                f"it joins inputs of scale {source.scale}, zero point {source.zero_point}, to an "
                f"output of {output.scale}, {output.zero_point}; they must be equal"
            )
        return tables.concatenation_table(source, output)

    def table(
        self, function: str, source: QuantType, output: QuantType, alpha: float = 0.0
    ) -> Int64:
        """Return the output code of every input code of a function, in ascending order."""
        return tables.litert_table(function, source, output, alpha)

    def _activation_code(self, real: float, output: QuantType) -> int:
        scaled = np.float32(real) / output.scale32
        return output.zero_point + int(round_half_away(np.atleast_1d(scaled))[0])

    @staticmethod
    def _addition_left_shift(output: QuantType) -> int:
        return 15 if output.type.width == 16 else 20

    def _sought(
        self,
        reference_of: Callable[[slice], Reference],
        bounds: AccumulatorBounds,
        scale: ArrayLike,
        rounding: Rounding,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Return integers that equal a reference in floating point."""
        codes = (output.type, output.zero_point, clamp)
        if not self._searching:
            return estimated_requantization(bounds, scale, rounding, *codes)
        return integer_requantization(reference_of, bounds, scale, rounding, *codes)

    def _fixed_point(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        scale: ArrayLike,
        output: QuantType,
        clamp: Clamp,
    ) -> FixedPoint:
        """Requantize by a multiplier, as MultiplyByQuantizedMultiplier for 32 or 64 bits does."""
        if accumulator.width == 32:
            return self._scaled(bounds, scale, output, clamp)
        self._check_overflow(bounds, accumulator)
        spec = RequantSpec(
            accumulator,
            output.type,
            multiplier_width=15,
            maximum_exponent=15,
            roundings=(Rounding.SINGLE_HALF_UP,),
        )
        multiplier, exponent = quantize_multiplier_16x8(scale)
        channels = RequantChannels(spec, multiplier, exponent, output.zero_point, *clamp)
        return FixedPoint(channels, Rounding.SINGLE_HALF_UP)

    def _scaled(
        self,
        bounds: AccumulatorBounds,
        scale: ArrayLike,
        output: QuantType,
        clamp: Clamp,
        rounding: Rounding = Rounding.TFLITE_DOUBLE,
    ) -> FixedPoint:
        return self._multiplied(bounds, *quantize_multiplier(scale), output, clamp, rounding)

    def _multiplied(
        self,
        bounds: AccumulatorBounds,
        multiplier: ArrayLike,
        exponent: ArrayLike,
        output: QuantType,
        clamp: Clamp,
        rounding: Rounding = Rounding.TFLITE_DOUBLE,
    ) -> FixedPoint:
        self._check_overflow(bounds, INT32, left_shift=int(np.max(exponent, initial=0)))
        spec = RequantSpec(INT32, output.type, roundings=(rounding,))
        channels = RequantChannels(spec, multiplier, exponent, output.zero_point, *clamp)
        return FixedPoint(channels, rounding)

    @staticmethod
    def _check_overflow(
        bounds: AccumulatorBounds, accumulator: IntegerType, left_shift: int = 0
    ) -> None:
        if bounds.type.width + left_shift > accumulator.width:
            raise UserError(
                f"its accumulators reach {bounds.minimum.min()} to {bounds.maximum.max()}"
                + (f", shifted left by {left_shift}" if left_shift else "")
                + f"; the reference computes in {accumulator} and would overflow; use smaller "
                "weights or fewer inputs"
            )

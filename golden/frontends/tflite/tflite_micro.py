"""What TensorFlow Lite Micro's reference kernels compute, where it is not what LiteRT's do."""

import numpy as np

from bittrue.golden.frontends.tflite import elementwise, tables
from bittrue.golden.frontends.tflite.arithmetic import (
    INT8,
    INT16,
    Clamp,
    LitertArithmetic,
    Slopes,
    WeightScale,
)
from bittrue.golden.graph import AccumulatorBounds, Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import convolution_scale
from bittrue.golden.numbers.quantization import QuantType


class TfliteMicroArithmetic(LitertArithmetic):
    """Reference kernels of TensorFlow Lite Micro."""

    name = "tflite-micro"

    starts_sums_elsewhere = False

    relus_without_rescale = frozenset({"RELU6"})

    softmax16_dtype = np.float32

    fills_batches = False

    svdf_states = (INT8, INT16)
    svdf_activations = ("NONE", "RELU")

    def fully_connected(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: QuantType,
        weight: WeightScale,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize in fixed point, by a scale formed in float64; LiteRT computes in float64.

        Older TensorFlow Lite differs where weights have one scale: it rounds the product of the
        input's and the weights' to float32 first.
        """
        scale = convolution_scale(source.scale, weight.scale, output.scale)
        return self._fixed_point(bounds, accumulator, scale, output, clamp)

    def svdf_scale(self, source: QuantType, weight: QuantType, output: QuantType) -> float:
        """Return the scale of a sum of SVDF, formed in float64."""
        return source.scale * weight.scale / output.scale

    def shifts(self, *scales: QuantType) -> bool:
        """Return False: the option that asks for shifts is not read."""
        return False

    def multiplication(
        self,
        bounds: AccumulatorBounds,
        first: QuantType,
        second: QuantType,
        output: QuantType,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize the product of MUL; the scale is formed in float64."""
        return self._scaled(bounds, first.scale * second.scale / output.scale, output, clamp)

    def slopes(self, function: str, source: QuantType, output: QuantType, alpha: float) -> Slopes:
        """Return the scales of ABS or LEAKY_RELU from zero on and below, formed in float64."""
        return tables.slopes(function, source, output, alpha, np.float64)

    def table(
        self, function: str, source: QuantType, output: QuantType, alpha: float = 0.0
    ) -> Int64:
        """Return functions of one code, where LiteRT forms scales or evaluates in float32.

        LOGISTIC and TANH of 8-bit codes are in fixed point, scales are formed in float64, and RSQRT
        of 16-bit codes is computed as that of 8-bit ones.
        """
        if function in ("LOGISTIC", "TANH") and source.type == IntegerType(8, True):
            return tables.gemmlowp_table(function, source, output)
        if source.type.signed and function in _IN_FLOAT64:
            return _IN_FLOAT64[function](source, output, wide=True)
        if function == "LEAKY_RELU":
            return tables.leaky_relu_table(source, output, alpha, wide=True)
        return super().table(function, source, output, alpha)


_IN_FLOAT64 = {
    "ABS": elementwise.absolute_table,
    "RSQRT": elementwise.inverse_square_root_table,
}

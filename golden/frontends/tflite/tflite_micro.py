"""What TensorFlow Lite Micro's reference kernels compute, where it is not what LiteRT's do."""

import numpy as np

from bittrue.golden.frontends.tflite import tables
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import Clamp, LitertArithmetic, WeightScale
from bittrue.golden.graph import AccumulatorBounds, Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import convolution_scale


class TfliteMicroArithmetic(LitertArithmetic):
    """Reference kernels of TensorFlow Lite Micro."""

    name = "tflite-micro"

    relus_without_rescale = frozenset({"RELU6"})

    softmax16_dtype = np.float32

    fills_batches = False

    def fully_connected(
        self,
        bounds: AccumulatorBounds,
        accumulator: IntegerType,
        source: Affine,
        weight: WeightScale,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize in fixed point, by a scale formed in float64; LiteRT computes in float64.

        Older TensorFlow Lite differs where weights have one scale: it rounds the product of the
        input's and the weights' to float32 first.
        """
        scale = convolution_scale(source.scale, weight.scale, output.scale)
        return self._fixed_point(bounds, accumulator, scale, output, clamp)

    def shifts(self, *scales: Affine) -> bool:
        """Return False: the option that asks for shifts is not read."""
        return False

    def multiplication(
        self,
        bounds: AccumulatorBounds,
        first: Affine,
        second: Affine,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize the product of MUL; the scale is formed in float64."""
        return self._scaled(bounds, first.scale * second.scale / output.scale, output, clamp)

    def table(self, function: str, source: Affine, output: Affine, alpha: float = 0.0) -> Int64:
        """Return LOGISTIC and TANH in fixed point, where LiteRT evaluates them in float32."""
        if function in ("LOGISTIC", "TANH") and source.type == IntegerType(8, True):
            return tables.gemmlowp_table(function, source, output)
        return super().table(function, source, output, alpha)

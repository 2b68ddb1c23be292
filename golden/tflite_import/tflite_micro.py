"""What TensorFlow Lite Micro's reference kernels compute, where it is not what LiteRT's do."""

import numpy as np
from numpy.typing import NDArray

from golden.graph import AccumulatorBounds, Requantization
from golden.integer_type import IntegerType
from golden.multiplier import convolution_scale, fully_connected_scale
from golden.tflite_import import tables
from golden.tflite_import.affine import Affine
from golden.tflite_import.arithmetic import Clamp, Int64, LitertArithmetic


class TfliteMicroArithmetic(LitertArithmetic):
    """Reference kernels of TensorFlow Lite Micro; older TensorFlow Lite computes the same."""

    name = "tflite-micro"

    def fully_connected(
        self,
        bounds: AccumulatorBounds,
        source: Affine,
        weight_scale: NDArray[np.float32],
        weight_type: IntegerType,
        output: Affine,
        clamp: Clamp,
    ) -> Requantization:
        """Requantize in fixed point, where LiteRT uses float64."""
        if weight_scale.size == 1:
            scale = fully_connected_scale(source.scale, float(weight_scale[0]), output.scale)
        else:
            scale = convolution_scale(source.scale, weight_scale, output.scale)
        return self._fixed_point(bounds, scale, source.type, output, clamp)

    def table(self, function: str, source: Affine, output: Affine, alpha: float = 0.0) -> Int64:
        """Return LOGISTIC and TANH in fixed point, where LiteRT evaluates them in float32."""
        if function in ("LOGISTIC", "TANH") and source.type == IntegerType(8, True):
            return tables.gemmlowp_table(function, source, output)
        return super().table(function, source, output, alpha)

"""The topologies of FINN's example networks, as QONNX, with random weights."""

import numpy as np
import onnx

from tests.support.onnx_builder import OnnxBuilder

_CUSTOM = "qonnx.custom_op.general"
_CONVOLUTIONS = ((64, False), (64, True), (128, False), (128, True), (256, False), (256, False))
_DENSE = (512, 512)


class _Builder(OnnxBuilder):
    domains = (("", 17), (_CUSTOM, 2))

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = np.random.default_rng(seed)

    def real(self, values: object) -> str:
        return self.constant(np.asarray(values, np.float32))

    def bipolar(self, x: str) -> str:
        return self.operator("BipolarQuant", x, self.real(1), domain=_CUSTOM)

    def weight(self, *shape: int) -> str:
        return self.bipolar(self.real(self.random.normal(size=shape)))

    def normalized(self, x: str, channels: int, deviation: float) -> str:
        """Return a batch normalization that centres, and the sign of its result."""
        parameters = [
            self.random.uniform(0.5, 1.5, channels),
            self.random.normal(size=channels) / 10,
            self.random.normal(size=channels) * deviation / 10,
            np.full(channels, deviation**2),
        ]
        y = self.operator("BatchNormalization", x, *(self.real(v) for v in parameters))
        return self.bipolar(y)


def cnv_1w1a(seed: int = 0) -> onnx.ModelProto:
    """Return CNV with weights and activations of one bit: 8-bit images of 32 x 32 x 3 pixels."""
    b = _Builder(seed)
    numbers = [b.real(v) for v in (2.0**-7, 0, 8)]
    x = b.operator(
        "Quant", "x", *numbers, domain=_CUSTOM, signed=1, narrow=0, rounding_mode="ROUND"
    )
    channels = 3
    for outputs, pooled in _CONVOLUTIONS:
        x = b.operator("Conv", x, b.weight(outputs, channels, 3, 3))
        x = b.normalized(x, outputs, (9 * channels) ** 0.5)
        if pooled:
            x = b.operator("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        channels = outputs
    x = b.operator("Flatten", x)
    for outputs in _DENSE:
        x = b.normalized(b.operator("MatMul", x, b.weight(channels, outputs)), outputs, 16)
        channels = outputs
    x = b.operator("MatMul", x, b.weight(channels, 10))
    return b.model({"x": (np.float32, (1, 3, 32, 32))}, [x])

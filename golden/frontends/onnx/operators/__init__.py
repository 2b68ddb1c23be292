"""Each operator of an ONNX file as nodes of the graph, one module per family."""

from golden.frontends.onnx.operators import (
    affine,
    elementwise,
    functions,
    joining,
    matrix,
    movement,
    pooling,
    quantization,
)
from golden.frontends.onnx.operators.registry import (
    CHANNELS_LAST,
    CONVERSIONS,
    QONNX_DOMAINS,
    STANDARD,
    Conversion,
)

__all__ = ["CHANNELS_LAST", "CONVERSIONS", "QONNX_DOMAINS", "STANDARD", "Conversion"]

_REGISTERED = (affine, elementwise, functions, joining, matrix, movement, pooling, quantization)

"""Each operator of an ONNX file as nodes of the graph, one module per family."""

from golden.onnx_import.operators import (
    affine,
    elementwise,
    functions,
    joining,
    matrix,
    movement,
    pooling,
    quantization,
)
from golden.onnx_import.operators.registry import CONVERTERS, QONNX_OPERATORS, Converter

__all__ = ["CONVERTERS", "QONNX_OPERATORS", "Converter"]

_REGISTERED = (affine, elementwise, functions, joining, matrix, movement, pooling, quantization)

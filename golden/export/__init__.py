"""Export of integer graphs as ONNX models that ONNX Runtime runs.

Two ways to write a layer: as integer operators that are exact on every machine, and as QDQ, which
is what other tools read, where ONNX Runtime's float32 gives the same codes for every accumulator.
"""

from bittrue.golden.export.model import STYLES, Export, export_onnx
from bittrue.golden.graph import Graph

__all__ = ["STYLES", "Export", "Graph", "export_onnx"]

"""QONNX networks: exports of Brevitas, builders of others, comparison of real numbers."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Float32, Float64
from tests.support.onnx_builder import OnnxBuilder
from tests.support.paths import QONNX_EXPORTS as EXPORTS

NAMES = sorted(path.stem for path in EXPORTS.glob("*.onnx"))


def codes_of(graph: Graph, images: Float32) -> dict[str, NDArray[Any]]:
    """Quantize images as the network's first operator does."""
    (tensor,) = graph.inputs
    meaning = graph.quantization[tensor.name]
    scaled = np.rint(images / np.float32(float(meaning.scale))) + meaning.encoding.zero_point
    return {tensor.name: np.clip(scaled, tensor.minimum, tensor.maximum).astype(np.int64)}


def real(graph: Graph, name: str, codes: NDArray[Any]) -> Float64:
    meaning = graph.quantization[name]
    return (meaning.encoding.decode(codes) * float(meaning.scale)).astype(np.float64)


def differences(graph: Graph, name: str, codes: Any, expected: Any) -> int:
    """Return how many codes are not those of the expected real numbers."""
    unit = float(graph.quantization[name].scale)
    return int((np.abs(real(graph, name, codes) - expected) > unit / 2).sum())


class QonnxBuilder(OnnxBuilder):
    """Quantizers of QONNX."""

    domains: tuple[tuple[str, int], ...] = (("", 17), ("qonnx.custom_op.general", 2))

    def quant(
        self,
        x: str,
        scale: Any,
        bits: int,
        zero_point: float = 0.0,
        signed: int = 1,
        narrow: int = 0,
        rounding_mode: str = "ROUND",
    ) -> str:
        numbers = [np.asarray(v, np.float32) for v in (scale, zero_point, bits)]
        return self.operator(
            "Quant",
            x,
            *(self.constant(v) for v in numbers),
            domain="qonnx.custom_op.general",
            signed=signed,
            narrow=narrow,
            rounding_mode=rounding_mode,
        )


def with_shape(proto: onnx.ModelProto, graph: Graph) -> onnx.ModelProto:
    """Say the shape of the output, which qonnx wants to know."""
    (name,) = graph.outputs
    shape = graph.tensors[name].shape
    sizes = [shape[axis] for axis in graph.layouts.get(name, range(len(shape)))]
    info = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, *sizes])
    proto.graph.output[0].CopyFrom(info)
    return proto


def annotate(proto: onnx.ModelProto, **types: str) -> onnx.ModelProto:
    """Say which integers tensors hold."""
    for name, text in types.items():
        pair = onnx.StringStringEntryProto(key="finn_datatype", value=text)
        annotation = onnx.TensorAnnotation(tensor_name=name)
        annotation.quant_parameter_tensor_names.append(pair)
        proto.graph.quantization_annotation.append(annotation)
    return proto

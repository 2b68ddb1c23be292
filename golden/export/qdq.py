"""Layers in the form that other tools read: DequantizeLinear, operator, QuantizeLinear.

ONNX Runtime requantizes these in float32 (`golden.frontends.onnx.onnxruntime`). A layer is written
so only where that gives the code of the graph for every accumulator that can be reached, which
its thresholds decide, or for every pair of codes.
"""

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.certificates.certificate import StepFunction, decisive_points
from bittrue.golden.certificates.certificate_search import find_steps
from bittrue.golden.export.writer import Writer, code_dtype
from bittrue.golden.graph import (
    AccumulatorBounds,
    Certified,
    Encoding,
    Graph,
    MatrixNode,
    Node,
    Quantization,
)
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.numbers.arrays import Float32, Float64, Int64
from bittrue.golden.numbers.float_requant import requantize_float32_half_even

_STEPS_OF_SCALE = 16
"""Neighbouring float32 weight scales that are tried."""


@dataclass(frozen=True, eq=False)
class Form:
    """The tensors of a layer with weights in QDQ form, while it is written.

    Parameters
    ----------
    graph : Graph
    writer : Writer
    real : str
        Name of the dequantized input.
    scale : ndarray of float32, shape (output channels,)
        Of the weights.
    bias : str
        Name of the dequantized bias.
    target : Quantization
        Of the output.
    dtype : str
        Of its codes.
    """

    graph: Graph
    writer: Writer
    real: str
    scale: Float32
    bias: str
    target: Quantization
    dtype: str

    def weight(self, codes: NDArray[np.integer]) -> str:
        """Return dequantized weights, output channels first."""
        return dequantized_constant(self.writer, codes, self.scale, "int8")

    def quantized(self, real: str) -> str:
        """Return the codes of the layer's result."""
        return self.writer.operator(
            "QuantizeLinear",
            real,
            self.writer.constant(np.float32(self.target.scale), "float32"),
            self.writer.constant(self.target.encoding.zero_point, self.dtype),
        )


@singledispatch
def write_products(node: Node, form: Form) -> str:
    """Write the sums of products of a layer, and return the name of their codes."""
    raise TypeError(f"{node.operator()} has no QDQ form")


def dequantized_constant(
    writer: Writer, codes: NDArray[np.integer], scale: Float32, dtype: str
) -> str:
    """Return a dequantized constant with one scale for each index of its first dimension."""
    return writer.operator(
        "DequantizeLinear",
        writer.constant(codes, dtype),
        writer.constant(scale, "float32"),
        writer.constant(np.zeros(len(scale)), dtype),
        axis=0,
    )


class Qdq:
    """Writes layers of a graph in QDQ form.

    Parameters
    ----------
    graph : Graph
    writer : Writer
    """

    def __init__(self, graph: Graph, writer: Writer) -> None:
        self._graph = graph
        self._writer = writer

    def write(self, node: Node) -> str:
        """Write a layer, or return in few words why it has no exact QDQ form."""
        if not isinstance(node, MatrixNode):
            return "no weights"
        if write_products.dispatch(type(node)) is write_products.dispatch(object):
            return "it has no QDQ form"
        requantization = node.requantization
        if requantization is None:
            return "nothing requantizes it"
        source = self._graph.quantization.get(node.inputs[0])
        target = self._graph.quantization.get(node.output)
        if source is None or target is None:
            return "its scales are unknown"
        kinds = (self._graph.tensors[node.inputs[0]].type, requantization.output)
        if kinds[0] != kinds[1] or kinds[0].width != 8 or node.weight_type.width > 8:
            return "its codes are no 8 bits"
        if (
            source.encoding != node.input_encoding
            or target.encoding != Encoding(_zero_point(requantization))
            or node.weight_encoding != Encoding()
            or not node.weight_type.signed
        ):
            return "its encodings have no QDQ form"
        if not all(float(np.float32(q.scale)) == q.scale for q in (source, target)):
            return "its scales are no float32"
        bounds = self._graph.accumulators[node.output]
        if bounds.type.width > 32 or np.abs(node.bias).max(initial=0) >= 1 << 31:
            return "its accumulators exceed 32 bits"
        scale = weight_scales(requantization, bounds, source, target)
        if scale is None:
            return "float32 gives another code for some accumulator"
        self._write(node, requantization, (source, target), scale)
        return ""

    def _write(
        self,
        node: MatrixNode,
        requantization: Requantization,
        quantization: tuple[Quantization, Quantization],
        scale: Float32,
    ) -> None:
        writer = self._writer
        writer.begin(node.output)
        source, target = quantization
        dtype = code_dtype(requantization.output)
        real = self._dequantized(node.inputs[0], source, dtype)
        scale = np.broadcast_to(scale, len(node.bias))
        bias = dequantized_constant(writer, node.bias, np.float32(source.scale) * scale, "int32")
        form = Form(self._graph, writer, real, scale, bias, target, dtype)
        codes = write_products(node, form)
        limits = [writer.constant(value, dtype) for value in _clamp(requantization)]
        writer.operator("Clip", codes, *limits, output=node.output)

    def _dequantized(self, codes: str, quantization: Quantization, dtype: str) -> str:
        return self._writer.operator(
            "DequantizeLinear",
            codes,
            self._writer.constant(np.float32(quantization.scale), "float32"),
            self._writer.constant(quantization.encoding.zero_point, dtype),
        )


def weight_scales(
    requantization: Requantization,
    bounds: AccumulatorBounds,
    source: Quantization,
    target: Quantization,
) -> Float32 | None:
    """Return weight scales for which float32 requantizes as the graph does, or None.

    Parameters
    ----------
    requantization : FixedPoint or Certified
    bounds : AccumulatorBounds
    source, target : Quantization
        Of the layer's input and output.

    Returns
    -------
    ndarray of float32 or None
        One, or one per channel.
    """
    ratio, steps = _ratio(requantization), _steps(requantization, bounds)
    input_scale, output_scale = np.float32(source.scale), np.float32(target.scale)
    nearest = (ratio * float(output_scale) / float(input_scale)).astype(np.float32)
    if not (np.isfinite(nearest) & (nearest > 0)).all():
        return None
    points = decisive_points(steps)
    expected = steps.evaluate(points)
    zero_point, clamp = _zero_point(requantization), _clamp(requantization)
    kind = requantization.output
    chosen, found = nearest.copy(), np.zeros(len(steps), dtype=bool)
    for offset in sorted(range(-_STEPS_OF_SCALE, _STEPS_OF_SCALE + 1), key=abs):
        tried = _stepped(nearest, offset)
        codes = requantize_float32_half_even(
            points, input_scale * tried / output_scale, zero_point, kind.minimum, kind.maximum
        )
        right = (np.clip(codes, *clamp) == expected).all(axis=0)
        if len(tried) == 1:
            right = right.all(keepdims=True)
        chosen = np.where(right & ~found, tried, chosen)
        found = found | right
        if found.all():
            return chosen.astype(np.float32)
    return None


def _stepped(values: Float32, steps: int) -> Float32:
    """Return the float32 numbers a few steps further."""
    return (values.view(np.int32) + np.int32(steps)).view(np.float32)


def _ratio(requantization: Requantization) -> Float64:
    if isinstance(requantization, Certified):
        certificate = requantization.certificate
        return np.ldexp(certificate.multiplier.astype(np.float64), -certificate.shift)
    channels = requantization.channels
    return np.ldexp(channels.multiplier.astype(np.float64), -channels.shift)


def _steps(requantization: Requantization, bounds: AccumulatorBounds) -> StepFunction:
    """Return the thresholds over the reachable accumulators; one scale sees those of all."""
    low, high = bounds.minimum, bounds.maximum
    if len(requantization) == 1:
        low, high = low.min(keepdims=True), high.max(keepdims=True)
    ratio, zero_point = _ratio(requantization), _zero_point(requantization)

    def estimate(codes: Int64) -> Int64:
        near = (codes - zero_point - 0.5) / np.maximum(ratio, 2.0**-100)
        return np.rint(np.clip(near, low, high)).astype(np.int64)

    return find_steps(requantization.evaluate, low, high, estimate)


def _zero_point(requantization: Requantization) -> int:
    if isinstance(requantization, Certified):
        return int(requantization.certificate.zero_point[0])
    return int(requantization.channels.zero_point[0])


def _clamp(requantization: Requantization) -> tuple[int, int]:
    """Return the clamp of all channels; imported and quantized graphs have one for all."""
    limits = (
        requantization.certificate
        if isinstance(requantization, Certified)
        else requantization.channels
    )
    return int(limits.minimum[0]), int(limits.maximum[0])

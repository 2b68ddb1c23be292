"""An integer graph of plain layers as a .tflite model, so that LiteRT can run it.

Weight scales are recovered from the graph's multipliers: a float32 has 24 bits, a multiplier 31, so
the float32 nearest to ``multiplier * output scale / input scale`` is the scale it came from.
"""

from functools import singledispatchmethod
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from bittrue.golden.graph import FixedPoint, Graph, Node
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.numbers.multiplier import TFLITE_MULTIPLIER_WIDTH
from tests.support.tflite_builder import TfliteBuilder


def graph_to_tflite(graph: Graph) -> bytes:
    """Return a model with the same tensors, in the graph's order, and padding on its own."""
    return _Conversion(graph).model()


class _Conversion:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._builder = TfliteBuilder()
        self._tensors = {tensor.name: self._activation(tensor.name) for tensor in graph.inputs}

    def model(self) -> bytes:
        for node in self._graph.nodes:
            self._tensors[node.output] = self._activation(node.output)
            self._add(node)
        inputs = [self._tensors[tensor.name] for tensor in self._graph.inputs]
        outputs = [node.output for node in self._graph.nodes]
        return self._builder.build(inputs, [self._tensors[name] for name in outputs])

    @singledispatchmethod
    def _add(self, node: Node) -> None:
        raise NotImplementedError(node.operator())

    @_add.register
    def _(self, node: Convolution) -> None:
        source = self._tensors[node.inputs[0]]
        if node.window.padding != ((0, 0), (0, 0)):
            source = self._padded(node)
        (vertical, horizontal), dilation = node.window.stride, node.window.dilation
        weight = node.weight
        options: dict[str, Any] = {
            "padding": schema.Padding.VALID,
            "strideH": vertical,
            "strideW": horizontal,
            "dilationHFactor": dilation[0],
            "dilationWFactor": dilation[1],
            "fusedActivationFunction": self._activation_function(node),
        }
        operands = [source, *self._parameters(node, weight)]
        self._builder.operator(
            "CONV_2D", operands, [self._tensors[node.output]], "Conv2DOptions", 3, **options
        )

    @_add.register
    def _(self, node: FullyConnected) -> None:
        operands = [self._tensors[node.inputs[0]], *self._parameters(node, node.weight)]
        self._builder.operator(
            "FULLY_CONNECTED",
            operands,
            [self._tensors[node.output]],
            "FullyConnectedOptions",
            4,
            fusedActivationFunction=self._activation_function(node),
        )

    @_add.register
    def _(self, node: Reshape) -> None:
        shape = self._builder.constant(
            f"{node.output}/shape", np.array([-1, *node.shape], dtype=np.int32)
        )
        operands = [self._tensors[node.inputs[0]], shape]
        self._builder.operator("RESHAPE", operands, [self._tensors[node.output]])

    def _activation(self, name: str, shape: tuple[int, ...] | None = None) -> int:
        tensor, quantization = self._graph.tensors[name], self._graph.quantization[name]
        return self._builder.tensor(
            name if shape is None else f"{name}/padded",
            np.int8,
            (1, *(tensor.shape if shape is None else shape)),
            float(quantization.scale),
            quantization.encoding.zero_point,
        )

    def _padded(self, node: Convolution) -> int:
        """Pad with the zero point, as TFLite's PAD does."""
        source = self._graph.tensors[node.inputs[0]]
        pads = np.array([(0, 0), *node.window.padding, (0, 0)], dtype=np.int32)
        shape = tuple(int(s + p.sum()) for s, p in zip(source.shape, pads[1:], strict=True))
        padded = self._activation(source.name, shape)
        sizes = self._builder.constant(f"{node.output}/padding", pads)
        self._builder.operator("PAD", [self._tensors[source.name], sizes], [padded])
        return padded

    def _parameters(
        self, node: Convolution | FullyConnected, weight: np.ndarray
    ) -> tuple[int, int]:
        channels = self._fixed_point(node).channels
        input_scale, output_scale = (
            float(self._graph.quantization[name].scale) for name in (node.inputs[0], node.output)
        )
        ratio = np.ldexp(
            channels.multiplier.astype(np.float64), channels.exponent - TFLITE_MULTIPLIER_WIDTH
        )
        scale = (ratio * output_scale / input_scale).astype(np.float32)
        return (
            self._builder.constant(f"{node.output}/weight", weight.astype(np.int8), scale),
            self._builder.constant(
                f"{node.output}/bias", node.bias.astype(np.int32), np.float32(input_scale) * scale
            ),
        )

    def _activation_function(self, node: Convolution | FullyConnected) -> int:
        minimum = int(self._fixed_point(node).channels.minimum[0])
        name = "NONE" if minimum == self._graph.tensors[node.output].type.minimum else "RELU"
        if self._graph.quantization[node.output].encoding.zero_point == minimum:
            name = "RELU"
        return int(getattr(schema.ActivationFunctionType, name))

    @staticmethod
    def _fixed_point(node: Convolution | FullyConnected) -> FixedPoint:
        assert isinstance(node.requantization, FixedPoint)
        return node.requantization

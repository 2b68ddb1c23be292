# amaranth: UnusedElaboratable=no
# Parts are also made to ask them for their latency.
"""Convolutions and dense layers."""

from amaranth.hdl import C, Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.numbers.arrays import Int64
from hdl.layers.parts.channel_requant import channel_requantizer_latency
from hdl.layers.parts.codes import code_stream
from hdl.layers.parts.connection import connect
from hdl.layers.parts.matrix_layer_spec import MatrixLayerSpec
from hdl.layers.parts.matrix_vector import MatrixVector
from hdl.layers.parts.serializer import Serializer
from hdl.layers.parts.sliding_window import SlidingWindow
from hdl.layers.parts.subsample import Subsample


class MatrixLayer(wiring.Component):
    """A convolution or dense layer of a graph.

        o = requantize(bias + sum of weights * (window - zero point))

    The input's zero point is folded into the bias: padding reads the zero point itself, so every
    tap counts. An input of bipolar codes, -1 or +1, is multiplied as 0 or 1; doubling the sum and
    a constant in the bias make up for it.

    Parameters
    ----------
    spec : MatrixLayerSpec
        The layer and its folding.
    name : str
        Prefix of the names of its ROM files; unique within a design.

    Members
    -------
    i : In(code_stream(spec.tensor.type, spec.input_lanes))
        The input tensor.
    o : Out(code_stream(spec.output, spec.output_lanes))
        The output tensor.

    One image takes ``spec.cycles_per_image()`` cycles, and images overlap; see `SlidingWindow`
    for when the first output comes. Full throughput under back-pressure.
    """

    def __init__(self, spec: MatrixLayerSpec, name: str = "layer") -> None:
        self.spec = spec
        self.name = name
        super().__init__(
            {
                "i": In(code_stream(spec.tensor.type, spec.input_lanes)),
                "o": Out(code_stream(spec.output, spec.output_lanes)),
            }
        )

    @property
    def outputs_ahead(self) -> int:
        """See `MatrixLayerSpec.outputs_ahead`."""
        return self.spec.outputs_ahead

    @property
    def outputs_together(self) -> int:
        """Elements of a position, which are computed from the same window."""
        return self.spec.geometry.outputs

    @property
    def latency(self) -> int:
        """Cycles from the last input that an output needs, when it is the first to be computed."""
        stages = sum(_latency(component) for _, component in self._chain())
        return stages + channel_requantizer_latency(self.spec.node.requantization, True)

    def taken_with(self) -> Int64:
        """See `MatrixLayerSpec.taken_with`."""
        return self.spec.taken_with()

    def cycles_per_image(self) -> int:
        """See `MatrixLayerSpec.cycles_per_image`."""
        return self.spec.cycles_per_image()

    def inputs_needed(self, outputs: Int64) -> Int64:
        """See `MatrixLayerSpec.inputs_needed`."""
        return self.spec.inputs_needed(outputs)

    def elaborate(self, platform: object) -> Module:
        """Chain window, matrix, serializer and requantizer."""
        m = Module()
        spec = self.spec
        source = self.i
        for name, component in self._chain():
            m.submodules[name] = component
            connect(m, source, component.i)
            source = component.o
        m.submodules.requantizer = requantizer = spec.requantizer(self.name)
        connect(m, source, requantizer.i, self._sums(source.payload.as_value()))
        connect(m, requantizer.o, self.o)
        return m

    def _chain(self) -> list[tuple[str, SlidingWindow | MatrixVector | Serializer | Subsample]]:
        """Return what leads from the input to the sums of products, with names."""
        spec, geometry = self.spec, self.spec.geometry
        chain: list[tuple[str, SlidingWindow | MatrixVector | Serializer | Subsample]] = []
        if geometry.subsampling != (1, 1):
            height, width, channels = spec.tensor.shape
            shape = height, width, channels
            subsample = Subsample(spec.tensor.type, shape, geometry.subsampling, spec.input_lanes)
            chain.append(("subsample", subsample))
        chain.append(("window", SlidingWindow(spec.window)))
        chain.append(("matrix", MatrixVector(spec.matrix, self.name)))
        if spec.folding.outputs != spec.output_lanes:
            serializer = Serializer(
                spec.accumulator, geometry.outputs, spec.folding.outputs, spec.output_lanes
            )
            chain.append(("serializer", serializer))
        return chain

    def _sums(self, raw: Value) -> Value:
        """Return sums of products in place of sums over bipolar codes taken as 0 or 1."""
        if not self.spec.node.input_encoding.bipolar:
            return raw
        width = self.spec.accumulator.width
        return Cat(
            Cat(C(0, 1), raw[first : first + width - 1]) for first in range(0, len(raw), width)
        )


def _latency(component: SlidingWindow | MatrixVector | Serializer | Subsample) -> int:
    """Return the cycles from a beat to what becomes of it."""
    if isinstance(component, SlidingWindow | Serializer):
        return component.LATENCY
    return component.latency

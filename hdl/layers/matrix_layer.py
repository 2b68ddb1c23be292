# amaranth: UnusedElaboratable=no
# Parts are also made to ask them for their latency.
"""Convolutions and dense layers."""

from amaranth.hdl import C, Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.blocks.result_fifo import BUFFER_LATENCY
from hdl.layers.admission import Admission, results_fifo
from hdl.layers.channel_requant import channel_requantizer_latency
from hdl.layers.codes import Int64, code_stream
from hdl.layers.connection import connect
from hdl.layers.matrix_layer_spec import MatrixLayerSpec
from hdl.layers.matrix_vector import MatrixVector
from hdl.layers.serializer import Serializer
from hdl.layers.sliding_window import SlidingWindow
from hdl.layers.subsample import Subsample


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
    for when the first output comes, `latency` cycles after the last input that it needs. From the
    window to the codes nothing ever stalls: while codes wait in the FIFO at the end, windows are
    read as long as it has room for all codes under way; see `Admission`. Input is refused once all
    rows of the window are in use. ``i.ready`` and ``o.valid`` come from registers.
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
        subsample = 1 if self.spec.geometry.subsampling != (1, 1) else 0
        return subsample + self._stages + BUFFER_LATENCY

    @property
    def _stages(self) -> int:
        """Cycles from the beginning of a frame's last beat to its first codes."""
        stages = sum(_latency(component) for component in self._parts().values())
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
        """Chain window, matrix, serializer and requantizer, and a FIFO behind them."""
        m = Module()
        spec, geometry, source = self.spec, self.spec.geometry, self.i
        if geometry.subsampling != (1, 1):
            height, width, channels = spec.tensor.shape
            shape = height, width, channels
            subsample = Subsample(spec.tensor.type, shape, geometry.subsampling, spec.input_lanes)
            m.submodules.subsample = subsample
            connect(m, source, subsample.i)
            source = subsample.o
        parts = self._parts()
        m.submodules.window = window = SlidingWindow(spec.window, stalls=False)
        connect(m, source, window.i)
        source = window.o
        for name, component in parts.items():
            if not isinstance(component, SlidingWindow):
                m.submodules[name] = component
                m.d.comb += [
                    component.i.valid.eq(source.valid),
                    component.i.payload.eq(source.payload),
                ]
                source = component.o
        m.submodules.requantizer = requantizer = spec.requantizer(self.name, stalls=False)
        serializer = parts.get("serializer")
        results = serializer.beats if isinstance(serializer, Serializer) else [1]
        kind = self.o.payload.shape()
        fifo = results_fifo(kind, self._stages, spec.matrix.beats, results)
        m.submodules.results = fifo
        admission = Admission(m, window.begins, fifo, spec.matrix.beats, results)
        m.d.comb += [
            window.o.ready.eq(admission.ready),
            requantizer.i.valid.eq(source.valid),
            requantizer.i.payload.as_value().eq(self._sums(source.payload.as_value())),
            fifo.i.valid.eq(requantizer.o.valid),
            fifo.i.payload.eq(requantizer.o.payload),
        ]
        connect(m, fifo.o, self.o)
        return m

    def _parts(self) -> dict[str, SlidingWindow | MatrixVector | Serializer]:
        """Return what leads from windows to the sums of products, by name."""
        spec = self.spec
        parts: dict[str, SlidingWindow | MatrixVector | Serializer] = {
            "window": SlidingWindow(spec.window, stalls=False),
            "matrix": MatrixVector(spec.matrix, self.name),
        }
        if spec.folding.outputs != spec.output_lanes:
            parts["serializer"] = Serializer(
                spec.accumulator, spec.geometry.outputs, spec.folding.outputs, spec.output_lanes
            )
        return parts

    def _sums(self, raw: Value) -> Value:
        """Return sums of products in place of sums over bipolar codes taken as 0 or 1."""
        if not self.spec.node.input_encoding.bipolar:
            return raw
        width = self.spec.accumulator.width
        return Cat(
            Cat(C(0, 1), raw[first : first + width - 1]) for first in range(0, len(raw), width)
        )


def _latency(component: SlidingWindow | MatrixVector | Serializer) -> int:
    """Return the cycles from a beat to what becomes of it."""
    if isinstance(component, SlidingWindow | Serializer):
        return component.LATENCY
    return component.latency

# amaranth: UnusedElaboratable=no
# Parts are also made to ask them for their latency.
"""Pooling by windows that slide."""

from typing import Any

import numpy as np
from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.errors import UserError
from golden.graph import AveragePool, MaxPool, SumPool, Tensor
from hdl.blocks.result_fifo import BUFFER_LATENCY
from hdl.layers.admission import Admission, results_fifo
from hdl.layers.channel_requant import ChannelRequantizer
from hdl.layers.codes import Int64, clamped, code_stream, resized
from hdl.layers.connection import connect
from hdl.layers.sliding_window import SlidingWindow
from hdl.layers.window_average import WindowAverage
from hdl.layers.window_reduce import Reduction, WindowReduce
from hdl.layers.window_spec import SlidingWindowSpec


class WindowPool(wiring.Component):
    """Maximum, average or requantized sum of every window, channel by channel.

    Parameters
    ----------
    node : MaxPool, AveragePool or SumPool
    tensor : Tensor
        What it reads.
    lanes : int
        Elements of a beat, in and out; a divisor of the channels.
    rows : int
        Rows of the window read at once; a divisor of its height.
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i, o : code_stream(type, lanes)
        The tensor, and the pooled one.

    An image takes `cycles_per_image` cycles: one for each position, group of channels, column of
    the window and group of its rows. Images overlap; see `SlidingWindow` for when the first output
    comes. From the window to the codes nothing ever stalls: while codes wait in the FIFO at the
    end, windows are read as long as it has room for all codes under way. An average is over the
    taps inside the tensor; see `WindowAverage`.

    Raises
    ------
    UserError
        If a parameter is out of range, or sums of bipolar codes are asked for.
    """

    def __init__(
        self,
        node: MaxPool | AveragePool | SumPool,
        tensor: Tensor,
        lanes: int = 1,
        rows: int = 1,
        name: str = "pool",
    ) -> None:
        height, width, channels = tensor.shape
        self.node = node
        self.tensors = (tensor,)
        self.lanes = lanes
        self.name = name
        self.window = SlidingWindowSpec(
            tensor.type,
            (height, width, channels),
            node.window,
            self._outside(),
            lanes,
            rows,
            lanes,
            channelwise=True,
        )
        output = node.infer(tensor).tensor
        super().__init__(
            {
                "i": In(code_stream(tensor.type, lanes)),
                "o": Out(code_stream(output.type, lanes)),
            }
        )

    def cycles_per_image(self) -> int:
        """Return the cycles between images when neither side waits."""
        return max(self.window.cycles, self.tensors[0].elements // self.lanes)

    @property
    def outputs_ahead(self) -> int:
        """Elements of a row of the output; its input is taken while the row before is computed."""
        return self.window.output_size[1] * self.tensors[0].channels

    @property
    def outputs_together(self) -> int:
        """Elements of a position, which are computed from the same window."""
        return self.tensors[0].channels

    @property
    def latency(self) -> int:
        """Cycles from the last input that an output needs, when it is the first to be computed."""
        return self._stages + BUFFER_LATENCY

    @property
    def _stages(self) -> int:
        """Cycles from the beginning of a window's last beat to its codes."""
        stages = SlidingWindow.LATENCY + self._reduce().latency
        return stages if isinstance(self.node, MaxPool) else stages + self._requantizer().latency

    def taken_with(self) -> Int64:
        """Return before which output's turn each element of the input is taken at the latest.

        See `MatrixLayerSpec.taken_with`.
        """
        tensor = self.tensors[0]
        rows = np.arange(tensor.elements) // (tensor.elements // tensor.shape[0])
        return (self.window.freeing_row(rows) + 1) * self.outputs_ahead

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements of an image must have come before each output can leave."""
        return self.window.elements_needed(outputs // self.outputs_ahead)

    def elaborate(self, platform: object) -> Module:
        """Chain window, reduction, and clamp or requantizer."""
        m = Module()
        m.submodules.window = window = SlidingWindow(self.window, stalls=False)
        m.submodules.reduce = reduce = self._reduce()
        fifo = results_fifo(self.o.payload.shape(), self._stages, reduce.beats, [1])
        m.submodules.results = fifo
        admission = Admission(m, window.begins, fifo, reduce.beats, [1])
        connect(m, self.i, window.i)
        m.d.comb += window.o.ready.eq(admission.ready)
        _feed(m, window.o, reduce.i, window.o.payload.as_value())
        connect(m, fifo.o, self.o)
        reduced = [reduce.o.payload[lane] for lane in range(self.lanes)]
        if isinstance(self.node, MaxPool):
            low, high = self.node.minimum, self.node.maximum
            _feed(m, reduce.o, fifo.i, Cat(clamped(code, low, high) for code in reduced))
            return m
        m.submodules.requantizer = requantizer = self._requantizer()
        width = requantizer.accumulator.width
        _feed(m, reduce.o, requantizer.i, Cat(resized(total, width) for total in reduced))
        _feed(m, requantizer.o, fifo.i, requantizer.o.payload.as_value())
        return m

    def _reduce(self) -> WindowReduce:
        rows, taps = self.window.rows, self.node.window.taps
        reduction = Reduction.MAXIMUM if isinstance(self.node, MaxPool) else Reduction.SUM
        return WindowReduce(
            self.tensors[0].type, rows, self.lanes, taps // rows, reduction, stalls=False
        )

    def _outside(self) -> int:
        """Return the code that taps outside of the tensor are read as."""
        node, tensor = self.node, self.tensors[0]
        if isinstance(node, MaxPool):
            return tensor.type.minimum
        if isinstance(node, SumPool):
            if node.encoding.bipolar:
                raise UserError(
                    "its input is bipolar; sums of -1 and +1 by windows have no circuit"
                )
            return node.encoding.zero_point
        return 0  # Adds nothing to a sum of codes.

    def _requantizer(self) -> ChannelRequantizer | WindowAverage:
        node, tensor = self.node, self.tensors[0]
        bounds = node.infer(tensor).accumulator
        assert bounds is not None
        if isinstance(node, AveragePool):
            return WindowAverage(node, tensor, bounds.type, self.lanes, self.name)
        assert isinstance(node, SumPool)
        zero = -node.window.taps * node.encoding.zero_point
        return ChannelRequantizer(
            node.requantization,
            bounds.type,
            np.full(tensor.channels, zero, dtype=np.int64),
            tensor.channels,
            self.lanes,
            self.name,
            stalls=False,
        )


def _feed(m: Module, source: Any, sink: Any, payload: Value) -> None:
    """Hand what one part gives, which never waits, to the next."""
    m.d.comb += [sink.valid.eq(source.valid), sink.payload.as_value().eq(payload)]

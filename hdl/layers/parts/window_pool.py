"""Pooling by windows that slide."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring

from bittrue.golden.graph import Tensor, Window
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.memory import usual_ram
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, result_places
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import result_fifo_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.parts.admission import admitted, results_fifo
from bittrue.hdl.layers.parts.codes import resized
from bittrue.hdl.layers.parts.connection import connect, feed
from bittrue.hdl.layers.parts.lanewise import LanewiseSpec
from bittrue.hdl.layers.parts.sliding_window import WINDOW_CONTROL, SlidingWindow, window_cost
from bittrue.hdl.layers.parts.window_reduce import (
    Reduction,
    WindowReduce,
    reduction_cost,
    reduction_latency,
)
from bittrue.hdl.layers.parts.window_spec import SlidingWindowSpec


@dataclass(frozen=True, eq=False)
class WindowPoolSpec(LanewiseSpec):
    """Maxima, averages or sums of every window, channel by channel.

    Parameters
    ----------
    node : Node
        One with a window.
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat, in and out; a divisor of the channels.
    rows : int
        Rows of the window read at once; a divisor of its height.

    Attributes
    ----------
    reduction : Reduction
        What becomes of the taps of a window.
    """

    rows: int = 1

    paced_by_lanes = True
    reduction: ClassVar[Reduction]

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.windows  # Refuses what does not fit.

    @property
    @abstractmethod
    def window(self) -> Window:
        """What slides over the tensor."""

    @property
    @abstractmethod
    def outside(self) -> int:
        """The code that taps outside of the tensor are read as."""

    @property
    @abstractmethod
    def scaling_latency(self) -> int:
        """Cycles from what a window is reduced to, to its code."""

    @abstractmethod
    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what makes codes of the results takes."""

    @abstractmethod
    def scaler(self, name: str) -> "wiring.Component | None":
        """Return what makes codes of the results; None where `direct` does."""

    def direct(self, result: Value) -> Value:
        """Return the code of a result, in logic alone."""
        return result

    @property
    def accumulator(self) -> IntegerType:
        """Type that holds every sum."""
        bounds = self.node.infer(*self.tensors).accumulator
        assert bounds is not None
        return bounds.type

    @cached_property
    def windows(self) -> SlidingWindowSpec:
        """How the windows are read."""
        height, width, channels = self.tensors[0].shape
        return SlidingWindowSpec(
            self.tensors[0].type,
            (height, width, channels),
            self.window,
            self.outside,
            self.lanes,
            self.rows,
            self.lanes,
            channelwise=True,
        )

    def cycles_per_image(self) -> int:
        """Return the cycles between images when neither side waits."""
        return max(self.windows.cycles, self.tensors[0].elements // self.lanes)

    @property
    def outputs_ahead(self) -> int:
        """Elements of a row of the output; its input is taken while the row before is computed."""
        return self.windows.output_size[1] * self.tensors[0].channels

    @property
    def outputs_together(self) -> int:
        """Elements of a position, which are computed from the same window."""
        return self.tensors[0].channels

    @property
    def leaves_as_it_comes(self) -> bool:
        """Whether there is one window, whose results come as fast as its last pixel."""
        return self.output.elements == self.tensors[0].channels

    @property
    def latency(self) -> int:
        """Cycles from the last input that an output needs, when it is the first to be computed."""
        reading = SlidingWindow.LATENCY + reduction_latency(self.rows)
        return reading + self.scaling_latency + BUFFER_LATENCY

    def taken_with(self, port: int, needed: Int64) -> Int64:
        """Return when elements are taken; see `MatrixLayerSpec.taken_with`."""
        tensor = self.tensors[0]
        rows = np.arange(tensor.elements) // (tensor.elements // tensor.shape[0])
        return (self.windows.freeing_row(rows) + 1) * self.outputs_ahead

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        return (self.windows.elements_needed(outputs // self.outputs_ahead),)

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        windows, width = self.windows, self.tensors[0].type.width
        codes, depth, _ = windows.memory_shape
        memory = window_cost(windows, usual_ram(codes * width, depth), fabric)
        code, places = self.output.type.width, result_places(self.latency - BUFFER_LATENCY)
        fifo = result_fifo_cost(self.lanes * code, places).sum()
        reducing = reduction_cost(self.reduction, width, self.rows, self.window.taps) * self.lanes
        return WINDOW_CONTROL + memory + reducing + self.scaling_costs(fabric) + fifo

    def build(self, name: str) -> "WindowPool":
        """Return the circuit."""
        return WindowPool(self, name)


class WindowPool(Layer[WindowPoolSpec]):
    """Maximum, average or requantized sum of every window, channel by channel.

    Parameters
    ----------
    spec : WindowPoolSpec
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i, o : code_stream(type, lanes)
        The tensor, and the pooled one.

    An image takes ``spec.cycles_per_image()`` cycles: one for each position, group of channels,
    column of the window and group of its rows. Images overlap; see `SlidingWindow` for when the
    first output comes. From the window to the codes nothing ever stalls: while codes wait in the
    FIFO at the end, windows are read as long as it has room for all codes under way. An average is
    over the taps inside the tensor; see `WindowAverage`.
    """

    def elaborate(self, platform: object) -> Module:
        """Chain window, reduction, and clamp or requantizer."""
        m = Module()
        spec = self.spec
        beats = spec.window.taps // spec.rows
        kind = spec.tensors[0].type
        m.submodules.window = window = SlidingWindow(spec.windows, stalls=False)
        m.submodules.reduce = reduce = WindowReduce(
            kind, spec.rows, spec.lanes, beats, spec.reduction, stalls=False
        )
        stages = spec.latency - BUFFER_LATENCY
        m.submodules.results = fifo = results_fifo(self.o.payload.shape(), stages, beats, [1])
        ready = admitted(m, window.begins, fifo, beats, [1])
        m.d.comb += window.o.ready.eq(ready)
        connect(m, self.i, window.i)
        feed(m, window.o, reduce.i)
        connect(m, fifo.o, self.o)
        reduced = [reduce.o.payload[lane] for lane in range(spec.lanes)]
        scaler = spec.scaler(self.name)
        if scaler is None:
            feed(m, reduce.o, fifo.i, Cat(map(spec.direct, reduced)))
            return m
        m.submodules.requantizer = scaler
        width = spec.accumulator.width
        feed(m, reduce.o, scaler.i, Cat(resized(total, width) for total in reduced))
        feed(m, scaler.o, fifo.i)
        return m


def covers_the_image(window: Window, tensor: Tensor) -> bool:
    """Return whether there is one window, as large as the tensor."""
    return window.size == tensor.shape[:2] and window.padding == ((0, 0), (0, 0))

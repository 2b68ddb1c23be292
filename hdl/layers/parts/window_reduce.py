"""Maxima and sums of windows whose taps arrive one after the other."""

from collections.abc import Callable, Sequence
from enum import Enum

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.chunks import Chunks
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.layers.parts.codes import code_stream, elements_through_beat


class Reduction(Enum):
    """What becomes of the taps of a window."""

    MAXIMUM = "maximum"
    SUM = "sum"


def reduction_latency(rows: int) -> int:
    """Return the cycles from the last beat of a window, of so many rows, to its result."""
    return (rows - 1).bit_length() + 2


def reduction_cost(reduction: Reduction, width: int, rows: int, taps: int) -> Costs:
    """Estimate the tables of a lane: a tree over rows, and what keeps the result so far.

    Parameters
    ----------
    reduction : Reduction
    width, rows, taps : int
        Bits of a tap, taps of a beat, and of a window.
    """
    if reduction is Reduction.MAXIMUM:  # A carry chain compares two bits to a table.
        return Costs((rows - 1) * (width + width // 2) + width // 2)
    return Costs((rows - 1) * (width + 2) + width + (taps - 1).bit_length())


class WindowReduce(wiring.Component):
    """Reduce the taps of windows, some taps of some channels at a time.

        o[lane] = maximum, or sum, over the rows of `beats` beats of i[row * lanes + lane]

    Parameters
    ----------
    kind : IntegerType
        Of each tap.
    rows : int
        Taps of a channel in a beat.
    lanes : int
        Channels of a beat.
    beats : int
        Beats of a window, for each group of channels; they follow each other.
    reduction : Reduction
        Maximum or sum.
    stalls : bool
        Without, it never waits: ``i.ready`` is always high, and ``o.ready`` must be.

    Members
    -------
    i : In(stream)
        ``rows * lanes`` codes, a row after the other. Taps outside an image are given as the
        lowest code for a maximum, as the code of zero for a sum.
    o : Out(stream)
        For each window and group, `lanes` maxima or sums; see `result` for their type.

    Latency `latency` cycles from the last beat of a window, one beat per cycle; all stages hold
    while the output waits.
    """

    def __init__(
        self,
        kind: IntegerType,
        rows: int,
        lanes: int,
        beats: int,
        reduction: Reduction,
        stalls: bool = True,
    ) -> None:
        for name, value in (("rows", rows), ("lanes", lanes), ("beats", beats)):
            if value < 1:
                raise UserError(f"{name} is {value}; allowed: at least 1")
        self.kind = kind
        self.rows = rows
        self.lanes = lanes
        self.beats = beats
        self.reduction = reduction
        self.stalls = stalls
        super().__init__(
            {"i": In(code_stream(kind, rows * lanes)), "o": Out(code_stream(self.result, lanes))}
        )

    @property
    def result(self) -> IntegerType:
        """Type of the results: that of the taps, or wide enough for their sum."""
        if self.reduction is Reduction.MAXIMUM:
            return self.kind
        taps = self.rows * self.beats
        return IntegerType.spanning(taps * self.kind.minimum, taps * self.kind.maximum)

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a window to its result."""
        return reduction_latency(self.rows)

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many taps must have been accepted before each output can leave."""
        windows = elements_through_beat(outputs // self.lanes, self.beats)
        return windows * self.rows * self.lanes

    def elaborate(self, platform: object) -> Module:
        """Reduce the rows of a beat in a tree, and the beats one after the other."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency, self.stalls)
        place = Chunks(m, self.i, self.beats)
        arrived = self.latency - 1
        first = pipeline.register("first_beat", place.first, arrived)
        pipeline.leave_when(pipeline.register("last_beat", place.last, arrived))
        arriving = Signal()
        m.d.comb += arriving.eq(pipeline.arriving(arrived))
        results = []
        for lane in range(self.lanes):
            taps = [
                pipeline.register(f"tap_{row}_{lane}", self.i.payload[row * self.lanes + lane])
                for row in range(self.rows)
            ]
            reduced = self._tree(pipeline, f"reduced_{lane}", taps)
            result = Signal.like(self.o.payload[lane], name=f"result_{lane}", reset_less=True)
            if self.reduction is Reduction.SUM:
                with m.If(arriving):
                    m.d.sync += result.eq(Mux(first, reduced, result + reduced))
            else:
                with m.If(arriving & (first | (result < reduced))):
                    m.d.sync += result.eq(reduced)
            results.append(result)
        m.d.comb += self.o.payload.as_value().eq(Cat(results))
        return m

    @property
    def _combine(self) -> Callable[[Value, Value], Value]:
        if self.reduction is Reduction.SUM:
            return lambda one, other: one + other
        return lambda one, other: Mux(one < other, other, one)

    def _tree(self, pipeline: Pipeline, name: str, values: Sequence[Value]) -> Value:
        """Combine values in pairs, a register for each level."""
        level = 0
        while len(values) > 1:
            pairs = [values[first : first + 2] for first in range(0, len(values), 2)]
            values = [
                pipeline.register(f"{name}_{level}_{index}", self._combine_pair(pair))
                for index, pair in enumerate(pairs)
            ]
            level += 1
        return values[0]

    def _combine_pair(self, pair: Sequence[Value]) -> Value:
        return self._combine(*pair) if len(pair) == 2 else pair[0]

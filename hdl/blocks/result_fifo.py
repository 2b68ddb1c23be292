"""Back-pressure for pipelines that never stall."""

from typing import Any

from amaranth.hdl import C, ClockSignal, Instance, Module, ResetSignal, ShapeLike, Value, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.hdl.blocks.platform import VerilogPlatform

BUFFER_LATENCY = 2
"""Cycles that a `ResultFifo` adds to the latency of the pipeline in front of it."""


def result_places(latency: int, results: int = 1, interval: int = 1) -> int:
    """Return the words of a `ResultFifo`, a power of two."""
    # The last of a reservation's results leaves its place in cycle `latency + results`, which
    # shows one cycle later; until then, reservations come at their interval. As no more than
    # one result comes in a cycle, these are no more than so many.
    busy = latency + results + 1
    places = min(-(-busy // interval) * results, busy + results - 1)
    return 1 << max(places - 1, 1).bit_length()


class ResultFifo(wiring.Component):
    """Keep the results of a pipeline that never stalls until they are taken.

    Places are given like credits: whoever lets work into the pipeline reserves places for its
    results first, and does so only while `room` is high. Then every result finds a place when it
    comes, and nothing but the admission has to wait.

    Parameters
    ----------
    shape : ShapeLike
        Of a result.
    latency : int
        Cycles from a reservation to the first result that it is for.
    results : int
        Of a reservation at most; they come one after the other.
    interval : int
        Cycles from one reservation to the next at least; and at least as many as it has results.

    Members
    -------
    i : In(stream, always ready)
        Results as they come.
    reserve : In(range(results + 1))
        How many places are reserved in this cycle; not without `room`.
    room : Out(1)
        Whether there are places for as many results as a reservation can have. Comes from
        registers alone.
    o : Out(stream)
        The results in order. ``valid`` and the payload come from registers.

    Latency 2 cycles, one result per cycle. There are so many places that with an
    output that is always ready a reservation is possible every `interval` cycles.
    """

    def __init__(self, shape: ShapeLike, latency: int, results: int = 1, interval: int = 1) -> None:
        limits = (("latency", latency, 0), ("results", results, 1), ("interval", interval, 1))
        for name, value, least in limits:
            if value < least:
                raise UserError(f"{name} is {value}; allowed: at least {least}")
        self.results = results
        self.depth = result_places(latency, results, interval)
        super().__init__(
            {
                "i": In(stream.Signature(shape, always_ready=True)),
                "reserve": In(range(results + 1)),
                "room": Out(1),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Instantiate the hand-written module."""
        module = "result_fifo"
        if isinstance(platform, VerilogPlatform):
            module = platform.add_library(module)
        m = Module()
        m.submodules.fifo = Instance(
            module,
            p_WIDTH=len(Value.cast(self.i.payload)),
            p_ADDRESS_WIDTH=self.depth.bit_length() - 1,
            p_RESERVE_WIDTH=len(self.reserve),
            p_LARGEST=self.results,
            i_clk=ClockSignal(),
            i_rst=ResetSignal(),
            i_reserve=self.reserve,
            o_room=self.room,
            i_i_valid=self.i.valid,
            i_i_payload=self.i.payload,
            o_o_valid=self.o.valid,
            i_o_ready=self.o.ready,
            o_o_payload=Value.cast(self.o.payload),
        )
        return m


def buffered(
    m: Module,
    i: Any,
    o: Any,
    latency: int,
    ends: ValueLike | None = None,
    stalls: bool = True,
) -> tuple[Value, Any]:
    """Put a FIFO between a pipeline that never stalls and its output.

    Parameters
    ----------
    m : Module
        Receives the FIFO as its submodule ``results``.
    i, o : stream interfaces
        The input as seen from inside the component, and the output.
    latency : int
        Cycles of the pipeline.
    ends : ValueLike, optional
        Whether the beat offered on `i` brings a result; every beat if not given.
    stalls : bool
        Without, there is no FIFO: ``i.ready`` is always high, and ``o.ready`` must be.

    Returns
    -------
    accepted : Value
        Whether a beat of `i` enters the pipeline. ``i.ready`` depends on registers alone.
    results : stream interface
        ``valid`` and ``payload`` are to be driven by the end of the pipeline.
    """
    if not stalls:
        m.d.comb += i.ready.eq(1)
        return i.valid, o
    m.submodules.results = fifo = ResultFifo(o.payload.shape(), latency)
    accepted = i.valid & i.ready
    m.d.comb += [
        i.ready.eq(fifo.room),
        fifo.reserve.eq(accepted & (C(1) if ends is None else ends)),
        o.valid.eq(fifo.o.valid),
        o.payload.eq(fifo.o.payload),
        fifo.o.ready.eq(o.ready),
    ]
    return accepted, fifo.i

"""Deliberately broken circuits: a requantizer inside, one fault around it.

Each has the ports of a `Requantizer`. A bench that lets one of them pass is no proof of anything.
"""

from collections.abc import Callable

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantSpec
from bittrue.hdl.units.requant import Requantizer

Fault = Callable[[Module, wiring.Component, Requantizer], None]
"""Connects the ports of the outer circuit to the requantizer inside, wrongly."""


class BrokenRequantizer(wiring.Component):
    """A requantizer behind faulty connections."""

    LATENCY = Requantizer.LATENCY

    def __init__(self, inner: Requantizer, fault: Fault, ports: wiring.Signature) -> None:
        self.inner = inner
        self.fault = fault
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = self.inner
        self.fault(m, self, self.inner)
        return m


def _connect_input(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    m.d.comb += [
        inner.i.payload.eq(outer.i.payload),
        inner.i.valid.eq(outer.i.valid),
        outer.i.ready.eq(inner.i.ready),
    ]


def _connect_output(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    m.d.comb += [
        outer.o.payload.eq(inner.o.payload),
        outer.o.valid.eq(inner.o.valid),
        inner.o.ready.eq(outer.o.ready),
    ]


def no_fault(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Connect everything as it should be."""
    _connect_input(m, outer, inner)
    _connect_output(m, outer, inner)


def shift_one_too_far(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Add one to every shift."""
    no_fault(m, outer, inner)
    m.d.comb += inner.i.payload.channel.shift.eq(outer.i.payload.channel.shift + 1)


def channel_of_the_beat_before(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Give every accumulator the channel of its predecessor."""
    no_fault(m, outer, inner)
    previous = Signal.like(outer.i.payload.channel)
    with m.If(outer.i.valid & outer.i.ready):
        m.d.sync += previous.eq(outer.i.payload.channel)
    m.d.comb += inner.i.payload.channel.eq(previous)


def beat_dropped_when_waiting(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Let the pipeline move on although the output is not taken."""
    no_fault(m, outer, inner)
    m.d.comb += inner.o.ready.eq(1)


def beat_repeated_after_waiting(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Hold the pipeline for one cycle after a wait, so that a beat is delivered twice."""
    no_fault(m, outer, inner)
    waited = Signal()
    m.d.sync += waited.eq(outer.o.valid & ~outer.o.ready)
    m.d.comb += inner.o.ready.eq(outer.o.ready & ~waited)


def bubble_after_every_beat(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Accept an input in every other cycle only."""
    no_fault(m, outer, inner)
    pause = Signal()
    with m.If(outer.i.valid & outer.i.ready):
        m.d.sync += pause.eq(1)
    with m.Else():
        m.d.sync += pause.eq(0)
    m.d.comb += [
        inner.i.valid.eq(outer.i.valid & ~pause),
        outer.i.ready.eq(inner.i.ready & ~pause),
    ]


def never_valid_again(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Stop delivering after a hundred beats."""
    no_fault(m, outer, inner)
    delivered = Signal(range(101))
    with m.If(outer.o.valid & outer.o.ready):
        m.d.sync += delivered.eq(delivered + 1)
    with m.If(delivered == 100):
        m.d.comb += [outer.o.valid.eq(0), inner.o.ready.eq(0)]


def one_wrong_bit_once(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
    """Flip the lowest bit of the 150th beat after reset."""
    no_fault(m, outer, inner)
    delivered = Signal(range(152))
    with m.If(outer.o.valid & outer.o.ready & (delivered != 151)):
        m.d.sync += delivered.eq(delivered + 1)
    m.d.comb += outer.o.payload.eq(inner.o.payload ^ Mux(delivered == 149, 1, 0))


def lost_saturation(spec: RequantSpec) -> BrokenRequantizer:
    """Return a requantizer that wraps around instead of saturating."""
    wide = RequantSpec(spec.accumulator, IntegerType(16, True), roundings=spec.roundings)

    def fault(m: Module, outer: wiring.Component, inner: Requantizer) -> None:
        given, channel = outer.i.payload.channel, inner.i.payload.channel
        m.d.comb += [
            inner.i.payload.accumulator.eq(outer.i.payload.accumulator),
            channel.multiplier.eq(given.multiplier),
            channel.shift.eq(given.shift),
            channel.zero_point.eq(given.zero_point),
            channel.minimum.eq(wide.output.minimum),
            channel.maximum.eq(wide.output.maximum),
            inner.i.valid.eq(outer.i.valid),
            outer.i.ready.eq(inner.i.ready),
        ]
        _connect_output(m, outer, inner)

    return BrokenRequantizer(Requantizer(wide), fault, Requantizer(spec).signature)


def broken(spec: RequantSpec, fault: Fault) -> BrokenRequantizer:
    """Return a requantizer with a fault in its connections."""
    inner = Requantizer(spec)
    return BrokenRequantizer(inner, fault, inner.signature)

"""What the shell counts."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.hdl.shell.register_map import WORD_BYTES, stall_register, stream_counters

_WIDTH = 8 * WORD_BYTES

EVENTS = {
    "image_begun": None,
    "image_taken": "images_in",
    "image_sent": "images_out",
    "input_stalled": "input_stalls",
    "output_stalled": "output_stalls",
    "tlast_missing": "tlast_missing",
    "tlast_early": "tlast_early",
    "code_error": "code_errors",
    "active": None,
}
"""What can happen in a cycle, and the register that counts how often it did."""

ERRORS = ("tlast_missing", "tlast_early", "code_error")
"""Those of them that set the error bit."""


class Counters(wiring.Component):
    """Count events, and the cycles between them.

    Parameters
    ----------
    layers : sequence of str
        Names of layers that stall.
    inputs, outputs : sequence of str
        Names of the streams, where there are several in the one or the other direction.

    Members
    -------
    events : In(data.StructLayout)
        One bit for each of `EVENTS`, which happens in this cycle; of errors one for each input.
        And one for each counter that a single stream has, by its name.
    stalls : In(data.StructLayout)
        One bit for each layer: an output of it waits in this cycle.
    clear : In(1)
        Every counter is 0 in the next cycle.
    values : Out(data.StructLayout)
        32 bits for each counting register, by its name.
    error : Out(1)
        An error happened since `clear`.

    Events count one cycle after they happened: they come from registers at the ends of long paths.
    """

    def __init__(
        self, layers: Sequence[str] = (), inputs: Sequence[str] = (), outputs: Sequence[str] = ()
    ) -> None:
        self.layers = tuple(layers)
        self.of_streams = tuple(stream_counters(inputs, outputs))
        events = dict.fromkeys(EVENTS, 1) | dict.fromkeys(ERRORS, max(len(inputs), 1))
        events |= dict.fromkeys(self.of_streams, 1)
        counters = [register for register in EVENTS.values() if register is not None]
        counters += ["cycles_low", "cycles_high", "first_image_cycles", "image_interval"]
        counters += [stall_register(layer) for layer in layers]
        counters += self.of_streams
        super().__init__(
            {
                "events": In(data.StructLayout(events)),
                "stalls": In(data.StructLayout(dict.fromkeys(layers, 1))),
                "clear": In(1),
                "values": Out(data.StructLayout(dict.fromkeys(counters, _WIDTH))),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build a counter for each register."""
        m = Module()
        events = Signal(self.events.shape(), name="events_before")
        stalls = Signal(self.stalls.shape(), name="stalls_before")
        m.d.sync += [events.eq(self.events), stalls.eq(self.stalls)]
        for event, register in EVENTS.items():
            if register is not None:
                self._count(m, register, events[event])
        for register in self.of_streams:
            self._count(m, register, events[register])
        for layer in self.layers:
            self._count(m, stall_register(layer), stalls[layer])
        self._count_cycles(m, events.active)
        self._time_images(m, events)
        error = Signal(name="error_since_clear")
        m.d.comb += self.error.eq(error)
        with m.If(self.clear):
            m.d.sync += error.eq(0)
        with m.Elif(events.tlast_missing | events.tlast_early | events.code_error):
            m.d.sync += error.eq(1)
        return m

    def _count(self, m: Module, register: str, event: Value) -> None:
        counter = Signal(_WIDTH, name=register)
        m.d.comb += self.values[register].eq(counter)
        with m.If(self.clear):
            m.d.sync += counter.eq(0)
        with m.Elif(event):
            m.d.sync += counter.eq(counter + (1 if len(event) == 1 else sum(event)))

    def _count_cycles(self, m: Module, active: Value) -> None:
        """Count in two words, the upper one a cycle later, so that the carry is short."""
        self._count(m, "cycles_low", active)
        full = Signal(name="cycles_low_full")
        m.d.sync += full.eq(active & self.values.cycles_low.all() & ~self.clear)
        self._count(m, "cycles_high", full)

    def _time_images(self, m: Module, events: data.View) -> None:
        """Time the first image since `clear`, and the latest one after the one before it."""
        first = Signal(_WIDTH, name="first_image_cycles")
        begun, timed = Signal(name="first_begun"), Signal(name="first_timed")
        interval = Signal(_WIDTH, name="image_interval")
        since, sent = Signal(_WIDTH, name="cycles_since_image"), Signal(name="image_was_sent")
        m.d.comb += [
            self.values.first_image_cycles.eq(Mux(timed, first, 0)),
            self.values.image_interval.eq(interval),
        ]
        with m.If(self.clear):
            m.d.sync += [register.eq(0) for register in (first, begun, timed, interval, sent)]
        with m.Else():
            with m.If((begun | events.image_begun) & ~timed):
                m.d.sync += [begun.eq(1), first.eq(first + 1), timed.eq(events.image_sent)]
            with m.If(events.image_sent):
                m.d.sync += [sent.eq(1), since.eq(1)]
                with m.If(sent):
                    m.d.sync += interval.eq(since)
            with m.Else():
                m.d.sync += since.eq(since + 1)

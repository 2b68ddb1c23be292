"""An AXI shell whose control, data and circuit have clocks of their own."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth.lib.wiring import In

from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.shell.axi_shell import AxiShell
from bittrue.hdl.shell.bus import axi_name
from bittrue.hdl.shell.clock_crossing import ClockCrossing
from bittrue.hdl.shell.register_map import Register

STREAM_BEATS = 16
"""That a FIFO of a stream holds: as many as pass while a pointer goes there and back, and more."""

CONTROL_ACCESSES = 4

CONTROL_CHANNELS = {
    "aw": ("awaddr",),
    "w": ("wdata", "wstrb"),
    "ar": ("araddr",),
    "b": ("bresp",),
    "r": ("rdata", "rresp"),
}
"""Of AXI4-Lite, with what each carries."""


class _Emptying(NamedTuple):
    """Signals that are set while FIFOs are emptied.

    `asks` is a register of the circuit's domain, `data` one of the data's; `waits` is set in the
    circuit's from the restart on until both sides are empty.
    """

    asks: Signal
    waits: Signal
    data: Signal


class CrossingShell(wiring.Component):
    """An `AxiShell` behind FIFOs between clocks that need have nothing to do with each other.

    Parameters
    ----------
    circuit, beats, build
        As `AxiShell` takes them.

    Members
    -------
    aclk : In(1)
        The clock of the circuit, which counters count.
    axis_aclk : In(1)
        The clock of all AXI4-Streams.
    s_axi_aclk : In(1)
        The clock of control, and of `irq`.
    aresetn : In(1)
        Reset, active low, of everything: asynchronous, for at least 4 cycles of the slowest clock.
    s_axi, s_axis, m_axis, irq
        As `AxiShell` has them, in the domains of the clocks above.

    Every stream passes a FIFO of `STREAM_BEATS` beats. So an input takes that many beats before
    ``control.enable`` is set, and ``status.busy`` tells nothing of what is in the FIFOs.
    ``control.reset`` empties them; the response of the write that sets it comes when they are
    empty, for which all clocks have to run. While `aresetn` is low, nothing is offered and nothing
    taken.
    """

    LATENCY = AxiShell.LATENCY
    """In cycles of the circuit; what the FIFOs add depends on the clocks."""

    CLOCKS = ("aclk", "axis_aclk", "s_axi_aclk")
    """Ports of clocks: of the circuit, of data and of control."""

    @staticmethod
    def cost(layers: int, streams: int, bits: int) -> Costs:
        """Estimate the shell as `AxiShell.cost` does, with the FIFOs."""
        fifos = Costs(260 + 70 * streams + 2 * bits)
        return AxiShell.cost(layers, streams, bits) + fifos

    def __init__(self, circuit: Any, beats: Mapping[str, int], build: int = 0) -> None:
        self.shell = AxiShell(circuit, beats, build)
        members = dict(self.shell.signature.members)
        super().__init__({**members, "axis_aclk": In(1), "s_axi_aclk": In(1)})

    @property
    def registers(self) -> tuple[Register, ...]:
        """The register map."""
        return self.shell.registers

    def elaborate(self, platform: object) -> Module:
        """Make the clocks and resets, and put FIFOs around the shell."""
        m = Module()
        clocks = {"circuit": self.aclk, "data": self.axis_aclk, "control": self.s_axi_aclk}
        for name, clock in clocks.items():
            m.domains += ClockDomain(name, local=True)
            m.d.comb += ClockSignal(name).eq(clock)
            m.submodules[f"{name}_reset"] = ResetSynchronizer(~self.aresetn, domain=name)
        m.submodules.shell = shell = self.shell
        m.d.comb += [shell.aclk.eq(self.aclk), shell.aresetn.eq(~ResetSignal("circuit"))]
        m.submodules.interrupt = FFSynchronizer(shell.irq, self.irq, o_domain="control")
        emptying = self._empty_on_restart(m)
        self._connect_control(m, emptying)
        self._connect_streams(m, emptying)
        return m

    def _empty_on_restart(self, m: Module) -> "_Emptying":
        """Have FIFOs emptied on both sides before the circuit goes on."""
        asks, answered = Signal(name="asks_to_empty"), Signal(name="has_emptied")
        emptied = Signal(name="data_emptied")
        m.submodules.ask = FFSynchronizer(asks, emptied, o_domain="data")
        m.submodules.answer = FFSynchronizer(emptied, answered, o_domain="circuit")
        started = Signal(name="started")
        m.d.circuit += started.eq(1)
        # The restart that follows a reset finds all FIFOs empty.
        with m.If(self.shell.restart & started):
            m.d.circuit += asks.eq(1)
        with m.Elif(answered):
            m.d.circuit += asks.eq(0)
        waits = Signal(name="waits_for_empty")
        m.d.comb += waits.eq((self.shell.restart & started) | asks | answered)
        return _Emptying(asks, waits, emptied)

    def _connect_control(self, m: Module, emptying: "_Emptying") -> None:
        outside, inside = self.s_axi, self.shell.s_axi
        awake = self.aresetn & ~ResetSignal("control")
        for channel, fields in CONTROL_CHANNELS.items():
            answers = channel in ("b", "r")
            near, far = (inside, outside) if answers else (outside, inside)
            carried = Cat(getattr(near, name) for name in fields)
            ends = ("circuit", "control") if answers else ("control", "circuit")
            crossing = ClockCrossing(len(carried), CONTROL_ACCESSES, *ends)
            m.submodules[f"control_{channel}"] = crossing
            offers, takes = getattr(near, f"{channel}valid"), getattr(near, f"{channel}ready")
            given, taken = getattr(far, f"{channel}valid"), getattr(far, f"{channel}ready")
            m.d.comb += [
                crossing.i.payload.eq(carried),
                Cat(getattr(far, name) for name in fields).eq(crossing.o.payload),
                crossing.o.ready.eq(taken),
            ]
            if answers:
                # What was written is answered when it is done.
                waits = emptying.waits if channel == "b" else 0
                m.d.comb += [
                    crossing.i.valid.eq(offers & ~waits),
                    takes.eq(crossing.i.ready & ~waits),
                    given.eq(crossing.o.valid & awake),
                ]
            else:
                m.d.comb += [
                    crossing.i.valid.eq(offers & awake),
                    takes.eq(crossing.i.ready & awake),
                    given.eq(crossing.o.valid),
                ]

    def _connect_streams(self, m: Module, emptying: "_Emptying") -> None:
        awake = self.aresetn & ~ResetSignal("data") & ~emptying.data
        for port in (*self.shell.inputs, *self.shell.outputs):
            name = axi_name(port)
            enters = port in self.shell.inputs
            outside, inside = getattr(self, name), getattr(self.shell, name)
            near, far = (outside, inside) if enters else (inside, outside)
            carried = Cat(near.tdata.as_value(), near.tlast)
            ends = ("data", "circuit") if enters else ("circuit", "data")
            clear = emptying.data if enters else emptying.asks
            crossing = ClockCrossing(len(carried), STREAM_BEATS, *ends, clear)
            m.submodules[f"stream_{name}"] = crossing
            goes_on = ~emptying.waits
            before, behind = (awake, goes_on) if enters else (goes_on, awake)
            m.d.comb += [
                crossing.i.payload.eq(carried),
                crossing.i.valid.eq(near.tvalid & before),
                near.tready.eq(crossing.i.ready & before),
                Cat(far.tdata.as_value(), far.tlast).eq(crossing.o.payload),
                far.tvalid.eq(crossing.o.valid & behind),
                crossing.o.ready.eq(far.tready & behind),
            ]

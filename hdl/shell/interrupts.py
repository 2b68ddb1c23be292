"""What raises the interrupt of a shell."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Interrupts(wiring.Component):
    """Remember what has happened until software clears it, and tell of what is enabled.

    Parameters
    ----------
    causes : int
        Bits of `interrupt_status` and of `interrupt_enable`.

    Members
    -------
    happens : In(causes)
        Which causes there are in this cycle.
    enables, clears : In(1)
        `data` is for `interrupt_enable`, or for `interrupt_status`, in this cycle.
    data : In(causes)
        What is written.
    enabled, happened : Out(causes)
        The two registers. A cause that happens while it is cleared stays.
    interrupt : Out(1)
        High while a cause that is enabled has happened.

    `happened` follows 2 cycles after `happens`, `interrupt` one cycle later, from registers.
    """

    def __init__(self, causes: int) -> None:
        super().__init__(
            {
                "happens": In(causes),
                "enables": In(1),
                "clears": In(1),
                "data": In(causes),
                "enabled": Out(causes),
                "happened": Out(causes),
                "interrupt": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the registers."""
        m = Module()
        happens = Signal.like(self.happens, name="happens_before")
        enabled = Signal.like(self.enabled, name="interrupt_enable")
        happened = Signal.like(self.happened, name="interrupt_status")
        interrupt = Signal(name="interrupt_raised")
        m.d.comb += [
            self.enabled.eq(enabled),
            self.happened.eq(happened),
            self.interrupt.eq(interrupt),
        ]
        m.d.sync += [
            happens.eq(self.happens),
            happened.eq(happened | happens),
            interrupt.eq((happened & enabled).any()),
        ]
        with m.If(self.clears):
            m.d.sync += happened.eq((happened & ~self.data) | happens)
        with m.If(self.enables):
            m.d.sync += enabled.eq(self.data)
        return m

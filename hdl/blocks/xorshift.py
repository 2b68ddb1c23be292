"""The pseudo-random sequence of `golden.numbers.xorshift`, in gates."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError


class Xorshift32(wiring.Component):
    """Marsaglia's xorshift32 generator.

    Parameters
    ----------
    seed : int
        First state, 1 to 2**32 - 1.

    Members
    -------
    step : In(1)
        Go on to the next state at the clock edge.
    state : Out(32)
        The current state.
    """

    def __init__(self, seed: int) -> None:
        if not 1 <= seed < 1 << 32:
            raise UserError(f"seed is {seed!r}; allowed: 1 to {(1 << 32) - 1}")
        self.seed = seed
        super().__init__({"step": In(1), "state": Out(32)})

    def elaborate(self, platform: object) -> Module:
        """Build the three shifts and the state register."""
        m = Module()
        state = Signal(32, init=self.seed, name="generator")
        first = (state ^ (state << 13))[:32]
        second = first ^ (first >> 17)
        with m.If(self.step):
            m.d.sync += state.eq((second ^ (second << 5))[:32])
        m.d.comb += self.state.eq(state)
        return m

"""Sums over the beats of a frame."""

from typing import Any

from amaranth.hdl import C, Module, Signal, Value

from golden.numbers.integer_type import IntegerType
from hdl.blocks.adder_tree import add_term
from hdl.blocks.pipeline import Pipeline
from hdl.blocks.shapes import shape_of


class FramePipeline(Pipeline):
    """A pipeline in which only the last beat of a frame leaves.

    Its last stage holds accumulators. Beats that do not end a frame end there, without waiting
    for the output.

    Parameters
    ----------
    m : Module
        Receives the statements.
    platform : object
        The one given to ``elaborate``.
    i, o : stream interfaces
        The payload of `i` has a member ``last``.
    latency : int
        Cycles from an accepted input to the accumulators, at least 2.
    """

    def __init__(self, m: Module, platform: object, i: Any, o: Any, latency: int) -> None:
        super().__init__(m, platform, i, o, latency)
        ends = self.register("last", i.payload.last, latency - 1)
        self.leave_when(ends)
        self._fresh = Signal(init=1, name="first_of_frame")
        self._arriving = self.valid[latency - 2]
        # Not as a condition of the enable, which waits for `advance` already.
        with m.If(self.advance):
            m.d.sync += self._fresh.eq((self._arriving & ends) | (~self._arriving & self._fresh))

    def accumulate(self, name: str, kind: IntegerType, term: Value) -> Value:
        """Return the sum of `term` over the beats of a frame so far; one cycle.

        Parameters
        ----------
        name : str
            Of the register.
        kind : IntegerType
            Holds every sum.
        term : Value
            What a beat adds, valid with the stage before the last.
        """
        total = Signal(shape_of(kind), name=name, reset_less=True)
        extended = Signal(shape_of(kind), name=f"{name}_term")
        kept = total.as_unsigned() & (~self._fresh).replicate(kind.width)
        self._m.d.comb += extended.eq(term)
        with self._m.If(self.advance & self._arriving):
            self._m.d.sync += total.eq(add_term(extended, kept, C(0)))
        return total

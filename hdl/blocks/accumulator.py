"""Sums over the beats of a frame."""

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, ValueLike

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.adder_tree import add_term
from bittrue.hdl.blocks.pipeline import ValidStages
from bittrue.hdl.blocks.shapes import shape_of


class FramePipeline(ValidStages):
    """A pipeline in which only the last beat of a frame leaves.

    Its last stage holds accumulators. Beats that do not end a frame end there.

    Parameters
    ----------
    m : Module
        Receives the statements.
    platform : object
        The one given to ``elaborate``.
    enters : ValueLike
        Whether a beat enters in this cycle.
    last : ValueLike
        Whether that beat ends a frame.
    latency : int
        Cycles from a beat that enters to the accumulators, at least 2.
    stalls : bool
        See `hdl.blocks.pipeline.ValidStages`.
    """

    def __init__(
        self,
        m: Module,
        platform: object,
        enters: ValueLike,
        last: ValueLike,
        latency: int,
        stalls: bool = False,
    ) -> None:
        super().__init__(m, platform, enters, latency, stalls)
        ends = self.register("last", last, latency - 1)
        self.leave_when(ends)
        self._fresh = Signal(init=1, name="first_of_frame")
        self._arriving = self.arriving(latency - 1)
        with m.If(self._arriving):
            m.d.sync += self._fresh.eq(ends)

    def accumulate(
        self,
        name: str,
        kind: IntegerType,
        term: Value,
        shifts: Value | None = None,
        step: int = 0,
    ) -> Value:
        """Return the sum of `term` over the beats of a frame so far; one cycle.

        Parameters
        ----------
        name : str
            Of the register.
        kind : IntegerType
            Holds every sum.
        term : Value
            What a beat adds, valid with the stage before the last.
        shifts : Value, optional
            Whether the sum is shifted up before, valid with `term`.
        step : int
            Bits by which.
        """
        total = Signal(shape_of(kind), name=name, reset_less=True)
        extended = Signal(shape_of(kind), name=f"{name}_term")
        before: Value = total.as_unsigned()
        if shifts is not None:
            before = Mux(shifts, Cat(C(0, step), before)[: kind.width], before)
        kept = before & (~self._fresh).replicate(kind.width)
        self._m.d.comb += extended.eq(term)
        with self._m.If(self._arriving):
            self._m.d.sync += total.eq(add_term(extended, kept, C(0)))
        return total

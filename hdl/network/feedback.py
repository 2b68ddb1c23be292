"""What a network keeps from one call to the next."""

from amaranth.hdl import C, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.graph import State
from bittrue.golden.graph.constant import Constant
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import counters_cost
from bittrue.hdl.layers.constant import ConstantSource, ConstantSpec
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.position import Position

_CYCLES = 1 << 12
"""Cycles between calls that are counted, for estimates; twice as many take two tables more."""


def feedback_cost(state: State, lanes: int, fabric: Fabric) -> Costs:
    """Estimate a feedback: initial codes, the choice between them and what was kept, counters."""
    width = lanes * state.tensor.type.width
    counted = [state.tensor.elements // lanes, _CYCLES]
    return _initial(state, lanes).costs(fabric) + Costs(width + 6) + counters_cost(counted)


def _initial(state: State, lanes: int) -> ConstantSpec:
    tensor = state.tensor
    node = Constant(inputs=(), output=tensor.name, values=state.initial, type=tensor.type)
    return ConstantSpec(node, lanes)


class Feedback(wiring.Component):
    """Give each call what the call before made, and the first after a reset the initial codes.

        o = initial codes, i[0], i[1], ...

    Parameters
    ----------
    state : State
        Its type, its elements and its initial codes.
    lanes : int
        Elements of a beat.
    interval : int
        Cycles from the first beat of a call to that of the next at least; 0 for as few as may be.
    name : str
        Of the ROM file of initial codes, if there is one; unique within a design.

    Members
    -------
    i : In(stream)
        What the state becomes, call after call, from a FIFO that keeps it.
    o : Out(stream)
        What the state holds, call after call.

    No latency, one beat per cycle. The FIFO in front of it is empty while the first call has the
    initial codes; a reset in mid-sequence empties it, and the next call begins with them again.
    """

    latency = 0

    def __init__(self, state: State, lanes: int, interval: int = 0, name: str = "initial") -> None:
        self.state = state
        self.lanes = lanes
        self.interval = interval
        self.name = name
        kind = state.tensor.type
        super().__init__({"i": In(code_stream(kind, lanes)), "o": Out(code_stream(kind, lanes))})

    def elaborate(self, platform: object) -> Module:
        """Pass initial codes until a call has had all of them, then what was kept."""
        m = Module()
        m.submodules.initial_codes = initial = ConstantSource(
            _initial(self.state, self.lanes), self.name
        )
        first_call_over = Signal()
        passes = self.o.valid & self.o.ready
        beats = self.state.tensor.elements // self.lanes
        beat = Position(m, "beat", (beats,), passes)
        with m.If(passes & beat.ends[0]):
            m.d.sync += first_call_over.eq(1)
        may_pass = self._may_pass(m, beat.index[0] == 0, passes)
        kept, given = self.i.payload.as_value(), initial.o.payload.as_value()
        there = Mux(first_call_over, self.i.valid, initial.o.valid)
        m.d.comb += [
            self.o.valid.eq(may_pass & there),
            self.o.payload.as_value().eq(Mux(first_call_over, kept, given)),
            self.i.ready.eq(first_call_over & may_pass & self.o.ready),
            initial.o.ready.eq(~first_call_over & may_pass & self.o.ready),
        ]
        return m

    def _may_pass(self, m: Module, first: Value, passes: Value) -> Value:
        """Return whether enough cycles are over since the call before began."""
        if self.interval < 2:
            return C(1)
        cycles_to_wait = Signal(range(self.interval), name="cycles_to_wait")
        with m.If(passes & first):
            m.d.sync += cycles_to_wait.eq(self.interval - 1)
        with m.Elif(cycles_to_wait != 0):
            m.d.sync += cycles_to_wait.eq(cycles_to_wait - 1)
        return ~first | (cycles_to_wait == 0)

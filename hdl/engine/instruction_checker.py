"""What an instruction must be, before anything of it is executed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    INSTRUCTIONS,
    SIZE,
    Buffer,
    End,
    GreatestChannel,
    Instruction,
    Load,
    Matrix,
    Operation,
    Pool,
    Region,
    Softmax,
    Store,
    Unit,
    Vector,
)
from bittrue.hdl.engine.instruction_fields import (
    COMMON_BYTES,
    CONTENT_BYTES,
    fields_of,
    unused_bytes,
)
from bittrue.hdl.engine.register_map import Fault

_WINDOW = ("rows", "columns", "kernel_y", "kernel_x", "planes")


@dataclass(frozen=True)
class _Rule:
    """What the fields of a kind must be: not zero, below a bound, a multiple of the lanes."""

    positive: tuple[str, ...] = ()
    below: Mapping[str, int] = field(default_factory=dict)
    aligned: tuple[str, ...] = ()


def _rules(engine: EngineConfiguration) -> dict[type[Instruction], _Rule]:
    places = {"input": engine.input_words, "output": engine.output_words}
    strides = ("address", "row_stride", "plane_stride")
    moved = ("run", "rows", "planes")
    return {
        Load: _Rule(moved, {"buffer": len(Buffer), "region": len(Region)}, strides),
        Store: _Rule(moved, {"source": engine.output_words}, strides),
        Matrix: _Rule(
            (*_WINDOW, "words", "passes"),
            {
                **places,
                "words": engine.group_words + 1,
                "weights": engine.weight_rows,
                "records": engine.records - engine.outputs + 1,
            },
            ("records",),
        ),
        Pool: _Rule(_WINDOW, places),
        Vector: _Rule(
            ("words",),
            {
                "a": engine.input_words,
                "b": engine.input_words,
                "output": engine.output_words,
                "records": engine.records - engine.lanes + 1,
                "operation": len(Operation),
                "table_a": engine.tables,
                "table_b": engine.tables,
            },
            ("records",),
        ),
        Softmax: _Rule(("pixels", "channels"), {**places, "table": engine.tables}),
        GreatestChannel: _Rule(("pixels", "channels"), places),
        End: _Rule(),
    }


class InstructionChecker(wiring.Component):
    """Tell which unit an instruction is for, and what is wrong with it alone.

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    content : In(512)
        The instruction, byte 0 in the lowest bits.
    unit : Out(2)
        Number of its unit.
    end : Out(1)
        Whether it is End.
    fault : Out(Fault)
        ``NONE``, ``OPCODE``, ``FIELD``, or ``TOKEN``: it names its own unit, or one that there is
        not.

    Two cycles from `content` to the other members.
    """

    LATENCY = 2

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "content": In(8 * SIZE),
                "unit": Out(range(len(Unit))),
                "end": Out(1),
                "fault": Out(Fault),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the rules of each kind, and choose by the opcode."""
        m = Module()
        opcode, waits, signals = (self.content.word_select(byte, 8) for byte in range(3))
        fields = self.content[8 * COMMON_BYTES :][: 8 * CONTENT_BYTES]
        known, right = Signal(name="known"), Signal(name="right")
        unit, end = Signal.like(self.unit, name="of_unit"), Signal(name="is_end")
        rules = _rules(self.engine)
        for number, kind in INSTRUCTIONS.items():
            name = kind.__name__.lower()
            clean, holds = Signal(name=f"{name}_is_clean"), Signal(name=f"{name}_holds")
            unused = Cat(self.content.word_select(byte, 8) for byte in unused_bytes(kind))
            m.d.sync += [clean.eq(~unused.any()), holds.eq(self._holds(kind, fields, rules[kind]))]
            with m.If(opcode == number):
                m.d.comb += [known.eq(clean), right.eq(holds), end.eq(kind is End)]
                m.d.comb += unit.eq(_unit(kind, fields))
        masks = waits | signals
        fault = Signal(Fault, name="fault_of_instruction")
        m.d.sync += [self.unit.eq(unit), self.end.eq(end), self.fault.eq(fault)]
        with m.If(~known):
            m.d.comb += fault.eq(Fault.OPCODE)
        with m.Elif((masks[: len(Unit)] & (1 << unit)[: len(Unit)] | masks[len(Unit) :]).any()):
            m.d.comb += fault.eq(Fault.TOKEN)
        with m.Elif(~right):
            m.d.comb += fault.eq(Fault.FIELD)
        return m

    def _holds(self, kind: type[Instruction], content: Value, rule: _Rule) -> Value:
        """Return whether the fields of a kind are allowed."""
        values = fields_of(kind, content)
        shift = (self.engine.lanes - 1).bit_length()
        conditions = [getattr(values, name) != 0 for name in rule.positive]
        conditions += [getattr(values, name) < bound for name, bound in rule.below.items()]
        conditions += [getattr(values, name)[:shift] == 0 for name in rule.aligned]
        return Cat(conditions).all()


def _unit(kind: type[Instruction], content: Value) -> ValueLike:
    if kind is Load:
        return Mux(fields_of(Load, content).port != 0, Unit.LOAD_1.value, Unit.LOAD_0.value)
    return kind().unit.value

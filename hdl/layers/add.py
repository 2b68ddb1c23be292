"""Sums and differences of scaled operands, as a layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Value
from amaranth.lib import stream

from bittrue.golden import graph
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.add import Add as AddNode
from bittrue.golden.graph.add import Addend
from bittrue.golden.lowering.addition import AdditionTables, find_addition_tables
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.multiply import MULTIPLY_LATENCY, multiply
from bittrue.hdl.blocks.pipeline import Pipeline, Stages
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, clamp_cost
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.code_table import (
    CODE_TABLE_LATENCY,
    MAXIMUM_TABLE_WIDTH,
    code_table,
    code_table_cost,
)
from bittrue.hdl.layers.parts.codes import decoded
from bittrue.hdl.layers.parts.elementwise import Elementwise, ElementwiseSpec
from bittrue.hdl.layers.registry import makes_layers_of

SUM_LATENCY = CODE_TABLE_LATENCY + 1
"""Cycles of tables and the sum of their entries."""


COMPUTED_SUM_LATENCY = MULTIPLY_LATENCY + 3
"""Cycles of products, their two roundings, and the sum."""


@dataclass(frozen=True, eq=False)
class AddSpec(ElementwiseSpec):
    """The sum of tensors, each scaled first.

    Parameters
    ----------
    node : golden.graph.add.Add
        Addends and requantization.
    tensors : tuple of Tensor
        What it reads, of one shape.
    lanes : int
        Elements of a beat, a divisor of the channels.
    """

    node: AddNode

    @classmethod
    def example(cls, tensors: tuple[Tensor, ...], lanes: int) -> "AddSpec":
        """Return a layer that scales its operands as TFLite's additions do, and nothing after."""
        addends = tuple(
            Addend(
                graph.Encoding(tensor.type.minimum + 3 * n), (1 << 30) + n * 87_654_321, 11, n % 3
            )
            for n, tensor in enumerate(tensors)
        )
        names = tuple(tensor.name for tensor in tensors)
        return cls(AddNode(inputs=names, output="y", addends=addends), tensors, lanes)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the input streams, numbered even if there is one."""
        return tuple(f"i{index}" for index in range(len(self.tensors)))

    @property
    def computes(self) -> bool:
        """Whether addends are computed, as their tables would be large."""
        return any(tensor.type.width > MAXIMUM_TABLE_WIDTH for tensor in self.tensors)

    @cached_property
    def tables(self) -> AdditionTables | None:
        """Tables that hold the scaling of the sum; None if there are none."""
        return (
            None
            if self.computes
            else find_addition_tables(self.node.addends, self.node.requantization, self.tensors)
        )

    @cached_property
    def entries(self) -> list[Int64]:
        """The addend of every code of each operand."""
        kinds = [tensor.type for tensor in self.tensors]
        every = [np.arange(kind.minimum, kind.maximum + 1) for kind in kinds]
        addends = zip(self.node.addends, every, strict=True)
        return [addend.evaluate(codes) for addend, codes in addends]

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return SUM_LATENCY + 1 if self.tables else super().latency

    @property
    def accumulation(self) -> int:
        """Cycles that accumulators take."""
        return COMPUTED_SUM_LATENCY if self.computes else SUM_LATENCY

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        kinds = [tensor.type for tensor in self.tensors]
        if self.tables:
            entries = [self.tables.first, self.tables.second]
            looking_up = table_costs(kinds, entries, fabric)
            low, high = (int(sum(end(each) for each in entries)) for end in (np.min, np.max))
            adding = Costs(IntegerType.spanning(low, high).width)
            return STREAM + (looking_up + adding + clamp_cost(self.output.type.width)) * self.lanes
        requantizing = self.scaling_costs(fabric)
        adding = Costs(self.requantizer.accumulator.width * (len(self.tensors) - 1))
        if self.computes:  # Codes by 31 bits, rounded twice.
            scaling = Costs(90, 2) * len(self.tensors)
            return STREAM + requantizing + (scaling + adding) * self.lanes
        looking_up = table_costs(kinds, self.entries, fabric)
        return STREAM + requantizing + (looking_up + adding) * self.lanes

    def build(self, name: str) -> "AddLayer":
        """Return the circuit."""
        return AddLayer(self, name)


def table_costs(kinds: Sequence[IntegerType], entries: Sequence[Int64], fabric: Fabric) -> Costs:
    """Estimate the tables of a lane."""
    costs = (code_table_cost(*each, fabric) for each in zip(kinds, entries, strict=True))
    return sum(costs, Costs())


@makes_layers_of(AddNode)
def add_spec(node: AddNode, place: Place) -> AddSpec:
    """Return the layer of a node."""
    return AddSpec(node, place.tensors, place.common_lanes)


class AddLayer(Elementwise[AddSpec]):
    """Add tensors, each scaled first, and scale the sum.

        o[k] = requantize(sum over the inputs of addend(i[k]))

    Parameters
    ----------
    spec : AddSpec
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i0, i1, ... : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the sum.

    Latency `latency` cycles, one beat per cycle. Where `golden.lowering.addition` finds tables that
    hold the scaling of the sum, which it does for two inputs of up to 8 bits as a rule, that is 4
    cycles: a table for each input, an adder, a shift and a clamp. Otherwise the tables hold the
    addends, and a requantizer follows. With codes of more than 10 bits, for which tables would be
    large, addends are computed: a product by a constant, rounded half up, then half away from zero.
    """

    def elaborate(self, platform: object) -> Module:
        """Look operands up, or scale them, add them, and clamp or requantize."""
        m = Module()
        joined, inputs = self._joined(m)
        tables = self.spec.tables
        if tables:
            pipeline = Pipeline(m, platform, joined, self.o, self.latency)
            sums = self._sums(m, pipeline, inputs, [tables.first, tables.second])
            m.d.comb += self.o.payload.as_value().eq(
                Cat(
                    pipeline.register(f"code_{lane}", self._clamped(total, tables))
                    for lane, total in enumerate(sums)
                )
            )
            return m
        computing, requantizer = self._accumulating(m, platform, joined)
        if self.spec.computes:
            self._requantize(m, requantizer, self._computed_sums(computing, inputs))
            return m
        entries = self.spec.entries
        self._requantize(m, requantizer, self._sums(m, computing, inputs, entries))
        return m

    def _sums(
        self,
        m: Module,
        pipeline: Stages,
        inputs: Sequence[stream.Interface],
        tables: Sequence[np.ndarray],
    ) -> list[Value]:
        """Return each lane's sum of table entries, `SUM_LATENCY` cycles later."""
        sums = []
        for lane in range(self.spec.lanes):
            total: Value = C(0)
            for index, (given, table) in enumerate(zip(inputs, tables, strict=True)):
                instance = f"addend_{index}_{lane}"
                total = total + code_table(
                    m,
                    pipeline,
                    f"{self.name}_addend_{index}",
                    instance,
                    given.payload[lane],
                    self.spec.tensors[index].type,
                    table,
                )
            sums.append(pipeline.register(f"sum_{lane}", total))
        return sums

    def _computed_sums(self, pipeline: Stages, inputs: Sequence[stream.Interface]) -> list[Value]:
        """Return each lane's sum of addends, `COMPUTED_SUM_LATENCY` cycles later."""
        sums = []
        for lane in range(self.spec.lanes):
            total: Value = C(0)
            for index, (given, addend) in enumerate(
                zip(inputs, self.spec.node.addends, strict=True)
            ):
                name = f"addend_{index}_{lane}"
                value = decoded(given.payload[lane], addend.encoding)
                scaled = pipeline.register(name, _scaled(pipeline, name, value, addend))
                total = total - scaled if addend.subtract else total + scaled
            sums.append(pipeline.register(f"sum_{lane}", total))
        return sums

    def _clamped(self, total: Value, tables: AdditionTables) -> Value:
        low, high = tables.minimum, tables.maximum
        shifted = total >> tables.shift
        width = len(self.o.payload[0])
        return Mux(shifted < low, C(low, width), Mux(shifted > high, C(high, width), shifted))[
            :width
        ]


def _scaled(pipeline: Stages, name: str, value: Value, addend: Addend) -> Value:
    """Return an operand's addend before its sign, `MULTIPLY_LATENCY` and one cycles later."""
    factor = C(addend.multiplier, max(addend.multiplier.bit_length(), 1))
    product = multiply(pipeline, f"{name}_product", value, factor)
    half_up = (product + ((1 << addend.half_up_shift) >> 1)) >> addend.half_up_shift
    once = pipeline.register(f"{name}_once", half_up)
    if addend.half_away_shift == 0:
        return once
    # Below zero, half away from zero is one less than half up before the shift.
    return (once + ((1 << addend.half_away_shift) >> 1) - (once < 0)) >> addend.half_away_shift

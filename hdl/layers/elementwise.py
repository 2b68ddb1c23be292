"""Layers that compute each code from the codes at the same place."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.errors import UserError
from golden.graph import Tensor
from golden.lowering.addition import AdditionTables, find_addition_tables
from hdl.blocks.multiply import MULTIPLIER_LATENCY, MULTIPLY_LATENCY, multiplier, multiply
from hdl.blocks.pipeline import Pipeline
from hdl.layers.beatwise import BeatwiseLayer
from hdl.layers.channel_requant import ChannelRequantizer, channel_requantizer_latency
from hdl.layers.codes import check_lanes, code_stream, decoded, resized
from hdl.layers.join import join
from hdl.layers.table import MAXIMUM_TABLE_WIDTH, code_table

_CHEAP_TABLE_WIDTH = 8
"""Bits of the codes up to which a table costs less than a multiplier."""

_SUM_LATENCY = 3
"""Cycles of tables and the sum of their entries."""

_COMPUTED_SUM_LATENCY = MULTIPLY_LATENCY + 3
"""Cycles of products, their two roundings, and the sum."""


class _Elementwise(BeatwiseLayer, ABC):
    """What the layers of this file share: inputs of one shape, accumulators, a requantizer.

    Parameters
    ----------
    node : AccumulatingNode
    tensors : sequence of Tensor
        What it reads.
    lanes : int
    name : str
    ports : sequence of str
        Names of the input streams.
    """

    def __init__(
        self,
        node: graph.AccumulatingNode,
        tensors: Sequence[Tensor],
        lanes: int,
        name: str,
        ports: Sequence[str],
    ) -> None:
        shape = tensors[0].shape
        if any(tensor.shape != shape for tensor in tensors):
            shapes = " and ".join(str(tensor.shape) for tensor in tensors)
            raise UserError(
                f"the inputs of {node.output!r} have shapes {shapes}; the circuit takes equal "
                "shapes, so repeat the smaller one in the network"
            )
        check_lanes(lanes, tensors[0].channels)
        self.node = node
        self.tensors = tuple(tensors)
        self.name = name
        inference = node.infer(*tensors)
        assert inference.accumulator is not None
        self.accumulator = inference.accumulator.type
        members = {
            port: In(code_stream(tensor.type, lanes))
            for port, tensor in zip(ports, tensors, strict=True)
        }
        self._ports = tuple(ports)
        super().__init__({**members, "o": Out(code_stream(inference.tensor.type, lanes))}, lanes)

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return self._accumulation + channel_requantizer_latency(self.node.requantization, False)

    @property
    @abstractmethod
    def _accumulation(self) -> int:
        """Cycles that accumulators take."""

    def _inputs(self, m: Module) -> tuple[stream.Interface, list[stream.Interface]]:
        """Return the stream of beats that all inputs have, and the inputs themselves."""
        inputs = [getattr(self, port) for port in self._ports]
        return join(m, inputs), inputs

    def _requantizer(self, m: Module) -> ChannelRequantizer:
        """Return a requantizer whose output is that of the layer."""
        requantizer = ChannelRequantizer(
            self.node.requantization,
            self.accumulator,
            None,
            self.tensors[0].channels,
            self.lanes,
            self.name,
        )
        m.submodules.requantizer = requantizer
        wiring.connect(m, requantizer.o, wiring.flipped(self.o))
        return requantizer

    def _requantize(
        self, m: Module, requantizer: ChannelRequantizer, accumulators: Sequence[Value]
    ) -> None:
        """Connect accumulators that are valid with the requantizer's input."""
        m.d.comb += requantizer.i.payload.as_value().eq(
            Cat(resized(value, self.accumulator.width) for value in accumulators)
        )


class AddLayer(_Elementwise):
    """Add tensors, each scaled first, and scale the sum.

        o[k] = requantize(sum over the inputs of addend(i[k]))

    Parameters
    ----------
    node : golden.graph.Add
        Addends and requantization.
    tensors : sequence of Tensor
        What it reads, of one shape.
    lanes : int
        Elements of a beat, a divisor of the channels.
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i0, i1, ... : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the sum.

    Latency `latency` cycles, one beat per cycle. Where `golden.lowering.addition` finds tables that hold the
    scaling of the sum, which it does for two inputs of up to 8 bits as a rule, that is 4 cycles: a
    table for each input, an adder, a shift and a clamp. Otherwise the tables hold the addends, and
    a requantizer follows. With codes of more than 10 bits, for which tables would be large, addends
    are computed: a product by a constant, rounded half up, then half away from zero.
    """

    def __init__(
        self, node: graph.Add, tensors: Sequence[Tensor], lanes: int, name: str = "add"
    ) -> None:
        ports = [f"i{index}" for index in range(len(tensors))]
        super().__init__(node, tensors, lanes, name, ports)
        self.addends = node.addends
        self.computes = any(tensor.type.width > MAXIMUM_TABLE_WIDTH for tensor in tensors)

    @cached_property
    def tables(self) -> AdditionTables | None:
        """Tables that hold the scaling of the sum; None if there are none."""
        assert isinstance(self.node, graph.Add)
        if self.computes:
            return None
        return find_addition_tables(self.node, self.tensors)

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return _SUM_LATENCY + 1 if self.tables else super().latency

    @property
    def _accumulation(self) -> int:
        return _COMPUTED_SUM_LATENCY if self.computes else _SUM_LATENCY

    def elaborate(self, platform: object) -> Module:
        """Look operands up, or scale them, add them, and clamp or requantize."""
        m = Module()
        joined, inputs = self._inputs(m)
        if self.tables:
            pipeline = Pipeline(m, platform, joined, self.o, self.latency)
            sums = self._sums(m, pipeline, inputs, [self.tables.first, self.tables.second])
            m.d.comb += self.o.payload.as_value().eq(
                Cat(
                    pipeline.register(f"code_{lane}", self._clamped(total, self.tables))
                    for lane, total in enumerate(sums)
                )
            )
            return m
        requantizer = self._requantizer(m)
        pipeline = Pipeline(m, platform, joined, requantizer.i, self._accumulation)
        if self.computes:
            self._requantize(m, requantizer, self._computed_sums(pipeline, inputs))
            return m
        every = [np.arange(tensor.type.minimum, tensor.type.maximum + 1) for tensor in self.tensors]
        tables = [addend.evaluate(codes) for addend, codes in zip(self.addends, every, strict=True)]
        self._requantize(m, requantizer, self._sums(m, pipeline, inputs, tables))
        return m

    def _sums(
        self,
        m: Module,
        pipeline: Pipeline,
        inputs: Sequence[stream.Interface],
        tables: Sequence[np.ndarray],
    ) -> list[Value]:
        """Return each lane's sum of table entries, `_SUM_LATENCY` cycles later."""
        sums = []
        for lane in range(self.lanes):
            total: Value = C(0)
            for index, (given, table) in enumerate(zip(inputs, tables, strict=True)):
                instance = f"addend_{index}_{lane}"
                entry = code_table(
                    m,
                    pipeline,
                    f"{self.name}_addend_{index}",
                    f"{instance}_table",
                    given.payload[lane],
                    self.tensors[index].type,
                    table,
                )
                # Block RAM is slow to answer: no adder in the same cycle.
                total = total + pipeline.register(instance, entry)
            sums.append(pipeline.register(f"sum_{lane}", total))
        return sums

    def _computed_sums(self, pipeline: Pipeline, inputs: Sequence[stream.Interface]) -> list[Value]:
        """Return each lane's sum of addends, `_COMPUTED_SUM_LATENCY` cycles later."""
        sums = []
        for lane in range(self.lanes):
            total: Value = C(0)
            for index, (given, addend) in enumerate(zip(inputs, self.addends, strict=True)):
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


def _scaled(pipeline: Pipeline, name: str, value: Value, addend: graph.Addend) -> Value:
    """Return an operand's addend before its sign, `MULTIPLY_LATENCY` and one cycles later."""
    factor = C(addend.multiplier, max(addend.multiplier.bit_length(), 1))
    product = multiply(pipeline, f"{name}_product", value, factor)
    half_up = (product + ((1 << addend.half_up_shift) >> 1)) >> addend.half_up_shift
    once = pipeline.register(f"{name}_once", half_up)
    if addend.half_away_shift == 0:
        return once
    # Below zero, half away from zero is one less than half up before the shift.
    return (once + ((1 << addend.half_away_shift) >> 1) - (once < 0)) >> addend.half_away_shift


class MultiplyLayer(_Elementwise):
    """Multiply two tensors and scale the product.

        o[k] = requantize(value(i0[k]) * value(i1[k]))

    Parameters
    ----------
    node : golden.graph.Multiply
        Encodings and requantization.
    tensors : sequence of Tensor
        The two it reads, of one shape.
    lanes : int
        Elements of a beat, a divisor of the channels; each has a multiplier.
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i0, i1 : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the product.

    Latency `latency` cycles, one beat per cycle.
    """

    def __init__(
        self, node: graph.Multiply, tensors: Sequence[Tensor], lanes: int, name: str = "multiply"
    ) -> None:
        super().__init__(node, tensors, lanes, name, ("i0", "i1"))
        self.encodings = node.encodings

    @property
    def _accumulation(self) -> int:
        return MULTIPLIER_LATENCY

    def elaborate(self, platform: object) -> Module:
        """Subtract zero points and multiply."""
        m = Module()
        joined, inputs = self._inputs(m)
        requantizer = self._requantizer(m)
        pipeline = Pipeline(m, platform, joined, requantizer.i, self._accumulation)
        products = []
        for lane in range(self.lanes):
            values = [
                decoded(given.payload[lane], encoding)
                for given, encoding in zip(inputs, self.encodings, strict=True)
            ]
            products.append(multiplier(pipeline, f"product_{lane}", *values))
        self._requantize(m, requantizer, products)
        return m


class RequantizeLayer(_Elementwise):
    """Change scale, zero point or width.

        o[k] = requantize(value(i[k]))

    Parameters
    ----------
    node : golden.graph.Requantize
        Encoding and requantization.
    tensor : Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of the channels.
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency `latency` cycles, one beat per cycle: 1 for codes of up to 8 bits that all channels
    scale alike, for which a table does; otherwise that of a requantizer and 1.
    """

    def __init__(
        self, node: graph.Requantize, tensor: Tensor, lanes: int, name: str = "requantize"
    ) -> None:
        super().__init__(node, [tensor], lanes, name, ("i",))
        self.encoding = node.encoding
        self._values: np.ndarray | None = None
        requantization = node.requantization
        kind = tensor.type
        if (
            requantization is not None
            and len(requantization) == 1
            and kind.width <= _CHEAP_TABLE_WIDTH
        ):
            codes = np.arange(tensor.minimum, tensor.maximum + 1)
            values = requantization.evaluate(node.encoding.decode(codes)[:, None])[:, 0]
            absent = tensor.minimum - kind.minimum, kind.maximum - tensor.maximum
            self._values = np.pad(values, absent, mode="edge")

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return 1 if self._values is not None else super().latency

    @property
    def _accumulation(self) -> int:
        return 1

    def elaborate(self, platform: object) -> Module:
        """Look every code up, or subtract the zero point and requantize."""
        m = Module()
        codes = [self.i.payload[lane] for lane in range(self.lanes)]
        if self._values is not None:
            pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
            kind, width = self.tensors[0].type, len(self.o.payload[0])
            found = [
                code_table(m, pipeline, self.name, f"table_{lane}", code, kind, self._values)
                for lane, code in enumerate(codes)
            ]
            m.d.comb += self.o.payload.as_value().eq(Cat(resized(value, width) for value in found))
            return m
        requantizer = self._requantizer(m)
        pipeline = Pipeline(m, platform, self.i, requantizer.i, self._accumulation)
        values = [
            pipeline.register(f"value_{lane}", decoded(code, self.encoding))
            for lane, code in enumerate(codes)
        ]
        self._requantize(m, requantizer, values)
        return m

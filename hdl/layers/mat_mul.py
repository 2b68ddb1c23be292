"""Products of two matrices that both are streams, as a layer."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Encoding, Tensor
from bittrue.golden.graph.mat_mul import MatMul as MatMulNode
from bittrue.golden.graph.node import Inference
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import MINIMUM_OPERAND_WIDTH
from bittrue.hdl.blocks.accumulator import FramePipeline
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, counters_cost
from bittrue.hdl.costs.memories import usual_ram_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import LayerSpec, Place
from bittrue.hdl.layers.parts.admission import admitted, results_fifo
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from bittrue.hdl.layers.parts.codes import check_lanes, decoded, resized
from bittrue.hdl.layers.parts.connection import connect, feed
from bittrue.hdl.layers.parts.matrix_costs import accumulators_cost, sending_cost
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.layers.registry import makes_layers_of
from bittrue.hdl.multipliers.mac import DSP, LUT
from bittrue.hdl.multipliers.multiplier import Multiplier, Operands

_WORD_LATENCY = 2
"""Cycles of reading a memory: a block RAM without a register behind it would set the clock."""

_DECODING_LATENCY = 1

_LEAST_PRODUCT = 12
"""Product of the operands' bits from which a hardware multiplier is worth one."""


@dataclass(frozen=True, eq=False)
class MatMulSpec(LayerSpec):
    """Every row of one matrix times every row of another.

    Parameters
    ----------
    node : golden.graph.mat_mul.MatMul
    tensors : tuple of Tensor
        The two that it reads.
    lanes : int
        SIMD: elements of a beat of both inputs, a divisor of their channels.
    output_lanes : int
        PE: elements of a beat of the output, rows of the second matrix that are multiplied at once.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    node: MatMulNode
    tensors: tuple[Tensor, ...]
    lanes: int = 1
    output_lanes: int = 1

    pauses = True
    paced_by_lanes = True
    paced_by_output_lanes = True

    def __post_init__(self) -> None:
        check_lanes(self.lanes, self.tensors[0].channels)
        check_lanes(self.output_lanes, self.output.channels)
        if not self.multiplier.takes(self.operands):
            kinds = " and ".join(str(kind) for kind in self.values)
            raise UserError(
                f"its values less their zero points are {kinds}; multipliers take up to 16 bits, "
                "so the zero points of 16-bit codes must be 0"
            )

    @cached_property
    def _inference(self) -> Inference:
        return self.node.infer(*self.tensors)

    @property
    def output(self) -> Tensor:
        """What it makes."""
        return self._inference.tensor

    @property
    def input_lanes(self) -> tuple[int, ...]:
        """Elements of a beat of each input."""
        return self.lanes, self.lanes

    @property
    def accumulator(self) -> IntegerType:
        """Type that holds every accumulator."""
        assert self._inference.accumulator is not None
        return self._inference.accumulator.type

    @property
    def requantization(self) -> Requantization | None:
        """What makes codes of its accumulators."""
        return self.node.requantization

    @property
    def chunks(self) -> int:
        """Beats of a row of either input, which are added to one accumulator."""
        return self.tensors[0].channels // self.lanes

    @property
    def groups(self) -> int:
        """Beats of a row of the output."""
        return self.output.channels // self.output_lanes

    @property
    def rows(self) -> int:
        """Rows of the first matrix of a pair."""
        return self.output.shape[-2]

    @property
    def matrices(self) -> int:
        """Pairs of matrices in an image."""
        return math.prod(self.output.shape[:-2])

    @property
    def values(self) -> tuple[IntegerType, IntegerType]:
        """Types of what is multiplied: codes less their zero points, two bits at least."""
        first, second = (
            _values_type(tensor, encoding)
            for tensor, encoding in zip(self.tensors, self.node.encodings, strict=True)
        )
        return first, second

    @cached_property
    def operands(self) -> Operands:
        """What is multiplied: the second matrix has the place of weights."""
        first, second = self.values
        return Operands((second.minimum, second.maximum), first)

    @property
    def multiplier(self) -> Multiplier:
        """What multiplies."""
        first, second = self.values
        return DSP if first.width * second.width >= _LEAST_PRODUCT else LUT

    @property
    def products_at_once(self) -> int:
        """See `LayerSpec.products_at_once`."""
        return self.lanes * self.output_lanes

    @cached_property
    def requantizer(self) -> ChannelRequantSpec:
        """What makes codes of its accumulators, as a circuit."""
        return ChannelRequantSpec(
            self.requantization, self.accumulator, None, self.output.channels, self.output_lanes
        )

    @property
    def reading(self) -> int:
        """Cycles from the beginning of a beat to its values."""
        return _WORD_LATENCY + _DECODING_LATENCY

    @property
    def summing(self) -> int:
        """Cycles from the beginning of a row's last beat to its accumulators."""
        multiplying = self.multiplier.latency(self.operands, self.lanes, self.output_lanes)
        return self.reading + multiplying + 1

    @property
    def stages(self) -> int:
        """Cycles from the beginning of a row's last beat to its codes."""
        return self.summing + self.requantizer.latency

    @property
    def latency(self) -> int:
        """Cycles from the last input that an output needs to it, if it is the first of its row."""
        return self.chunks + self.stages + BUFFER_LATENCY

    def cycles_per_image(self) -> int:
        """Return the cycles between images: of the products, or of the second matrix's beats."""
        return self.matrices * max(self.rows, self.output_lanes) * self.groups * self.chunks

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come: a row, and a matrix; see `LayerSpec`."""
        first, second = self.tensors
        rows = outputs // self.output.channels
        matrix = math.prod(second.shape[-2:])
        return (rows + 1) * first.channels, (rows // self.rows + 1) * matrix

    def taken_with(self, port: int, needed: Int64) -> Int64:
        """Return when elements are taken: a row, or a matrix, while the one before it is used."""
        tensor = self.tensors[port]
        # Of what is kept at once: its elements, and the outputs that are computed from it.
        kept = tensor.channels if port == 0 else math.prod(tensor.shape[-2:])
        used = self.output.channels * (1 if port == 0 else self.rows)
        number, place = np.divmod(np.arange(tensor.elements), kept)
        beats = place // self.lanes + 1
        passed = -(-beats // self.chunks) * self.output_lanes
        return (number - 1) * used + np.minimum(passed, used)

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        first, second = (tensor.type.width for tensor in self.tensors)
        row = usual_ram_cost(first * self.lanes, 2 * self.chunks, fabric).sum()
        depth = 2 * self.groups * self.chunks
        matrix = usual_ram_cost(second * self.lanes, depth, fabric, self.output_lanes).sum()
        decoding = Costs(0)
        for kind, encoding, times in zip(
            self.values, self.node.encodings, (1, self.output_lanes), strict=True
        ):
            decoding += Costs(kind.width * self.lanes * times * (encoding != Encoding()))
        products = self.multiplier.costs(self.operands, 1, self.output_lanes, self.lanes)
        sizes = [2, self.groups, self.chunks, 2, self.rows, self.groups * self.chunks]
        control = STREAM + counters_cost([*sizes, *sizes])
        lanes, width = self.output_lanes, self.accumulator.width
        sums = accumulators_cost(lanes, width)
        sums += sending_cost(lanes, width, lanes, self.output.type.width)
        scaling = self.requantizer.usual_costs(fabric)
        return row + matrix + decoding + products + control + sums + scaling

    def build(self, name: str) -> "MatMulLayer":
        """Return the circuit."""
        return MatMulLayer(self, name)


@makes_layers_of(MatMulNode)
def mat_mul_spec(node: MatMulNode, place: Place) -> MatMulSpec:
    """Return the layer of a node."""
    return MatMulSpec(node, place.tensors, max(place.lanes), place.output_lanes)


class MatMulLayer(Layer[MatMulSpec]):
    """Multiply every row of one matrix with every row of another, and scale the sums.

        o[i, j] = requantize(sum over k of value(i0[i, k]) * value(i1[j, k]))

    Two rows of the first matrix are kept, and two whole matrices of the second input: one of each
    is read while the next is received.

    Parameters
    ----------
    spec : MatMulSpec
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i0, i1 : In(stream)
        Codes of each input, ``spec.lanes`` to a beat.
    o : Out(stream)
        Codes of the products, ``spec.output_lanes`` to a beat.

    Latency ``spec.latency`` cycles from the last beat of a row, or of a matrix; a beat of the
    output takes ``spec.chunks`` cycles. From the memories to the codes nothing ever stalls: while
    codes wait in the FIFO at the end, beats begin as long as it has room for all codes under way.
    """

    def elaborate(self, platform: object) -> Module:
        """Keep rows and matrices, and count through their products."""
        m = Module()
        spec = self.spec
        begins = Signal(name="begins")
        row_beat = Position(m, "row_beat", [2, spec.groups, spec.chunks], begins)
        words = spec.groups * spec.chunks
        matrix_beat = Position(m, "matrix_beat", [2, spec.rows, words], begins)
        pipeline = FramePipeline(m, platform, begins, row_beat.ends[2], spec.summing)
        row, has_row = self._kept_rows(m, begins, row_beat)
        matrix, has_matrix = self._kept_matrices(m, begins, matrix_beat)

        totals = self._accumulated(pipeline, row, matrix)
        m.submodules.requantizer = requantizer = ChannelRequantizer(
            spec.requantizer, self.name, stalls=False
        )
        m.d.comb += [
            requantizer.i.valid.eq(pipeline.valid[-1]),
            requantizer.i.payload.as_value().eq(Cat(totals)),
        ]
        m.submodules.results = fifo = results_fifo(
            self.o.payload.shape(), spec.stages, spec.chunks, [1]
        )
        ready = admitted(m, begins, fifo, spec.chunks, [1])
        m.d.comb += begins.eq(has_row & has_matrix & ready)
        feed(m, requantizer.o, fifo.i)
        connect(m, fifo.o, self.o)
        return m

    def _kept_rows(self, m: Module, begins: Value, beat: Position) -> tuple[Value, Value]:
        """Return the word of a row that is read, a cycle later, and whether there is a row."""
        spec, i = self.spec, self.inputs[0]
        m.submodules.row = memory = Ram(len(i.payload.as_value()), 1, 2 * spec.chunks)
        taken = i.valid & i.ready
        written = Position(m, "row_written", [2, spec.chunks], taken)
        kept = _count_kept(m, "rows_kept", taken & written.ends[1], begins & beat.ends[1])
        m.d.comb += [
            i.ready.eq(kept != 2),
            memory.write.eq(taken),
            memory.write_address.eq(Mux(written.index[0], spec.chunks, 0) + written.index[1]),
            memory.write_data.eq(i.payload),
            memory.enable.eq(1),
            memory.address.eq(Mux(beat.index[0], spec.chunks, 0) + beat.index[2]),
        ]
        return memory.data, kept != 0

    def _kept_matrices(self, m: Module, begins: Value, beat: Position) -> tuple[Value, Value]:
        """Return the words of several rows of the matrix, and whether there is a matrix.

        A word holds part of as many rows as are multiplied at once.
        """
        spec, i = self.spec, self.inputs[1]
        words, width = spec.groups * spec.chunks, len(i.payload.as_value())
        m.submodules.matrix = memory = Ram(width, spec.output_lanes, 2 * words)
        taken = i.valid & i.ready
        sizes = [2, spec.groups, spec.output_lanes, spec.chunks]
        written = Position(m, "matrix_written", sizes, taken)
        kept = _count_kept(m, "matrices_kept", taken & written.ends[1], begins & beat.ends[1])
        first = Mux(written.index[0], words, 0) + written.index[1] * spec.chunks
        m.d.comb += [
            i.ready.eq(kept != 2),
            memory.write.eq(
                Cat(taken & (written.index[2] == lane) for lane in range(spec.output_lanes))
            ),
            memory.write_address.eq(first + written.index[3]),
            memory.write_data.eq(i.payload.as_value().replicate(spec.output_lanes)),
            memory.enable.eq(1),
            memory.address.eq(Mux(beat.index[0], words, 0) + beat.index[2]),
        ]
        return memory.data, kept != 0

    def _accumulated(self, pipeline: FramePipeline, row: Value, matrix: Value) -> list[Value]:
        """Return the accumulators of rows of the matrix, from words as they are read."""
        spec = self.spec
        values = [
            self._values(pipeline, name, pipeline.register(f"{name}_word", word), port)
            for port, (name, word) in enumerate((("row", row), ("matrix", matrix)))
        ]
        lanes = spec.lanes
        rows = [values[1][first : first + lanes] for first in range(0, len(values[1]), lanes)]
        sums = spec.multiplier.sums(pipeline, "dot", spec.operands, rows, values[0])
        width = spec.accumulator.width
        return [
            pipeline.accumulate(f"accumulator_{place}", spec.accumulator, total)[:width]
            for place, total in enumerate(sums)
        ]

    def _values(self, pipeline: FramePipeline, name: str, word: Value, port: int) -> list[Value]:
        """Return the bits of the values of a word's codes, a cycle later."""
        code, kind = self.spec.tensors[port].type, self.spec.values[port]
        values = []
        for place, first in enumerate(range(0, len(word), code.width)):
            bits = word[first : first + code.width]
            typed = bits.as_signed() if code.signed else bits
            value = decoded(typed, self.spec.node.encodings[port])
            values.append(pipeline.register(f"{name}_{place}", resized(value, kind.width)))
        return values


def _values_type(tensor: Tensor, encoding: Encoding) -> IntegerType:
    """Return the type of the values of a tensor's codes, as wide as multipliers take at least."""
    ends = encoding.decode([tensor.type.minimum, tensor.type.maximum]).tolist()
    spanning = IntegerType.spanning(*ends)
    return IntegerType(max(spanning.width, MINIMUM_OPERAND_WIDTH), spanning.signed)


def _count_kept(m: Module, name: str, arrived: Value, left: Value) -> Value:
    """Return how many of two places hold what has arrived and not left."""
    kept = Signal(range(3), name=name)
    with m.If(arrived != left):
        m.d.sync += kept.eq(Mux(arrived, kept + 1, kept - 1))
    return kept

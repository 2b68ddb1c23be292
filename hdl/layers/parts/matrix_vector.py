"""Matrix-vector products with the weights of a layer in a ROM."""

from dataclasses import dataclass

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.accumulator import FramePipeline
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.packed_words import pack_words
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.multipliers.multiplier import Multiplier, Operands

_WEIGHTS_LATENCY = 2
"""Cycles of reading the ROM: a block RAM without a register behind it would set the clock."""


@dataclass(frozen=True, eq=False)
class MatrixVectorSpec:
    """Weights, in the order in which the beats of the input need them.

        o[p] = sum over beats b and lanes k of weights[frame, b, p, k] * x[b, group(p), k]

    Parameters
    ----------
    operands : Operands
        The weights that there are, and the type of the input, 1 to 16 bits.
    weights : ndarray of int64, shape (frames, beats, outputs, lanes)
        A frame is the beats that make one beat of the output. Frames follow each other, the
        first comes after the last. Zero where an output or an input does not exist.
    accumulator : IntegerType
        Of the output, which is exact modulo the width.
    multiplier : Multiplier
        What multiplies.
    groups : int
        Groups of outputs, each with inputs of its own: lane `k` of group `g` is element
        ``k * groups + g`` of a beat. 1 to let every output see every element.
    memory : Memory, optional
        What the ROM is made of; see `hdl.blocks.rom.Rom`.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    operands: Operands
    weights: Int64
    accumulator: IntegerType
    multiplier: Multiplier
    groups: int = 1
    memory: Memory | None = None

    def __post_init__(self) -> None:
        if self.weights.ndim != 4 or 0 in self.weights.shape:
            raise UserError(
                f"weights has shape {self.weights.shape}; allowed: (frames, beats, outputs, lanes)"
            )
        if self.groups < 1 or self.outputs % self.groups:
            raise UserError(f"groups is {self.groups}; allowed: divisors of {self.outputs}")
        self.multiplier.check(self.operands)

    @property
    def code(self) -> IntegerType:
        """Of the input."""
        return self.operands.code

    @property
    def outputs(self) -> int:
        """Outputs of a frame."""
        return self.weights.shape[2]

    @property
    def lanes(self) -> int:
        """Products of each output in a beat."""
        return self.weights.shape[3]

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        return self.weights.shape[1]

    @property
    def elements(self) -> int:
        """Elements of a beat of the input."""
        return self.lanes * self.groups

    @property
    def weight_type(self) -> IntegerType:
        """Of the codes in the ROM that stand for weights."""
        return self.multiplier.weight_type(self.operands)

    @property
    def words(self) -> int:
        """Words of the ROM."""
        return self.weights.shape[0] * self.beats

    @property
    def word_width(self) -> int:
        """Bits of a word of the ROM."""
        return self.weight_type.width * self.outputs * self.lanes

    @property
    def columns(self) -> list[tuple[Int64, int]]:
        """What the ROM holds for each beat, the first lane of output 0 lowest."""
        codes = self.multiplier.encoded(self.weights, self.operands)
        return [(column, self.weight_type.width) for column in codes.reshape(self.words, -1).T]

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a frame to its outputs."""
        each = self.outputs // self.groups
        return _WEIGHTS_LATENCY + self.multiplier.latency(self.operands, self.lanes, each) + 1


class MatrixVector(wiring.Component):
    """Multiply the frames of a stream by the matrices of a ROM.

        o[p] = sum over beats b and lanes k of weights[frame, b, p, k] * x[b, group(p), k]

    Parameters
    ----------
    spec : MatrixVectorSpec
        Weights, types, and what multiplies.
    name : str
        Prefix of the ROM's file name; unique within a design.

    Members
    -------
    i : In(code_stream(spec.code, spec.elements))
        The beats of each frame.
    o : Out(code_stream(spec.accumulator, spec.outputs))
        A beat for each frame.

    Latency ``spec.latency`` cycles from the last beat of a frame, one beat per cycle. Nothing in
    it ever waits: ``i.ready`` is always high, and ``o.ready`` must be.
    """

    def __init__(self, spec: MatrixVectorSpec, name: str = "matrix") -> None:
        self.spec = spec
        self.name = name
        super().__init__(
            {
                "i": In(code_stream(spec.code, spec.elements)),
                "o": Out(code_stream(spec.accumulator, spec.outputs)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the weights, the products and the accumulators."""
        m = Module()
        spec = self.spec
        turn = Signal(range(max(spec.beats, 2)), name="beat")
        last = turn == spec.beats - 1
        taken = self.i.valid
        with m.If(taken):
            m.d.sync += turn.eq(Mux(last, 0, turn + 1))
        pipeline = FramePipeline(m, platform, taken, last, spec.latency)
        m.d.comb += [self.i.ready.eq(1), self.o.valid.eq(pipeline.valid[-1])]

        weights = self._weights(m, pipeline, taken)
        codes = pipeline.register("codes", self.i.payload.as_value(), _WEIGHTS_LATENCY)
        width = spec.accumulator.width
        totals = [
            pipeline.accumulate(f"accumulator_{output}", spec.accumulator, total)[:width]
            for output, total in enumerate(self._sums(pipeline, codes, weights))
        ]
        m.d.comb += self.o.payload.as_value().eq(Cat(totals))
        return m

    def _sums(
        self, pipeline: FramePipeline, codes: Value, weights: list[list[Value]]
    ) -> list[Value]:
        """Return the sum of a beat for each output."""
        spec = self.spec
        width = spec.code.width
        each = spec.outputs // spec.groups
        elements = [codes[place * width :][:width] for place in range(spec.elements)]
        sums: list[Value] = []
        for group in range(spec.groups):
            rows = weights[group * each : (group + 1) * each]
            lanes = elements[group :: spec.groups]
            name = "dot" if spec.groups == 1 else f"dot_{group}"
            sums += spec.multiplier.sums(pipeline, name, spec.operands, rows, lanes)
        return sums

    def _weights(self, m: Module, pipeline: FramePipeline, taken: Value) -> list[list[Value]]:
        """Return the codes of the weights of the beat taken before, by output and lane."""
        spec = self.spec
        columns = spec.columns
        if spec.words == 1:
            word: Value = C(pack_words(columns)[0], spec.word_width)
        else:
            m.submodules.weights = rom = Rom(f"{self.name}_weights", columns, spec.memory)
            address = Signal(range(spec.words), name="address")
            # Counted a step ahead, so that nothing but registers stands in front of the memory.
            following = Signal(range(spec.words), init=1, name="following_address")
            m.d.comb += [rom.enable.eq(pipeline.advance), rom.address.eq(address)]
            with m.If(taken):
                m.d.sync += [
                    address.eq(following),
                    following.eq(Mux(following == spec.words - 1, 0, following + 1)),
                ]
            word = pipeline.register("word", rom.data)
        width, lanes = spec.weight_type.width, spec.lanes
        parts = [word[first : first + width] for first in range(0, spec.word_width, width)]
        return [parts[first : first + lanes] for first in range(0, len(parts), lanes)]

"""Matrix-vector products with the weights of a layer in a ROM."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Array, C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.accumulator import FramePipeline
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.blocks.packed_words import pack_words
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.blocks.shapes import shape_spanning
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.multipliers.multiplier import (
    WHOLE,
    Digits,
    Multiplier,
    Operands,
    Tops,
    typed,
)

_WEIGHTS_LATENCY = 2
"""Cycles of reading the ROM, see `hdl.blocks.rom.Rom`: with one of them it would set the clock."""


@dataclass(frozen=True, eq=False)
class MatrixVectorSpec:
    """Weights, in the order in which the beats of the input need them.

        o[p] = sum over beats b and lanes k of weights[frame, b, p, k] * x[b, group(p), k]

    What multiplies digit by digit goes through a frame in several passes, one for each pair of a
    digit of the input and one of the weights; then the beats of the input come as often.

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
    def digits(self) -> Digits:
        """What weights and codes are cut into."""
        return self.multiplier.digits(self.operands)

    @property
    def beats_of_pass(self) -> int:
        """Beats of a pass through a frame."""
        return self.weights.shape[1]

    @property
    def beats(self) -> int:
        """Beats of a frame, in all passes."""
        return self.beats_of_pass * len(self.digits.passes)

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
        return self.weights.shape[0] * self.digits.weights * self.beats_of_pass

    @property
    def word_bits(self) -> int:
        """Bits of a weight in a word, those of a digit."""
        return self.multiplier.word_bits(self.operands)

    @property
    def word_width(self) -> int:
        """Bits of a word of the ROM."""
        return self.word_bits * self.outputs * self.lanes

    @property
    def columns(self) -> list[tuple[Int64, int]]:
        """What the ROM holds for each beat, the first lane of output 0 lowest.

        Of weights that are cut into digits, the beats with the top digits come first.
        """
        codes, bits = self.multiplier.encoded(self.weights, self.operands), self.word_bits
        if self.digits.weights > 1:
            down = range(self.digits.weights - 1, -1, -1)
            codes = np.stack([codes >> bits * digit & (1 << bits) - 1 for digit in down], axis=1)
        return [(column, bits) for column in codes.reshape(self.words, -1).T]

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
        spec, digits = self.spec, self.spec.digits
        taken = self.i.valid
        beat = Position(m, "beat", [spec.beats_of_pass], taken)
        turn = Position(m, "pass", [len(digits.passes)], taken & beat.ends[0])
        last = beat.ends[0] & turn.ends[0]
        pipeline = FramePipeline(m, platform, taken, last, spec.latency)
        m.d.comb += [self.i.ready.eq(1), self.o.valid.eq(pipeline.valid[-1])]

        weights = self._weights(m, pipeline, taken, beat, turn)
        codes = self._codes(pipeline, turn)
        shifts = None
        if len(digits.passes) > 1:
            falls = [sum(one) < sum(before) for one, before in _pairs(digits.passes)]
            first = beat.index[0] == 0
            shifts = pipeline.register("shifts", _of_pass(turn, falls) & first, spec.latency - 1)
        width = spec.accumulator.width
        totals = [
            pipeline.accumulate(
                f"accumulator_{output}", spec.accumulator, total, shifts, digits.width
            )[:width]
            for output, total in enumerate(self._sums(pipeline, codes, weights, turn))
        ]
        m.d.comb += self.o.payload.as_value().eq(Cat(totals))
        return m

    def _sums(
        self,
        pipeline: FramePipeline,
        codes: list[Value],
        weights: list[list[Value]],
        turn: Position,
    ) -> list[Value]:
        """Return the sum of a beat for each output."""
        spec = self.spec
        each = spec.outputs // spec.groups
        sums: list[Value] = []
        for group in range(spec.groups):
            rows = weights[group * each : (group + 1) * each]
            lanes = codes[group :: spec.groups]
            name = "dot" if spec.groups == 1 else f"dot_{group}"
            tops = self._tops(pipeline, turn, name)
            sums += spec.multiplier.sums(pipeline, name, spec.operands, rows, lanes, tops)
        return sums

    def _codes(self, pipeline: FramePipeline, turn: Position) -> list[Value]:
        """Return the codes of the beat taken before, or the digit of each that is its turn."""
        spec, digits = self.spec, self.spec.digits
        width = spec.code.width
        if digits.codes == 1:
            whole = pipeline.register("codes", self.i.payload.as_value(), _WEIGHTS_LATENCY)
            return [whole[place * width :][:width] for place in range(spec.elements)]
        given = pipeline.register("codes", self.i.payload.as_value(), _WEIGHTS_LATENCY - 1)
        digit = _of_pass(turn, [code for code, _ in digits.passes])
        digit = pipeline.register("digit_of_codes", digit, _WEIGHTS_LATENCY - 1)
        chosen = []
        for place in range(spec.elements):
            code = given[place * width :][:width]
            wide = typed(code, spec.code, digits.codes * digits.width).as_unsigned()
            parts = [wide.word_select(each, digits.width) for each in range(digits.codes)]
            chosen.append(pipeline.register(f"code_{place}", Array(parts)[digit]))
        return chosen

    def _tops(self, pipeline: FramePipeline, turn: Position, name: str) -> Tops:
        """Return whether the digits of the beat taken before are the top ones."""
        digits = self.spec.digits
        if len(digits.passes) == 1:
            return WHOLE
        flags = {
            "code": [code == digits.codes - 1 for code, _ in digits.passes],
            "weight": [weight == digits.weights - 1 for _, weight in digits.passes],
        }
        return Tops(
            **{
                side: pipeline.register(
                    f"{name}_{side}_top", _of_pass(turn, tops), _WEIGHTS_LATENCY
                )
                for side, tops in flags.items()
            }
        )

    def _weights(
        self, m: Module, pipeline: FramePipeline, taken: Value, beat: Position, turn: Position
    ) -> list[list[Value]]:
        """Return the codes of the weights of the beat taken before, by output and lane."""
        spec = self.spec
        columns = spec.columns
        if spec.words == 1:
            word: Value = C(pack_words(columns)[0], spec.word_width)
        else:
            m.submodules.weights = rom = Rom(
                f"{self.name}_weights", columns, spec.memory, _WEIGHTS_LATENCY
            )
            address = Signal(range(spec.words), name="address")
            m.d.comb += [rom.enable.eq(pipeline.advance), rom.address.eq(address)]
            following = self._following_address(m, address, taken, beat, turn)
            with m.If(taken):
                m.d.sync += address.eq(following)
            word = rom.data
        width, lanes = spec.word_bits, spec.lanes
        parts = [word[first : first + width] for first in range(0, spec.word_width, width)]
        return [parts[first : first + lanes] for first in range(0, len(parts), lanes)]

    def _following_address(
        self, m: Module, address: Value, taken: Value, beat: Position, turn: Position
    ) -> Value:
        """Return where the word of the next beat is.

        Words follow each other, but for passes that need other digits than the next ones.
        """
        spec, digits = self.spec, self.spec.digits
        if len(digits.passes) == 1:
            # Counted a step ahead, so that nothing but registers stands in front of the memory.
            following = Signal(range(spec.words), init=1, name="following_address")
            with m.If(taken):
                m.d.sync += following.eq(Mux(following == spec.words - 1, 0, following + 1))
            return following
        wraps: Value = address == spec.words - 1
        # Behind the last pass of a frame, which reads its last digit, comes the next frame.
        jumps = [
            1 + (before - weight - 1) * spec.beats_of_pass
            for (_, before), (_, weight) in zip(digits.passes, digits.passes[1:], strict=False)
        ]
        step = Mux(beat.ends[0], _of_pass(turn, [*jumps, 1]), 1)
        return Mux(wraps & beat.ends[0] & turn.ends[0], 0, (address + step)[: len(address)])


def _of_pass(turn: Position, values: Sequence[int]) -> Value:
    """Return the number that belongs to a pass."""
    shape = shape_spanning(min(values), max(values))
    return Array(C(int(value), shape) for value in values)[turn.index[0]]


def _pairs(
    passes: Sequence[tuple[int, int]],
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return each pass with the one before; the first with itself."""
    return list(zip(passes, [passes[0], *passes], strict=False))

"""Matrix-vector products with the weights of a layer in a ROM."""

from dataclasses import dataclass

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.errors import UserError
from golden.numbers.arrays import Int64
from golden.numbers.integer_type import IntegerType
from golden.units.mac_spec import MINIMUM_OPERAND_WIDTH, MacSpec, Multiplier
from hdl.blocks.accumulator import FramePipeline
from hdl.blocks.dot_product import dot_product_latency, dot_products
from hdl.blocks.memory import Memory
from hdl.blocks.packed_words import pack_words
from hdl.blocks.popcount import ProductCounter
from hdl.blocks.rom import Rom
from hdl.layers.parts.codes import code_stream

_WEIGHTS_LATENCY = 2
"""Cycles of reading the ROM: a block RAM without a register behind it would set the clock."""


@dataclass(frozen=True, eq=False)
class MatrixVectorSpec:
    """Weights, in the order in which the beats of the input need them.

        o[p] = sum over beats b and lanes k of weights[frame, b, p, k] * x[b, group(p), k]

    Parameters
    ----------
    code : IntegerType
        Of the input, 1 to 16 bits; the codes themselves are multiplied.
    weights : ndarray of int64, shape (frames, beats, outputs, lanes)
        A frame is the beats that make one beat of the output. Frames follow each other, the
        first comes after the last. -1 and +1 alone if `multiplier` is None.
    accumulator : IntegerType
        Of the output, which is exact modulo the width.
    groups : int
        Groups of outputs, each with inputs of its own: lane `k` of group `g` is element
        ``k * groups + g`` of a beat. 1 to let every output see every element.
    multiplier : Multiplier or None
        What multiplies; None for XNOR and popcount: the input has one bit, that stands for -1 or
        +1, and the output is the number of equal bits.
    memory : Memory, optional
        What the ROM is made of; see `hdl.blocks.rom.Rom`.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    code: IntegerType
    weights: Int64
    accumulator: IntegerType
    groups: int = 1
    multiplier: Multiplier | None = Multiplier.DSP
    memory: Memory | None = None

    def __post_init__(self) -> None:
        if self.weights.ndim != 4 or 0 in self.weights.shape:
            raise UserError(
                f"weights has shape {self.weights.shape}; allowed: (frames, beats, outputs, lanes)"
            )
        if self.groups < 1 or self.outputs % self.groups:
            raise UserError(f"groups is {self.groups}; allowed: divisors of {self.outputs}")
        if self.multiplier is None and (self.code.width != 1 or (abs(self.weights) != 1).any()):
            raise UserError(
                f"the input is {self.code}; XNOR and popcount take one bit, and weights -1 and +1"
            )
        if self.multiplier is not None:
            _ = self.mac  # Refuses operands that the multiplier does not take.

    @property
    def outputs(self) -> int:
        """Outputs of a frame."""
        return self.weights.shape[2]

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        return self.weights.shape[1]

    @property
    def elements(self) -> int:
        """Elements of a beat of the input."""
        return self.weights.shape[3] * self.groups

    @property
    def weight_type(self) -> IntegerType:
        """Of the words of the ROM; one bit, 0 for -1, for XNOR."""
        if self.multiplier is None:
            return IntegerType(1, False)
        return _operand(IntegerType.spanning(int(self.weights.min()), int(self.weights.max())))

    @property
    def words(self) -> int:
        """Words of the ROM."""
        return self.weights.shape[0] * self.beats

    @property
    def word_width(self) -> int:
        """Bits of a word of the ROM."""
        return self.weight_type.width * self.outputs * self.weights.shape[3]

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a frame to its outputs."""
        counter = self.counter
        sums = counter.latency if counter else dot_product_latency(self.mac)
        return _WEIGHTS_LATENCY + sums + 1

    @property
    def counter(self) -> ProductCounter | None:
        """What counts equal bits, for XNOR."""
        if self.multiplier is not None:
            return None
        return ProductCounter(self.weights.shape[3], 0, lambda a, b: int(a == b))

    @property
    def mac(self) -> MacSpec:
        """What multiplies the weights and inputs of a group."""
        if self.multiplier is None:
            raise ValueError("there is no multiplier")
        lanes = self.weights.shape[3]
        return MacSpec(
            self.weight_type,
            _operand(self.code),
            lanes,
            self.outputs // self.groups,
            length=lanes,
            multiplier=self.multiplier,
        )


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
            for output, total in enumerate(self._sums(m, pipeline, codes, weights))
        ]
        m.d.comb += self.o.payload.as_value().eq(Cat(totals))
        return m

    def _sums(
        self, m: Module, pipeline: FramePipeline, codes: Value, weights: list[list[Value]]
    ) -> list[Value]:
        """Return the sum of a beat for each output."""
        spec = self.spec
        width = spec.code.width
        each = spec.outputs // spec.groups
        counter = spec.counter
        if counter:
            bits = list(codes)
            return [
                counter.build(
                    pipeline,
                    f"matches_{output}",
                    bits[output // each :: spec.groups],
                    row,
                    C(0),
                )
                for output, row in enumerate(weights)
            ]
        elements = [
            _operand_value(spec.code, codes[place * width :][:width])
            for place in range(spec.elements)
        ]
        sums: list[Value] = []
        for group in range(spec.groups):
            rows = weights[group * each : (group + 1) * each]
            lanes = elements[group :: spec.groups]
            name = "dot" if spec.groups == 1 else f"dot_{group}"
            sums += [row[0] for row in dot_products(pipeline, name, spec.mac, rows, [lanes])]
        return sums

    def _weights(self, m: Module, pipeline: FramePipeline, taken: Value) -> list[list[Value]]:
        """Return the weights of the beat taken before, by output and lane."""
        spec = self.spec
        columns = _rom_columns(spec)
        if spec.words == 1:
            word: Value = C(pack_words(columns)[0], spec.word_width)
        else:
            m.submodules.weights = rom = Rom(f"{self.name}_weights", columns, spec.memory)
            address = Signal(range(spec.words), name="address")
            m.d.comb += [rom.enable.eq(pipeline.advance), rom.address.eq(address)]
            with m.If(taken):
                m.d.sync += address.eq(Mux(address == spec.words - 1, 0, address + 1))
            word = pipeline.register("word", rom.data)
        width, lanes = spec.weight_type.width, spec.weights.shape[3]
        parts = [word[first : first + width] for first in range(0, spec.word_width, width)]
        if spec.multiplier is not None:
            parts = [_operand_value(spec.weight_type, part) for part in parts]
        return [parts[first : first + lanes] for first in range(0, len(parts), lanes)]


def _rom_columns(spec: MatrixVectorSpec) -> list[tuple[Int64, int]]:
    """Return what the weight ROM holds for each beat, the first lane of output 0 lowest."""
    width = spec.weight_type.width
    codes = (spec.weights + 1) // 2 if spec.multiplier is None else spec.weights
    return [(column, width) for column in codes.reshape(spec.words, -1).T]


def _operand(kind: IntegerType) -> IntegerType:
    """Return the type with at least as many bits as multipliers take."""
    return IntegerType(max(kind.width, MINIMUM_OPERAND_WIDTH), kind.signed)


def _operand_value(kind: IntegerType, bits: Value) -> Value:
    """Return the number of `kind` that bits stand for, as wide as `_operand` says."""
    if kind.signed:
        return Cat(bits, bits[-1].replicate(_operand(kind).width - kind.width)).as_signed()
    return Cat(bits, C(0, _operand(kind).width - kind.width))

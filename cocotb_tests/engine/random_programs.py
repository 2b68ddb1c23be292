"""Random programs: any instructions in any order, on memories that all of them share."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.dependencies import Access, Tokens, on_chip
from bittrue.flows.simulation.engine.bench import HostMemory
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    SIZE,
    Buffer,
    End,
    GreatestChannel,
    Instruction,
    Load,
    Matrix,
    Pool,
    Region,
    Softmax,
    Store,
    Vector,
)
from bittrue.golden.engine.program import HEADER, Needs, Program
from bittrue.golden.engine.record import SIZE as RECORD_SIZE
from cocotb_tests.engine.instructions import EXPONENTIAL, RANDOM, Memories, words_of

_DATA_WORDS = 400
_BYTES_WORDS = 600
"""Of the image, which may be loaded as anything but records."""

_TABLE_BYTES = 1024
_LONGEST_RUN = 40
_KINDS = (Load, Load, Load, Load, Store, Store, Matrix, Matrix, Pool, Vector, Softmax,
          GreatestChannel)  # fmt: skip
"""What follows each other, as often as named here."""


@dataclass(frozen=True)
class RandomProgram:
    """A program, and the data region that it begins with.

    Parameters
    ----------
    program : Program
    image : bytes
    data : ndarray of uint8
    """

    program: Program
    image: bytes
    data: NDArray[np.uint8]


def random_program(engine: EngineConfiguration, seed: int) -> RandomProgram:
    """Return a program of 5 to 40 instructions of any kind, anywhere in the memories.

    What is read was loaded, computed or stored before, or is what memories begin with: zeros on
    chip. Tokens are those of `flows.engine.dependencies`; nothing else orders the units.
    """
    return _Maker(engine, seed).make()


def random_memory(seed: int) -> HostMemory:
    """Return a memory of any latency, rate, pauses and stalls."""
    random = np.random.default_rng([seed, 2])
    period = int(random.choice([0, 100, 300]))
    return HostMemory(
        latency=int(random.integers(1, 120)),
        rate=int(random.choice([40, 128, 205, 256])),
        period=period,
        pause=int(random.integers(0, 60)) if period else 0,
        stall=int(random.choice([0, 30, 120])),
        seed=seed + 1,
    )


class _Maker:
    """Appends random instructions, with what each reads and writes."""

    def __init__(self, engine: EngineConfiguration, seed: int) -> None:
        self.engine = engine
        self.random = np.random.default_rng([seed, 1])
        self.count = int(self.random.integers(5, 41))
        self.tokens = Tokens()
        contents = Memories(engine, self.random)
        lanes = engine.lanes
        self.records = contents.records.tobytes()
        table = contents.tables[EXPONENTIAL].tobytes()
        anything = self.random.integers(0, 256, _BYTES_WORDS * lanes, dtype=np.uint8).tobytes()
        self.constants = table + self.records + anything
        # Behind the instructions: two more than the random ones.
        self.table_at = HEADER.size + SIZE * (self.count + 2)
        self.records_at = self.table_at + len(table)
        self.anything_at = self.records_at + len(self.records)

    def make(self) -> RandomProgram:
        """Return the program, ended by a store of what was computed last."""
        lanes = self.engine.lanes
        self._add_load(
            Load(
                address=self.table_at,
                destination=EXPONENTIAL,
                run=_TABLE_BYTES // lanes,
                rows=1,
                planes=1,
                buffer=Buffer.TABLE,
                region=Region.IMAGE,
            )
        )
        for number in range(1, self.count):
            kind = _KINDS[self._pick(len(_KINDS))]
            if kind is Load:
                self._add_load(replace(self._load(), layer=number))
            elif kind is Store:
                self._add_store(replace(self._store(), layer=number))
            else:
                self._add_computed(replace(RANDOM[kind](self.engine, self.random), layer=number))
        everything = Store(run=self.engine.output_words, rows=1, planes=1, layer=self.count)
        self._add_store(everything)
        self.tokens.add(End(layer=self.count), [])
        needs = Needs.of(self.engine, _DATA_WORDS * lanes)
        program = Program(needs, self.tokens.finished())
        assert program.constants == self.table_at
        data = self.random.integers(0, 256, _DATA_WORDS * lanes, dtype=np.uint8)
        return RandomProgram(program, program.encode(self.constants), data)

    def _pick(self, end: int) -> int:
        return int(self.random.integers(end))

    def _between(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    # Loads and stores

    def _shape(self, most: int, unit: int = 1) -> tuple[int, int, int]:
        """Return run, rows and planes of at most so many words, a multiple of some."""
        while True:
            run = self._between(1, _LONGEST_RUN)
            rows, planes = self._between(1, 4), self._between(1, 3)
            words = run * rows * planes
            if words <= most and words % unit == 0:
                return run, rows, planes

    def _load(self) -> Load:
        engine = self.engine
        buffer = Buffer(self._pick(len(Buffer)))
        if buffer is Buffer.RECORD:
            count = self._between(1, engine.records)
            first = self._pick(engine.records - count + 1)
            return Load(
                address=self.records_at + first * RECORD_SIZE,
                destination=self._pick(engine.records - count + 1),
                run=count * RECORD_SIZE // engine.lanes,
                rows=1,
                planes=1,
                buffer=buffer,
                region=Region.IMAGE,
                port=self._pick(2),
            )
        if buffer is Buffer.TABLE:
            others = [n for n in range(engine.tables) if n != EXPONENTIAL]
            run, rows, planes = _TABLE_BYTES // engine.lanes, 1, 1
            destination = others[self._pick(len(others))]
        elif buffer is Buffer.WEIGHT:
            run, rows, planes = self._shape(engine.weight_rows * engine.outputs, engine.outputs)
            made = run * rows * planes // engine.outputs
            destination = self._pick(engine.weight_rows - made + 1)
        else:
            run, rows, planes = self._shape(engine.input_words)
            destination = self._pick(engine.input_words - run * rows * planes + 1)
        in_data = self._pick(2)
        size = _DATA_WORDS if in_data else _BYTES_WORDS
        place, row_stride, plane_stride = self._place(run, rows, planes, size, 0)
        address = place * engine.lanes + (0 if in_data else self.anything_at)
        return Load(
            address=address,
            destination=destination,
            run=run,
            row_stride=row_stride * engine.lanes,
            plane_stride=plane_stride * engine.lanes,
            rows=rows,
            planes=planes,
            buffer=buffer,
            region=Region.DATA if in_data else Region.IMAGE,
            port=self._pick(2),
            recentre=self._pick(2),
        )

    def _store(self) -> Store:
        engine = self.engine
        run, rows, planes = self._shape(min(engine.output_words, _DATA_WORDS // 4))
        # What a store writes does not overlap: which word stays would be a matter of order.
        place, row_stride, plane_stride = self._place(run, rows, planes, _DATA_WORDS, run)
        return Store(
            address=place * engine.lanes,
            source=self._pick(engine.output_words - run * rows * planes + 1),
            run=run,
            row_stride=row_stride * engine.lanes,
            plane_stride=plane_stride * engine.lanes,
            rows=rows,
            planes=planes,
            recentre=self._pick(2),
        )

    def _place(
        self, run: int, rows: int, planes: int, size: int, least: int
    ) -> tuple[int, int, int]:
        """Return first word and strides of a transfer within a region, rows so far apart."""
        room = size - run
        row_stride = plane_stride = 0
        if rows > 1:
            row_stride = self._between(least, max(min(least + 20, room // (rows * planes)), least))
        span = (rows - 1) * row_stride
        if planes > 1:
            low = span + run if least else 0
            plane_stride = self._between(low, max(min(low + 20, (room - span) // planes), low))
        last = span + (planes - 1) * plane_stride + run
        return self._pick(size - last + 1), row_stride, plane_stride

    def _words(self, transfer: Load | Store, first_byte: int) -> tuple[int, int]:
        lanes = self.engine.lanes
        first = (transfer.address - first_byte) // lanes
        last = (transfer.rows - 1) * transfer.row_stride
        last += (transfer.planes - 1) * transfer.plane_stride
        return first, last // lanes + transfer.run

    def _add_load(self, load: Load) -> None:
        lanes = self.engine.lanes
        size = {
            Buffer.INPUT: lanes,
            Buffer.WEIGHT: self.engine.row_bytes,
            Buffer.RECORD: RECORD_SIZE,
            Buffer.TABLE: _TABLE_BYTES,
        }[Buffer(load.buffer)]
        words = load.run * load.rows * load.planes * lanes // size
        name = Buffer(load.buffer).name.lower()
        accesses = [on_chip(name, load.destination, words, True)]
        if load.region == Region.DATA:
            accesses.append(on_chip("data", *self._words(load, 0), False))
        self.tokens.add(load, accesses)

    def _add_store(self, store: Store) -> None:
        words = store.run * store.rows * store.planes
        self.tokens.add(
            store,
            [
                on_chip("output", store.source, words, False),
                on_chip("data", *self._words(store, 0), True),
            ],
        )

    # What computes

    def _add_computed(self, instruction: Instruction) -> None:
        written = words_of(self.engine, instruction)
        words = on_chip("output", written.first, written.planes * written.pixels, True)
        self.tokens.add(instruction, [*self._reads(instruction), words])

    def _reads(self, instruction: Instruction) -> list[Access]:
        engine = self.engine
        match instruction:
            case Matrix() | Pool():
                words = (instruction.planes - 1) * instruction.plane + instruction.width
                words += (instruction.height - 1) * instruction.pitch
                reads = [on_chip("input", instruction.input, words, False)]
                if isinstance(instruction, Matrix):
                    rows = instruction.passes * instruction.kernel_y * instruction.kernel_x
                    rows *= instruction.planes
                    reads.append(on_chip("weight", instruction.weights, rows, False))
                    reads.append(on_chip("record", instruction.records, engine.outputs, False))
                return reads
            case Vector():
                return [
                    on_chip("input", instruction.a, instruction.words, False),
                    on_chip("input", instruction.b, instruction.words, False),
                    on_chip("record", instruction.records, engine.lanes, False),
                    on_chip("table", instruction.table_a, 1, False),
                    on_chip("table", instruction.table_b, 1, False),
                ]
            case Softmax() | GreatestChannel():
                planes = -(-instruction.channels // engine.lanes)
                words = (planes - 1) * instruction.plane + instruction.pixels
                reads = [on_chip("input", instruction.input, words, False)]
                return [*reads, on_chip("table", EXPONENTIAL, 1, False)]
            case _:
                raise TypeError(instruction)

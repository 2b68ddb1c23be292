"""Exact execution of programs on byte images of memory, in integers."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    FACTOR_BITS,
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
    Windowed,
)
from bittrue.golden.engine.program import ProgramError, decode_program
from bittrue.golden.engine.record import SIZE, Records, wrapped
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.softmax import softmax

Bytes = NDArray[np.uint8]
Codes = NDArray[np.int8]

Observer = Callable[[int, Instruction, "Engine"], None]
"""Called after each instruction, with its number and the engine."""

_ENTRIES = 256
"""Of a table."""


class Engine:
    """The memories of an engine, and what each instruction does to them.

    Parameters
    ----------
    configuration : EngineConfiguration
    image : bytes
        Program and constants.
    data : ndarray of uint8
        The data region, which the program reads and writes.
    random : numpy.random.Generator, optional
        What the memories on chip hold before anything is loaded, and in which order units proceed,
        as far as tokens leave it open; without it, zeros, and the order of the program.

    Raises
    ------
    ProgramError
        If the program cannot be executed; nothing of it has been then.
    """

    def __init__(
        self,
        configuration: EngineConfiguration,
        image: bytes,
        data: Bytes,
        random: np.random.Generator | None = None,
    ) -> None:
        self.configuration = configuration
        self.program = decode_program(image)
        self.program.needs.check(configuration)
        if self.program.needs.data_bytes > len(data):
            raise ProgramError(
                f"the program needs {self.program.needs.data_bytes} bytes of data; the region has "
                f"{len(data)}"
            )
        self._regions = {Region.IMAGE: np.frombuffer(image, dtype=np.uint8), Region.DATA: data}
        self._random = random
        lanes = configuration.lanes
        self.input = self._memory(configuration.input_words, lanes).view(np.int8)
        self.output = self._memory(configuration.output_words, lanes).view(np.int8)
        self.weights = self._memory(configuration.weight_rows, configuration.row_bytes)
        self.records = self._memory(configuration.records, SIZE)
        self.tables = self._memory(configuration.tables, 4 * _ENTRIES)
        self._number = 0

    def data(self) -> Bytes:
        """Return the data region."""
        return self._regions[Region.DATA]

    def run(self, observer: Observer | None = None) -> None:
        """Execute the program.

        Raises
        ------
        ProgramError
            Naming the instruction that leaves a memory or region.
        """
        for number in self._order():
            instruction = self.program.instructions[number]
            self._number = number
            self._execute(instruction)
            if observer is not None:
                observer(number, instruction, self)

    def _order(self) -> Sequence[int]:
        """Return the order of execution: that of the program, or any that tokens allow."""
        instructions = self.program.instructions
        if self._random is None:
            return range(len(instructions))
        queues: dict[Unit, list[int]] = {unit: [] for unit in Unit}
        for number in reversed(range(len(instructions))):
            queues[instructions[number].unit].append(number)
        tokens = np.zeros((len(Unit), len(Unit)), dtype=np.int64)
        order: list[int] = []
        while len(order) < len(instructions):
            ready = [
                unit
                for unit, queue in queues.items()
                if queue
                and all(
                    tokens[other, unit]
                    for other in Unit
                    if instructions[queue[-1]].waits >> other & 1
                )
            ]
            unit = ready[int(self._random.integers(len(ready)))]
            # Units that run far ahead of others find more faults than turns do.
            for _ in range(int(self._random.integers(1, 6))):
                if not queues[unit]:
                    break
                instruction = instructions[queues[unit][-1]]
                needed = [other for other in Unit if instruction.waits >> other & 1]
                if not all(tokens[other, unit] for other in needed):
                    break
                tokens[needed, unit] -= 1
                for other in Unit:
                    tokens[unit, other] += instruction.signals >> other & 1
                order.append(queues[unit].pop())
        return order

    def _memory(self, words: int, size: int) -> Bytes:
        if self._random is None:
            return np.zeros((words, size), dtype=np.uint8)
        return self._random.integers(0, 256, (words, size), dtype=np.uint8)

    def _fault(self, what: str) -> ProgramError:
        name = type(self.program.instructions[self._number]).__name__
        return ProgramError(f"instruction {self._number}, {name}: {what}")

    def _execute(self, instruction: Instruction) -> None:
        match instruction:
            case Load():
                self._load(instruction)
            case Store():
                self._store(instruction)
            case Matrix():
                self._matrix(instruction)
            case Pool():
                self._pool(instruction)
            case Vector():
                self._vector(instruction)
            case Softmax():
                self._softmax(instruction)
            case GreatestChannel():
                self._greatest_channel(instruction)
            case End():
                pass

    def _span(self, memory: NDArray[Any], first: int, count: int, what: str) -> slice:
        """Return words of a memory on chip."""
        if count < 1 or first + count > len(memory):
            raise self._fault(
                f"words {first} to {first + count - 1} of the {what} memory, which has "
                f"{len(memory)}"
            )
        return slice(first, first + count)

    def _places(self, instruction: Load | Store, region: Region) -> Int64:
        """Return the first byte of each word that a transfer moves, checked."""
        lanes = self.configuration.lanes
        strides = instruction.address | instruction.row_stride | instruction.plane_stride
        if strides % lanes:
            raise self._fault(f"address or stride is not a multiple of {lanes} bytes")
        if not (instruction.planes and instruction.rows and instruction.run):
            raise self._fault("it moves nothing")
        places = transfer_places(instruction, lanes)
        size = len(self._regions[region])
        if int(places.max()) + lanes > size:
            raise self._fault(
                f"byte {int(places.max()) + lanes - 1} of region {region.name.lower()}, which has "
                f"{size}"
            )
        return places

    def _load(self, load: Load) -> None:
        if not (_knows(Region, load.region) and _knows(Buffer, load.buffer)):
            raise self._fault(f"region {load.region} or buffer {load.buffer} is not known")
        region = Region(load.region)
        places = self._places(load, region)
        every = np.arange(self.configuration.lanes)
        words = self._regions[region][places[:, None] + every]
        if load.recentre:
            words = words ^ 0x80
        memory: Bytes = {
            Buffer.INPUT: self.input.view(np.uint8),
            Buffer.WEIGHT: self.weights,
            Buffer.RECORD: self.records,
            Buffer.TABLE: self.tables,
        }[Buffer(load.buffer)]
        size = memory.shape[1]
        if words.size % size:
            raise self._fault(f"{words.size} bytes are no multiple of {size}")
        span = self._span(
            memory, load.destination, words.size // size, Buffer(load.buffer).name.lower()
        )
        memory[span] = words.reshape(-1, size)

    def _store(self, store: Store) -> None:
        places = self._places(store, Region.DATA)
        words = self.output[self._span(self.output, store.source, len(places), "output")]
        content = words.view(np.uint8) ^ (0x80 if store.recentre else 0)
        every = np.arange(self.configuration.lanes)
        self._regions[Region.DATA][places[:, None] + every] = content

    def _write(self, first: int, words: Codes) -> None:
        self.output[self._span(self.output, first, len(words), "output")] = words

    def _taps(self, windowed: Windowed) -> Codes:
        """Return the words of all taps: kernel rows, columns, planes, output rows, columns, lanes.

        The greatest address that any of them could have is checked, though it may be padding.
        """
        last = (
            (windowed.planes - 1) * windowed.plane
            + (windowed.height - 1) * windowed.pitch
            + windowed.width
        )
        if not (windowed.height and windowed.width):
            tile = np.full((windowed.planes, 1, 1, self.configuration.lanes), windowed.pad, np.int8)
        else:
            self._span(self.input, windowed.input, last, "input")
            plane, row, column = np.ogrid[: windowed.planes, : windowed.height, : windowed.width]
            places = windowed.input + plane * windowed.plane + row * windowed.pitch + column
            tile = self.input[places]
        rows = _positions(
            windowed.kernel_y, windowed.dilation_y, windowed.rows, windowed.stride_y, windowed.top
        )
        columns = _positions(
            windowed.kernel_x,
            windowed.dilation_x,
            windowed.columns,
            windowed.stride_x,
            windowed.left,
        )
        inside = ((rows >= 0) & (rows < windowed.height))[:, None, :, None] & (
            (columns >= 0) & (columns < windowed.width)
        )[None, :, None, :]
        y = np.clip(rows, 0, tile.shape[1] - 1)[:, None, None, :, None]
        x = np.clip(columns, 0, tile.shape[2] - 1)[None, :, None, None, :]
        taps = tile[np.arange(windowed.planes)[None, None, :, None, None], y, x]
        return np.where(inside[:, :, None, :, :, None], taps, np.int8(windowed.pad))

    def _matrix(self, matrix: Matrix) -> None:
        engine = self.configuration
        taps = self._taps(matrix)
        products = matrix.kernel_y * matrix.kernel_x * matrix.planes
        rows = self._span(self.weights, matrix.weights, matrix.passes * products, "weight")
        weights = self.weights[rows].view(np.int8)
        # Outputs of a row come one after the other, with the lanes of each.
        weights = weights.reshape(matrix.passes, products, engine.outputs, engine.lanes)
        total = weights.astype(np.float64).sum(axis=0)
        pixels = matrix.rows * matrix.columns
        values = taps.reshape(products, pixels, engine.lanes).astype(np.float64)
        # Sums below 2**53 are exact in float64.
        accumulator = values.transpose(1, 0, 2).reshape(pixels, -1) @ total.transpose(
            0, 2, 1
        ).reshape(-1, engine.outputs)
        codes = self._constants(matrix.records, engine.outputs).requantize(
            accumulator.astype(np.int64)
        )
        words = codes.reshape(pixels, engine.group_words, engine.lanes)
        if not 1 <= matrix.words <= engine.group_words:
            raise self._fault(f"words is {matrix.words}; allowed: 1 to {engine.group_words}")
        written = words[:, : matrix.words].transpose(1, 0, 2)
        self._write(matrix.output, written.reshape(-1, engine.lanes))

    def _constants(self, first: int, count: int) -> Records:
        """Return records that follow each other, as many as words have lanes, or more."""
        if first % self.configuration.lanes:
            raise self._fault(f"record {first} is the first; allowed: a multiple of the lanes")
        return Records.unpacked(self.records[self._span(self.records, first, count, "record")])

    def _pool(self, pool: Pool) -> None:
        greatest = self._taps(pool).max(axis=(0, 1))
        codes = np.clip(greatest, pool.minimum, pool.maximum)
        self._write(pool.output, codes.reshape(-1, self.configuration.lanes))

    def _table(self, number: int) -> Int64:
        table = self.tables[self._span(self.tables, number, 1, "table")]
        return table.view("<i4").reshape(-1).astype(np.int64)

    def _vector(self, vector: Vector) -> None:
        if not _knows(Operation, vector.operation):
            raise self._fault(f"operation {vector.operation} is not known")
        a = self.input[self._span(self.input, vector.a, vector.words, "input")].astype(np.int64)
        if vector.operation == Operation.LOOK_UP:
            codes = self._table(vector.table_a)[a + 128].astype(np.int8)
            self._write(vector.output, codes)
            return
        count = 1 if vector.repeat else vector.words
        b = self.input[self._span(self.input, vector.b, count, "input")].astype(np.int64)
        if vector.operation in (Operation.MAXIMUM, Operation.MINIMUM):
            extreme = np.maximum if vector.operation == Operation.MAXIMUM else np.minimum
            self._write(vector.output, extreme(a, b).astype(np.int8))
            return
        one, other = self._table(vector.table_a)[a + 128], self._table(vector.table_b)[b + 128]
        if vector.operation == Operation.ADD:
            combined = one + other
        else:
            combined = wrapped(one, FACTOR_BITS) * wrapped(other, FACTOR_BITS)
        constants = self._constants(vector.records, self.configuration.lanes)
        self._write(vector.output, constants.requantize(wrapped(combined)))

    def _channels(self, instruction: Softmax | GreatestChannel) -> Codes:
        """Return the codes of each pixel's channels, shape (pixels, channels)."""
        lanes = self.configuration.lanes
        if not instruction.channels or not instruction.pixels:
            raise self._fault("it has no pixels or no channels")
        planes = -(-instruction.channels // lanes)
        self._span(
            self.input,
            instruction.input,
            (planes - 1) * instruction.plane + instruction.pixels,
            "input",
        )
        pixel, plane = np.ogrid[: instruction.pixels, :planes]
        words = self.input[instruction.input + plane * instruction.plane + pixel]
        return words.reshape(instruction.pixels, -1)[:, : instruction.channels]

    def _softmax(self, instruction: Softmax) -> None:
        exponential = self._table(instruction.table)
        codes = softmax(self._channels(instruction), exponential, IntegerType(8, True))
        lanes = self.configuration.lanes
        planes = -(-instruction.channels // lanes)
        words = np.zeros((instruction.pixels, planes * lanes), dtype=np.int8)
        words[:, : instruction.channels] = codes
        by_plane = words.reshape(-1, planes, lanes).transpose(1, 0, 2)
        self._write(instruction.output, by_plane.reshape(-1, lanes))

    def _greatest_channel(self, instruction: GreatestChannel) -> None:
        index = self._channels(instruction).argmax(axis=1).astype("<u2")
        words = np.zeros((instruction.pixels, self.configuration.lanes), dtype=np.uint8)
        words[:, :2] = index[:, None].view(np.uint8)
        self._write(instruction.output, words.view(np.int8))


def transfer_places(instruction: Load | Store, lanes: int) -> Int64:
    """Return the first byte of each word that a transfer moves, in its region, in order."""
    plane, row, word = np.ogrid[: instruction.planes, : instruction.rows, : instruction.run]
    places = (
        instruction.address
        + plane * instruction.plane_stride
        + row * instruction.row_stride
        + word * lanes
    )
    return places.reshape(-1)


def _knows(kind: type[IntEnum], value: int) -> bool:
    return value in {member.value for member in kind}


def _positions(kernel: int, dilation: int, count: int, stride: int, first: int) -> Int64:
    """Return the row or column of each tap of each output, shape (kernel, count)."""
    return np.arange(kernel)[:, None] * dilation + np.arange(count) * stride + first

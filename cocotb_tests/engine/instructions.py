"""Random instructions, and what golden makes of them in memories that are given."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.execute import Engine
from bittrue.golden.engine.instruction import (
    End,
    GreatestChannel,
    Instruction,
    Matrix,
    Operation,
    Pool,
    Softmax,
    Vector,
)
from bittrue.golden.engine.program import Needs, Program
from bittrue.golden.engine.record import Records
from bittrue.golden.numbers.softmax import softmax_exponential

EXPONENTIAL = 1
"""Number of the table that softmax takes."""


class Memories:
    """Random contents of the memories on chip.

    Parameters
    ----------
    engine : EngineConfiguration
    random : numpy.random.Generator
    """

    def __init__(self, engine: EngineConfiguration, random: np.random.Generator) -> None:
        self.engine = engine
        self.input = random.integers(-128, 128, (engine.input_words, engine.lanes), dtype=np.int8)
        self.weights = random.integers(
            0, 256, (engine.weight_rows, engine.row_bytes), dtype=np.uint8
        )
        count = engine.records
        shift = random.integers(30, 42, count)
        half = np.int64(1) << (shift - 1)
        self.records = np.frombuffer(
            Records(
                bias=random.integers(-20_000, 20_000, count),
                multiplier=random.integers(1 << 29, 1 << 31, count),
                positive=half,
                negative=half - random.integers(0, 2, count),
                shift=shift,
                zero_point=random.integers(-30, 30, count),
                minimum=random.integers(-128, -100, count),
                maximum=random.integers(100, 128, count),
            ).packed(),
            dtype=np.uint8,
        ).reshape(count, -1)
        wild = random.integers(-(1 << 31), 1 << 31, (engine.tables, 256))
        tame = random.integers(-200, 200, (engine.tables, 256))
        tables = np.where(random.random(wild.shape) < 0.1, wild, tame)
        tables[EXPONENTIAL] = softmax_exponential(0.07, 1.0, 8)
        self.tables = tables.astype("<i4").view(np.uint8)

    def words(self) -> list[NDArray[np.uint8]]:
        """Return the words of each memory, in the order of `golden.engine.instruction.Buffer`."""
        lanes = self.engine.lanes
        contents = self.input.view(np.uint8), self.weights, self.records, self.tables
        return [content.reshape(-1, lanes) for content in contents]

    def executed(self, *instructions: Instruction) -> NDArray[np.int8]:
        """Return the output memory after instructions."""
        program = Program(Needs.of(self.engine, 0), (*instructions, End()))
        golden = Engine(self.engine, program.encode(b""), np.zeros(0, np.uint8))
        golden.input[:] = self.input
        golden.weights[:] = self.weights
        golden.records[:] = self.records
        golden.tables[:] = self.tables
        golden.run()
        return golden.output


@dataclass(frozen=True)
class Words:
    """Where an instruction writes: planes of so many words from `first` on.

    Words come pixel by pixel and in each by planes, or plane by plane.
    """

    first: int
    planes: int
    pixels: int
    by_plane: bool = False

    def addresses(self) -> list[int]:
        """Return the addresses in the order of the words."""
        ends = [range(self.planes), range(self.pixels)]
        if self.by_plane:
            pairs = [(plane, pixel) for plane in ends[0] for pixel in ends[1]]
        else:
            pairs = [(plane, pixel) for pixel in ends[1] for plane in ends[0]]
        return [self.first + plane * self.pixels + pixel for plane, pixel in pairs]


def words_of(engine: EngineConfiguration, instruction: Instruction) -> Words:
    """Return where an instruction writes, and in which order."""
    match instruction:
        case Matrix():
            pixels = instruction.rows * instruction.columns
            return Words(instruction.output, instruction.words, pixels)
        case Pool():
            pixels = instruction.rows * instruction.columns
            return Words(instruction.output, instruction.planes, pixels, by_plane=True)
        case Vector():
            return Words(instruction.output, 1, instruction.words)
        case Softmax():
            planes = -(-instruction.channels // engine.lanes)
            return Words(instruction.output, planes, instruction.pixels)
        case GreatestChannel():
            return Words(instruction.output, 1, instruction.pixels)
        case _:
            raise TypeError(instruction)


def _random_window(
    engine: EngineConfiguration, random: np.random.Generator, planes: int
) -> dict[str, int]:
    """Return the fields of any window, tile and border; tiles may exceed the memory."""
    kernel_y, kernel_x = (int(n) for n in random.integers(1, 4, 2))
    height, width = (int(n) for n in random.integers(1, 8, 2))
    pitch = width + int(random.integers(0, 3))
    plane = height * pitch + int(random.integers(0, 3))
    words = (planes - 1) * plane + (height - 1) * pitch + width
    rows, columns = (int(n) for n in random.integers(1, 6, 2))
    return {
        "input": int(random.integers(0, max(engine.input_words - words + 1, 1))),
        "plane": plane,
        "pitch": pitch,
        "height": height,
        "width": width,
        "rows": rows,
        "columns": columns,
        "kernel_y": kernel_y,
        "kernel_x": kernel_x,
        "planes": planes,
        "top": int(random.integers(-5, 6)),
        "left": int(random.integers(-5, 6)),
        "stride_y": int(random.integers(1, 4)),
        "stride_x": int(random.integers(1, 4)),
        "dilation_y": int(random.integers(1, 4)),
        "dilation_x": int(random.integers(1, 4)),
        "pad": int(random.integers(-128, 128)),
    }


def _read_words(window: dict[str, int]) -> int:
    rows = (window["height"] - 1) * window["pitch"] + window["width"]
    return (window["planes"] - 1) * window["plane"] + rows


def random_matrix(engine: EngineConfiguration, random: np.random.Generator) -> Matrix:
    """Return an instruction that stays within the memories: any window, tile, border."""
    while True:
        window = _random_window(engine, random, int(random.integers(1, 4)))
        passes = int(random.integers(1, 3))
        rows = passes * window["kernel_y"] * window["kernel_x"] * window["planes"]
        made = int(random.integers(1, engine.group_words + 1))
        written = made * window["rows"] * window["columns"]
        fits = (
            rows <= engine.weight_rows
            and _read_words(window) <= engine.input_words
            and written <= engine.output_words
        )
        if not fits:
            continue
        records = engine.lanes * int(
            random.integers(0, (engine.records - engine.outputs) // engine.lanes + 1)
        )
        return Matrix(
            **window,
            output=int(random.integers(0, engine.output_words - written + 1)),
            words=made,
            passes=passes,
            weights=int(random.integers(0, engine.weight_rows - rows + 1)),
            records=records,
        )


def random_pool(engine: EngineConfiguration, random: np.random.Generator) -> Pool:
    """Return an instruction that stays within the memories: any window, tile, border, limits."""
    while True:
        window = _random_window(engine, random, int(random.integers(1, 4)))
        written = window["planes"] * window["rows"] * window["columns"]
        if _read_words(window) <= engine.input_words and written <= engine.output_words:
            low, high = sorted(int(n) for n in random.integers(-128, 128, 2))
            wide = random.random() < 0.5
            return Pool(
                **window,
                output=int(random.integers(0, engine.output_words - written + 1)),
                minimum=-128 if wide else low,
                maximum=127 if wide else high,
            )


def random_vector(engine: EngineConfiguration, random: np.random.Generator) -> Vector:
    """Return any operation on words within the memories."""
    words = int(random.integers(1, 12))
    a, b = (int(n) for n in random.integers(0, engine.input_words - words + 1, 2))
    records = engine.lanes * int(random.integers(0, engine.records // engine.lanes))
    table_a, table_b = (int(n) for n in random.integers(0, engine.tables, 2))
    return Vector(
        a=a,
        b=b,
        output=int(random.integers(0, engine.output_words - words + 1)),
        words=words,
        records=records,
        operation=int(random.integers(0, len(Operation))),
        table_a=table_a,
        table_b=table_b,
        repeat=int(random.integers(0, 2)),
    )


def _random_channels(
    engine: EngineConfiguration, random: np.random.Generator, written_planes: int | None
) -> dict[str, int]:
    while True:
        pixels, channels = int(random.integers(1, 5)), int(random.integers(1, 20))
        planes = -(-channels // engine.lanes)
        plane = pixels + int(random.integers(0, 3))
        words = (planes - 1) * plane + pixels
        written = pixels * (written_planes or planes)
        if words <= engine.input_words and written <= engine.output_words:
            return {
                "input": int(random.integers(0, engine.input_words - words + 1)),
                "plane": plane,
                "output": int(random.integers(0, engine.output_words - written + 1)),
                "pixels": pixels,
                "channels": channels,
            }


def random_softmax(engine: EngineConfiguration, random: np.random.Generator) -> Softmax:
    """Return a softmax of some pixels within the memories."""
    return Softmax(**_random_channels(engine, random, None), table=EXPONENTIAL)


def random_greatest_channel(
    engine: EngineConfiguration, random: np.random.Generator
) -> GreatestChannel:
    """Return what tells the greatest channels of some pixels within the memories."""
    return GreatestChannel(**_random_channels(engine, random, 1))


RANDOM: dict[type[Instruction], Callable[..., Instruction]] = {
    Matrix: random_matrix,
    Pool: random_pool,
    Vector: random_vector,
    Softmax: random_softmax,
    GreatestChannel: random_greatest_channel,
}
"""What makes instructions of each kind that computes."""


def fields_of(instruction: Instruction) -> dict[str, int]:
    """Return the fields that circuits are given: all but tokens and layer."""
    others = {each.name for each in fields(Instruction)}
    return {
        each.name: getattr(instruction, each.name)
        for each in fields(instruction)
        if each.name not in others
    }

"""Random instructions, and what golden makes of them in memories that are given."""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.execute import Engine
from bittrue.golden.engine.instruction import End, Instruction, Matrix
from bittrue.golden.engine.program import Needs, Program
from bittrue.golden.engine.record import Records


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
        shift = random.integers(36, 42, count)
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

    def words(self) -> list[NDArray[np.uint8]]:
        """Return the words of each memory, in the order of `golden.engine.instruction.Buffer`."""
        lanes = self.engine.lanes
        contents = self.input.view(np.uint8), self.weights, self.records
        return [content.reshape(-1, lanes) for content in contents]

    def executed(self, instruction: Instruction) -> NDArray[np.int8]:
        """Return the output memory after an instruction."""
        program = Program(Needs.of(self.engine, 0), (instruction, End()))
        golden = Engine(self.engine, program.encode(b""), np.zeros(0, np.uint8))
        golden.input[:] = self.input
        golden.weights[:] = self.weights
        golden.records[:] = self.records
        golden.run()
        return golden.output


def random_matrix(engine: EngineConfiguration, random: np.random.Generator) -> Matrix:
    """Return an instruction that stays within the memories: any window, tile, border."""
    while True:
        kernel_y, kernel_x, planes = (int(n) for n in random.integers(1, [4, 4, 4]))
        passes = int(random.integers(1, 3))
        rows = passes * kernel_y * kernel_x * planes
        height, width = (int(n) for n in random.integers(1, 8, 2))
        pitch = width + int(random.integers(0, 3))
        plane = height * pitch + int(random.integers(0, 3))
        words = (planes - 1) * plane + (height - 1) * pitch + width
        output_rows, output_columns = (int(n) for n in random.integers(1, 6, 2))
        made = int(random.integers(1, engine.group_words + 1))
        written = made * output_rows * output_columns
        fits = (
            rows <= engine.weight_rows
            and words <= engine.input_words
            and written <= engine.output_words
        )
        if not fits:
            continue
        records = engine.lanes * int(
            random.integers(0, (engine.records - engine.outputs) // engine.lanes + 1)
        )
        return Matrix(
            input=int(random.integers(0, engine.input_words - words + 1)),
            plane=plane,
            output=int(random.integers(0, engine.output_words - written + 1)),
            pitch=pitch,
            height=height,
            width=width,
            rows=output_rows,
            columns=output_columns,
            kernel_y=kernel_y,
            kernel_x=kernel_x,
            planes=planes,
            top=int(random.integers(-5, 6)),
            left=int(random.integers(-5, 6)),
            stride_y=int(random.integers(1, 4)),
            stride_x=int(random.integers(1, 4)),
            dilation_y=int(random.integers(1, 4)),
            dilation_x=int(random.integers(1, 4)),
            pad=int(random.integers(-128, 128)),
            words=made,
            passes=passes,
            weights=int(random.integers(0, engine.weight_rows - rows + 1)),
            records=records,
        )


def fields_of(instruction: Instruction) -> dict[str, int]:
    """Return the fields that circuits are given: all but tokens and layer."""
    others = {each.name for each in fields(Instruction)}
    return {
        each.name: getattr(instruction, each.name)
        for each in fields(instruction)
        if each.name not in others
    }

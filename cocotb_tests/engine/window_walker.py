"""Scenarios for the walk of windows: every step of random instructions, counted out in loops."""

import itertools
from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Matrix
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.engine.window_walker import WindowWalker
from cocotb_tests.bench.streams import every_manner
from cocotb_tests.engine.instructions import fields_of, random_matrix


def steps_of(engine: EngineConfiguration, matrix: Matrix) -> list[dict[str, int]]:
    """Return the steps of an instruction.

    Addresses outside of the tile are those that the same sum gives, modulo a power of two.
    """
    total = matrix.rows * matrix.columns
    modulus = 1 << (engine.input_words - 1).bit_length()
    found = []
    for first in range(0, total, engine.pixels):
        count = min(engine.pixels, total - first)
        row = matrix.weights
        taps = itertools.product(
            range(matrix.passes),
            range(matrix.kernel_y),
            range(matrix.kernel_x),
            range(matrix.planes),
        )
        for _, i, j, plane in taps:
            step = {"row": row, "pad": matrix.pad, "inside": 0}
            for k in range(count):
                y, x = divmod(first + k, matrix.columns)
                down = y * matrix.stride_y + i * matrix.dilation_y + matrix.top
                right = x * matrix.stride_x + j * matrix.dilation_x + matrix.left
                word = matrix.input + plane * matrix.plane + down * matrix.pitch + right
                inside = 0 <= down < matrix.height and 0 <= right < matrix.width
                step["inside"] |= inside << k
                step[f"address.{k}"] = word % modulus
            row += 1
            step["last"] = row == matrix.weights + matrix.passes * matrix.kernel_y * (
                matrix.kernel_x * matrix.planes
            )
            found.append(
                step
                | {
                    "group.output": matrix.output + first,
                    "group.plane": total,
                    "group.words": matrix.words,
                    "group.records": matrix.records,
                    "group.count": count,
                    "group.end": first + engine.pixels >= total,
                }
            )
    return found


def whole_groups(engine: EngineConfiguration, random: np.random.Generator) -> Matrix:
    """Return an instruction whose pixels fill all groups: what others hold is not promised."""
    while True:
        matrix = random_matrix(engine, random)
        if matrix.rows * matrix.columns % engine.pixels == 0:
            return matrix


def columns(rows: list[dict[str, int]]) -> dict[str, Int64]:
    """Return a column for each field."""
    return {name: np.array([row[name] for row in rows], dtype=np.int64) for name in rows[0]}


def scenarios(
    component: WindowWalker, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return random instructions, one after the other, in every manner."""
    engine, random = component.engine, np.random.default_rng(seed)
    matrices = [whole_groups(engine, random) for _ in range(20 if quick else 500)]
    steps = [step for matrix in matrices for step in steps_of(engine, matrix)]
    inputs = columns([fields_of(matrix) for matrix in matrices])
    return every_manner(
        "random instructions", {"i": inputs}, {"o": columns(steps)}, {}, len(steps) // 2, seed
    )

"""Scenarios for the matrix unit: random memories, random instructions, golden's words."""

from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Matrix
from bittrue.golden.numbers.arrays import Int64
from cocotb_tests.bench.streams import every_manner
from cocotb_tests.engine.instructions import Memories, fields_of, random_matrix
from cocotb_tests.engine.loaded import Loaded


def results_of(
    engine: EngineConfiguration, matrix: Matrix, memories: Memories
) -> list[dict[str, int]]:
    """Return the words of an instruction in their order: pixel by pixel, and in each the planes."""
    output = memories.executed(matrix)
    pixels = matrix.rows * matrix.columns
    found = []
    for pixel in range(pixels):
        for plane in range(matrix.words):
            address = matrix.output + plane * pixels + pixel
            end = pixel == pixels - 1 and plane == matrix.words - 1
            codes = {f"codes.{lane}": int(code) for lane, code in enumerate(output[address])}
            found.append({"address": address, "end": int(end), **codes})
    return found


def stimulus(
    engine: EngineConfiguration, seed: int, count: int
) -> tuple[dict[str, Int64], dict[str, Int64]]:
    """Return what is loaded and asked, and every word that comes of it."""
    random = np.random.default_rng(seed)
    memories = Memories(engine, random)
    matrices = [random_matrix(engine, random) for _ in range(count)]
    idle = dict.fromkeys(fields_of(matrices[0]), 0)
    rows = []
    for buffer, words in enumerate(memories.words()):
        for address, word in enumerate(words):
            value = int.from_bytes(word.tobytes(), "little", signed=False)
            rows.append(_row(0, buffer, address, value, idle))
    rows += [_row(1, 0, 0, 0, fields_of(matrix)) for matrix in matrices]
    expected = [each for matrix in matrices for each in results_of(engine, matrix, memories)]
    return _columns(rows), _columns(expected)


def _row(asks: int, buffer: int, address: int, word: int, window: dict[str, int]) -> dict[str, int]:
    return {
        "asks": asks,
        "write.buffer": buffer,
        "write.address": address,
        "write.word": word,
        **{f"window.{name}": value for name, value in window.items()},
    }


def _columns(rows: list[dict[str, int]]) -> dict[str, Int64]:
    return {name: np.array([row[name] for row in rows], dtype=np.int64) for name in rows[0]}


def scenarios(
    component: Loaded, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return random instructions in random memories, in every manner."""
    engine = component.unit.engine
    inputs, expected = stimulus(engine, seed, 30 if quick else 1000)
    half = len(inputs["asks"]) + len(expected["end"])
    return every_manner("random instructions", {"i": inputs}, {"o": expected}, {}, half, seed)

"""Scenarios for units of the engine: random memories, random instructions, golden's words."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    SIZE,
    Instruction,
    Operation,
    Vector,
    encode,
)
from bittrue.golden.numbers.arrays import Int64
from cocotb_tests.bench.streams import every_manner
from cocotb_tests.engine.instructions import RANDOM, Memories, words_of
from cocotb_tests.engine.loaded import Loaded


def loads(memories: Memories) -> list[dict[str, int]]:
    """Return what writes all memories, word by word."""
    return [
        row_of(buffer=buffer, address=address, word=word)
        for buffer, words in enumerate(memories.words())
        for address, word in enumerate(words)
    ]


def row_of(
    *,
    buffer: int = 0,
    address: int = 0,
    word: Sequence[int] | None = None,
    instruction: Instruction | None = None,
    lanes: int = 0,
) -> dict[str, int]:
    """Return a beat of `cocotb_tests.engine.loaded.asked_layout`."""
    content = bytes(SIZE) if instruction is None else encode(instruction)
    parts = np.frombuffer(content, dtype="<u4")
    codes = [0] * lanes if word is None else word
    return {
        "asks": int(instruction is not None),
        "buffer": buffer,
        "address": address,
        **{f"word.{lane}": int(code) for lane, code in enumerate(codes)},
        **{f"instruction.{k}": int(part) for k, part in enumerate(parts)},
    }


def stream_of(instruction: Instruction) -> str:
    """Return the stream that an instruction's words leave by."""
    joins = (Operation.ADD, Operation.MULTIPLY)
    if isinstance(instruction, Vector) and instruction.operation in joins:
        return "requantized"
    return "o"


def results_of(
    engine: EngineConfiguration, instruction: Instruction, memories: Memories
) -> list[dict[str, int]]:
    """Return the words of an instruction in their order."""
    output = memories.executed(instruction)
    addresses = words_of(engine, instruction).addresses()
    return [
        {
            "address": address,
            "end": int(number == len(addresses) - 1),
            **{f"codes.{lane}": int(code) for lane, code in enumerate(output[address])},
        }
        for number, address in enumerate(addresses)
    ]


def columns_of(rows: list[dict[str, int]]) -> dict[str, Int64]:
    """Return a column for each member."""
    return {name: np.array([row[name] for row in rows], dtype=np.int64) for name in rows[0]}


def scenarios(
    component: Loaded, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return random instructions in random memories, in every manner."""
    engine, random = component.engine, np.random.default_rng(seed)
    memories = Memories(engine, random)
    asked = [
        RANDOM[component.kinds[k % len(component.kinds)]](engine, random)
        for k in range(12 if quick else 1000)
    ]
    rows = loads(memories)
    rows += [row_of(instruction=instruction, lanes=engine.lanes) for instruction in asked]
    found: dict[str, list[dict[str, int]]] = {"o": [], "requantized": []}
    for instruction in asked:
        words = results_of(engine, instruction, memories)
        found[stream_of(instruction)] += words
    expected = {name: columns_of(words) for name, words in found.items() if words}
    half = len(rows) + sum(len(words) for words in found.values())
    inputs = {"i": columns_of(rows)}
    return every_manner("random instructions", inputs, expected, {}, half, seed)

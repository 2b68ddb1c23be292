"""Scenarios for the compute unit: random instructions of all kinds, and golden's output memory."""

from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import SIZE, Instruction, encode
from bittrue.golden.numbers.arrays import Int64
from cocotb_tests.bench.streams import every_manner
from cocotb_tests.engine.commanded import Command, Commanded
from cocotb_tests.engine.instructions import RANDOM, Memories, words_of
from cocotb_tests.engine.units import columns_of

READS = 12
"""Words that are read after some instructions, at most: the latest first."""


def loads_of(memories: Memories) -> list[dict[str, int]]:
    """Return what writes all memories, word by word."""
    return [
        {"buffer": buffer, "address": address, **_bytes(word.tobytes(), "word")}
        for buffer, words in enumerate(memories.words())
        for address, word in enumerate(words)
    ]


def _bytes(content: bytes, name: str, kind: str = "<u1") -> dict[str, int]:
    parts = np.frombuffer(content, dtype=kind)
    return {f"{name}.{k}": int(part) for k, part in enumerate(parts)}


def random_instructions(
    engine: EngineConfiguration, random: np.random.Generator, count: int
) -> list[Instruction]:
    """Return instructions of all kinds, often several of a kind one after the other."""
    found: list[Instruction] = []
    kinds = list(RANDOM)
    while len(found) < count:
        make = RANDOM[kinds[int(random.integers(len(kinds)))]]
        found += [make(engine, random) for _ in range(int(random.integers(1, 4)))]
    return found[:count]


def stimulus(
    engine: EngineConfiguration, seed: int, count: int
) -> tuple[dict[str, dict[str, Int64]], dict[str, Int64]]:
    """Return what both streams bring, and what is read."""
    random = np.random.default_rng(seed)
    memories = Memories(engine, random)
    every = loads_of(memories)
    # Neighbours go to one memory by two ports, mostly in one cycle.
    first, second = every[::2], every[1::2]
    nothing = _bytes(bytes(SIZE), "instruction", "<u4")
    no_word = _bytes(bytes(engine.lanes), "word")
    idle = {"command": Command.LOAD, "buffer": 0, "address": 0, **no_word, **nothing}
    rows = [{**idle, **load} for load in first]
    read: list[dict[str, int]] = []
    instructions = random_instructions(engine, random, count)
    executed: list[Instruction] = []
    while instructions:
        some = [
            instructions.pop(0) for _ in range(min(int(random.integers(1, 5)), len(instructions)))
        ]
        for each in some:
            content = _bytes(encode(each), "instruction", "<u4")
            rows.append({**idle, "command": Command.EXECUTE, **content})
        executed += some
        output = memories.executed(*executed).view(np.uint8)
        # The last word of all is asked for at once.
        addresses = [a for each in reversed(some) for a in words_of(engine, each).addresses()[::-1]]
        for address in addresses[:READS]:
            rows.append({**idle, "command": Command.READ, "address": address})
            read.append({str(lane): int(code) for lane, code in enumerate(output[address])})
    return {"i": columns_of(rows), "loaded": columns_of(second)}, columns_of(read)


def scenarios(
    component: Commanded, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return random instructions in random memories, in every manner."""
    inputs, expected = stimulus(component.unit.engine, seed, 16 if quick else 1000)
    half = 2 * len(inputs["i"]["command"])
    return every_manner("random instructions", inputs, {"o": expected}, {}, half, seed)


def words_loaded(engine: EngineConfiguration) -> int:
    """Return how many words the second stream loads."""
    return len(loads_of(Memories(engine, np.random.default_rng(0)))[1::2])

"""A model of time: when each instruction of a program begins and ends.

Units work at once, each on its instructions in order, and begin one when its tokens are there. How
long each takes follows from its fields; the constants are those of the circuit's pipelines and of
the memory.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    SIZE,
    Buffer,
    GreatestChannel,
    Instruction,
    Load,
    Matrix,
    Operation,
    Pool,
    Softmax,
    Store,
    Unit,
    Vector,
)


@dataclass(frozen=True)
class Memory:
    """The memory of the host, as the engine's ports see it.

    Parameters
    ----------
    latency : int
        Cycles from an address to the first word.
    efficiency : float
        Share of the cycles in which a port moves a word, in the middle of a transfer.
    """

    latency: int = 40
    efficiency: float = 0.8


LONGEST = 16
"""Words of a burst."""

OUTSTANDING = 16
"""Bursts of a port that are asked for before their words have come."""

_BURST = 4
"""Cycles between the addresses of two bursts."""

_ROUND = 6
"""Cycles in the engine between a burst that has come and the next one that is asked for."""

_QUEUE = 16
"""Instructions that wait before a unit."""

_CHECK = 3
"""Cycles in which an instruction is looked at, and none is read."""

_START = 24
"""Cycles of registers and of the header, besides those of memory."""

_BEGIN = 4
"""Cycles between the tokens of an instruction and its first word."""

_PIPELINE = 24
"""Cycles from the last operands of a computation to its last word."""

_SOFTMAX_PASSES = 3
_RECIPROCAL = 48


@dataclass(frozen=True)
class Span:
    """When an instruction works.

    Parameters
    ----------
    begin, end : float
        Cycles.
    busy : float
        For how many cycles its unit can do nothing else.
    """

    begin: float
    end: float
    busy: float


def busy_cycles(instruction: Instruction, engine: EngineConfiguration, memory: Memory) -> float:
    """Return for how many cycles an instruction's unit can begin no other."""
    match instruction:
        case Load() | Store():
            runs = instruction.planes * instruction.rows
            bursts = runs * -(-instruction.run // LONGEST)
            return _BEGIN + max(
                runs * instruction.run / memory.efficiency,
                bursts * _BURST,
                bursts * (memory.latency + _ROUND) / OUTSTANDING,
            )
        case Matrix():
            pixels = instruction.rows * instruction.columns
            steps = instruction.passes * instruction.kernel_y * instruction.kernel_x
            steps *= instruction.planes
            written = engine.pixels * instruction.words
            return _BEGIN + -(-pixels // engine.pixels) * max(steps, written)
        case Pool():
            pixels = instruction.rows * instruction.columns
            steps = max(instruction.kernel_y * instruction.kernel_x, engine.pixels)
            return _BEGIN + instruction.planes * -(-pixels // engine.pixels) * steps
        case Vector():
            operands = 1 if instruction.operation == Operation.LOOK_UP else 2
            return _BEGIN + operands * instruction.words
        case Softmax():
            each = _SOFTMAX_PASSES * instruction.channels + _RECIPROCAL
            return _BEGIN + instruction.pixels * each
        case GreatestChannel():
            return _BEGIN + instruction.pixels * instruction.channels
        case _:
            return 0


def spans(
    instructions: Sequence[Instruction], engine: EngineConfiguration, memory: Memory
) -> list[Span]:
    """Return when each instruction begins and ends."""
    free = dict.fromkeys(Unit, 0.0)
    ended = dict.fromkeys(Unit, 0.0)
    tokens: dict[tuple[Unit, Unit], deque[float]] = {
        (one, other): deque() for one in Unit for other in Unit
    }
    found = []
    words = SIZE / engine.lanes / memory.efficiency
    fetched = _START + 2 * memory.latency + words
    filled = dict.fromkeys(Buffer, 0.0)
    begun: dict[Unit, deque[float]] = {unit: deque([0.0] * _QUEUE, _QUEUE) for unit in Unit}
    for instruction in instructions:
        unit = instruction.unit
        fetched = max(fetched + words + _CHECK, begun[unit][0])
        begin = max(free[unit], fetched)
        for other in Unit:
            if instruction.waits >> other & 1:
                begin = max(begin, tokens[other, unit].popleft())
        busy = busy_cycles(instruction, engine, memory)
        after = memory.latency if isinstance(instruction, Load | Store) else _PIPELINE
        leaves = begin + busy
        if isinstance(instruction, Load):
            # Both ports may fill one memory, which takes so many words in a cycle.
            buffer = Buffer(instruction.buffer)
            taken = instruction.planes * instruction.rows * instruction.run
            at_once = 2 if buffer in (Buffer.INPUT, Buffer.WEIGHT) else 1
            filled[buffer] = max(filled[buffer], begin + after) + taken / at_once
            leaves = max(leaves, filled[buffer] - after)
        end = max(leaves + after, ended[unit])
        free[unit], ended[unit] = leaves, end
        begun[unit].append(begin)
        for other in Unit:
            if instruction.signals >> other & 1:
                tokens[unit, other].append(end)
        found.append(Span(begin, end, busy))
    return found

"""What memories take; see `hdl.costs.costs.Costs`.

Every function takes numbers, or arrays of them: one entry for each way to build a memory.
"""

import numpy as np

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.memory import Memory, usual_ram, usual_rom
from bittrue.hdl.costs.costs import Costs, Count, rounded_up
from bittrue.hdl.costs.fabric import Fabric

_TABLE_WORDS = 64
"""Words of one bit that a table of six inputs holds."""

_FEW_WORDS = 8
"""Words of a ROM of which bits are alike often."""

_JOINED = 4
"""Tables that the multiplexers behind them join without any other table."""

_SHAPES = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
"""Bits of a word and words of a block RAM of 18 kbit, RAMB18 as DP16KD; every ninth is a parity."""


def rom_cost(width: Count, words: Count, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate ROMs of so many words of a width; a single word is a constant."""
    words = np.asarray(words)
    stored = words > 1
    if memory is Memory.BLOCK:
        return Costs(0, 0, _halves(width, words, fabric) * stored)
    # A six-input table holds 64 words of a bit; the multiplexers of slices join four of them.
    joined = np.where(words > _JOINED * _TABLE_WORDS, 1.45, 1.0)
    # Of few words there are fewer functions of the address than bits, and synthesis shares them.
    different = np.where(words <= _FEW_WORDS, 1 << np.minimum(words, _FEW_WORDS), width)
    width = np.minimum(width, different)
    return Costs(rounded_up(width * -(-words // _TABLE_WORDS) * joined) * stored)


def usual_rom_cost(width: int, words: int, fabric: Fabric) -> Costs:
    """Estimate a ROM made of what suits its size."""
    return rom_cost(width, words, usual_rom(words), fabric)


def ram_cost(width: Count, depth: Count, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate memories with one port to write and one to read."""
    width, depth = np.asarray(width), np.asarray(depth)
    if memory is Memory.BLOCK:
        return Costs(0, 0, _halves(width, depth, fabric))
    # Four tables are 64 words of three bits or 32 words of six; what joins them is logic.
    blocks = -(-depth // _TABLE_WORDS)
    tables = np.where(depth > _TABLE_WORDS // 2, blocks * -(-width // 3), -(-width // 6))
    joining = np.where(blocks > _JOINED, width * blocks // 2, width) + blocks
    return Costs(4 * tables + joining * (blocks > 1))


def usual_ram_cost(width: int, depth: int, fabric: Fabric) -> Costs:
    """Estimate a memory made of what suits its size."""
    return ram_cost(width, depth, usual_ram(width, depth), fabric)


def result_fifo_cost(width: Count, depth: Count) -> Costs:
    """Estimate a `hdl.blocks.result_fifo.ResultFifo`: its memory, two pointers and two counts."""
    bits = rounded_up(np.log2(depth))
    words = np.asarray(width), np.asarray(depth)
    memory = np.where(
        words[1] > _TABLE_WORDS // 2, 4 * -(-words[0] // 3), 4 * -(-words[0] // 6)
    ) * -(-words[1] // _TABLE_WORDS)
    return Costs(memory + 4 * bits + 5)


def _halves(width: Count, words: Count, fabric: Fabric) -> Int64:
    """Return block RAMs, in halves of one: as many as in the best shape that all of them have."""
    width, words = np.asarray(width), np.asarray(words)
    found = [-(-width // wide) * -(-words // deep) for wide, deep in _SHAPES]
    return np.min(found, axis=0) * fabric.halves

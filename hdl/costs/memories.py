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

_WRITTEN = 9
"""Bits of a block RAM's word that are written together, if it has so many."""

_CHOSEN = 4
"""Words among which a table of six inputs selects a bit."""


def rom_cost(width: Count, words: Count, memory: Memory, fabric: Fabric) -> Costs:
    """Estimate ROMs of so many words of a width; a single word is a constant."""
    words = np.asarray(words)
    stored = words > 1
    if memory is Memory.BLOCK:
        luts, halves = _blocks(width, words, fabric)
        return Costs(luts * stored, 0, halves * stored)
    # A six-input table holds 64 words of a bit; the multiplexers of slices join four of them.
    joined = np.where(words > _JOINED * _TABLE_WORDS, 1.45, 1.0)
    # Of few words there are fewer functions of the address than bits, and synthesis shares them.
    different = np.where(words <= _FEW_WORDS, 1 << np.minimum(words, _FEW_WORDS), width)
    width = np.minimum(width, different)
    return Costs(rounded_up(width * -(-words // _TABLE_WORDS) * joined) * stored)


def usual_rom_cost(width: int, words: int, fabric: Fabric) -> Costs:
    """Estimate a ROM made of what suits its size."""
    return rom_cost(width, words, usual_rom(words), fabric)


def ram_cost(width: Count, depth: Count, memory: Memory, fabric: Fabric, lanes: Count = 1) -> Costs:
    """Estimate memories with one port to write and one to read.

    Parameters
    ----------
    width, depth : int or ndarray of int64
        Bits that are written together, and addresses.
    memory : Memory
    fabric : Fabric
    lanes : int or ndarray of int64
        How many times `width` an address has, each of which can be written alone.
    """
    width, depth, lanes = np.asarray(width), np.asarray(depth), np.asarray(lanes)
    if memory is Memory.BLOCK:
        luts, halves = _blocks(width, depth, fabric, lanes)
        return Costs(luts, 0, halves)
    # Four tables are 64 words of three bits or 32 words of six; what joins them is logic.
    blocks = -(-depth // _TABLE_WORDS)
    tables = lanes * np.where(depth > _TABLE_WORDS // 2, blocks * -(-width // 3), -(-width // 6))
    bits = width * lanes
    joining = np.where(blocks > _JOINED, bits * blocks // 2, bits) + blocks * lanes
    return Costs(4 * tables + joining * (blocks > 1))


def usual_ram_cost(width: int, depth: int, fabric: Fabric, lanes: int = 1) -> Costs:
    """Estimate a memory made of what suits its size."""
    return ram_cost(width, depth, usual_ram(width * lanes, depth), fabric, lanes)


def result_fifo_cost(width: Count, depth: Count) -> Costs:
    """Estimate a `hdl.blocks.result_fifo.ResultFifo`: its memory, two pointers and two counts."""
    bits = rounded_up(np.log2(depth))
    words = np.asarray(width), np.asarray(depth)
    memory = np.where(
        words[1] > _TABLE_WORDS // 2, 4 * -(-words[0] // 3), 4 * -(-words[0] // 6)
    ) * -(-words[1] // _TABLE_WORDS)
    return Costs(memory + 4 * bits + 5)


def _blocks(
    width: Count, words: Count, fabric: Fabric, lanes: Count | None = None
) -> tuple[Int64, Int64]:
    """Return the tables that select words, and block RAMs in halves.

    As many block RAMs as in the best shape that all of them have. Words beyond the depth of the
    shape lie beside the first ones, not in block RAMs of their own, so that both may share one.
    Where lanes are written alone, each takes whole groups of bits that are written together; those
    of a ROM never are.
    """
    width, words, count = np.broadcast_arrays(width, words, 1 if lanes is None else lanes)
    halves, tables = [], []
    for wide, deep in _SHAPES:
        beside = -(-words // deep)
        group = 1 if lanes is None else min(wide, _WRITTEN)
        groups = -(-width // group) * count * beside
        halves.append(-(-groups // (wide // group)))
        tables.append(width * count * -(-(beside - 1) // (_CHOSEN - 1)))
    fewest = np.min(halves, axis=0)
    most = np.max(tables, axis=0)
    luts: Int64 = np.min(np.where(halves == fewest, tables, most), axis=0)
    return luts, fewest * fabric.halves

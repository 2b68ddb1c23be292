"""Block RAMs of memories, as many as Yosys 0.70 makes of them for 7 series."""

import numpy as np
import pytest

from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.costs.fabric import ECP5, SERIES_7
from bittrue.hdl.costs.memories import ram_cost, rom_cost

ROMS = {
    (8, 600): 1,
    (14, 2048): 2,
    (576, 100): 16,
    (505, 100): 15,
    (105, 64): 3,
    (36, 513): 2,
    (40, 512): 2,
    (24, 300): 1,
    (1, 20000): 2,
    (144, 1000): 8,
    # Words beyond the depth of a block lie beside others.
    (3, 5000): 1,
    (12, 1100): 1,
    (14, 3584): 3,
    (11, 2049): 2,
    (64, 3000): 11,
    (8, 20000): 9,
    (32, 5000): 9,
    (13, 6000): 5,
}
"""Halves of block RAMs by width and words."""

RAMS = {
    (8, 1, 600): 1,
    (20, 1, 700): 2,
    (33, 1, 1000): 2,
    (16, 1, 2500): 3,
    (8, 4, 300): 1,
    (8, 8, 200): 2,
    (9, 4, 512): 1,
    (16, 4, 300): 2,
    # Of lanes narrower than nine bits, each takes nine bits that are written together.
    (1, 14, 112): 4,
    (4, 8, 300): 2,
    (8, 37, 100): 10,
    (3, 3, 600): 2,
    (4, 3, 1500): 3,
    (8, 2, 2500): 3,
}
"""The same by width of a lane, lanes, and addresses."""


@pytest.mark.parametrize("shape", ROMS, ids=str)
def test_block_rams_of_roms_are_those_of_yosys(shape: tuple[int, int]) -> None:
    assert rom_cost(*shape, Memory.BLOCK, SERIES_7).halves == ROMS[shape]


@pytest.mark.parametrize("shape", RAMS, ids=str)
def test_block_rams_of_rams_are_those_of_yosys(shape: tuple[int, int, int]) -> None:
    width, lanes, depth = shape
    assert ram_cost(width, depth, Memory.BLOCK, SERIES_7, lanes).halves == RAMS[shape]


def test_of_many_memories_each_is_as_if_it_were_alone() -> None:
    widths, depths, lanes = np.array(list(RAMS)).T[[0, 2, 1]]
    together = ram_cost(widths, depths, Memory.BLOCK, ECP5, lanes)
    alone = [
        ram_cost(width, depth, Memory.BLOCK, ECP5, count)
        for width, depth, count in zip(widths, depths, lanes, strict=True)
    ]
    assert np.asarray(together.halves).tolist() == [int(each.halves) for each in alone]
    assert np.asarray(together.luts).tolist() == [int(each.luts) for each in alone]
    assert np.asarray(together.halves).tolist() == [2 * halves for halves in RAMS.values()]

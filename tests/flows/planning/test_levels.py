"""What is put into block RAM saves tables there."""

import pytest

from bittrue.flows.planning.levels import fifo_options
from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.costs.fabric import ECP5, SERIES_7, Fabric

BLOCK, LOGIC = (tuple(Memory).index(memory) for memory in (Memory.BLOCK, Memory.LOGIC))


@pytest.mark.parametrize("fabric", [SERIES_7, ECP5])
@pytest.mark.parametrize(("width", "depth"), [(8, 4), (8, 16), (1, 64)])
def test_a_small_fifo_gains_nothing_from_block_ram(fabric: Fabric, width: int, depth: int) -> None:
    options = fifo_options(width, depth, fabric)
    assert options.luts[BLOCK] == options.luts[LOGIC]
    assert options.halves[BLOCK] > options.halves[LOGIC] == 0


@pytest.mark.parametrize(("width", "depth"), [(8, 600), (64, 128)])
def test_a_deep_fifo_does(width: int, depth: int) -> None:
    options = fifo_options(width, depth, SERIES_7)
    assert options.luts[BLOCK] + 15 * options.halves[BLOCK] <= options.luts[LOGIC]

"""What common pieces of logic take; see `hdl.costs.costs.Costs`."""

from collections.abc import Sequence

from bittrue.hdl.blocks.multiply import LOGIC_WIDTH
from bittrue.hdl.costs.costs import Costs

STREAM = Costs(1)
"""Valid and ready of a pipeline."""


def counters_cost(sizes: Sequence[int]) -> Costs:
    """Estimate counters of so many steps each, with the comparisons of their ends.

    A counter of a power of two is a carry chain alone, of which it is only asked where it ends.
    """
    wrapping = sum(size.bit_length() for size in sizes if size & (size - 1))
    free = sum(size.bit_length() - 1 for size in sizes if not size & (size - 1))
    return Costs(7 * wrapping // 4 + -(-free // 3))


def clamp_cost(width: int) -> Costs:
    """Estimate two comparisons with constants; flip-flops are set and reset beyond them."""
    return Costs(-(-5 * width // 8))


def product_cost(one: int, other: int) -> Costs:
    """Estimate a product of operands of so many bits, see `hdl.blocks.multiply.multiplier`."""
    if min(one, other) <= LOGIC_WIDTH:
        return Costs(min(one, other) * (max(one, other) + 1))
    return Costs(0, 1)

"""What memories are made of."""

from enum import Enum


class Memory(Enum):
    """What a memory is made of: block RAM, or the tables of the logic."""

    BLOCK = "block"
    LOGIC = "logic"


_LARGEST_LOGIC_ROM = 64
"""Words of a ROM that is as cheap as logic: a six-input table a bit."""

_LARGEST_LOGIC_RAM = 2048
"""Bits of a memory that fills so little of a block RAM that tables are cheaper."""


def usual_rom(words: int) -> Memory:
    """Return what a ROM is made of where nobody chooses."""
    return Memory.BLOCK if words > _LARGEST_LOGIC_ROM else Memory.LOGIC


def usual_ram(width: int, depth: int) -> Memory:
    """Return what a memory of words of some width is made of where nobody chooses."""
    return Memory.BLOCK if width * depth > _LARGEST_LOGIC_RAM else Memory.LOGIC

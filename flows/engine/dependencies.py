"""Which instructions have to wait for which, and the tokens that make them.

What an instruction reads and writes decides: it waits for the last one before it, of each other
unit, that touches the same words, where one of the two writes them. Units execute in order, so the
last one is enough; and what follows from other waits needs no token.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bittrue.flows.engine.places import Box, Buffer
from bittrue.golden.engine.instruction import Instruction, Unit


class Access(NamedTuple):
    """Words that an instruction reads or writes.

    Parameters
    ----------
    memory : hashable
        A memory on chip by its name, or a buffer of the host's memory.
    box : Box
        On chip, plane 0 of the memory.
    writes : bool
    """

    memory: Hashable
    box: Box
    writes: bool


def on_chip(memory: str, first: int, words: int, writes: bool) -> Access:
    """Return the access of some words of a memory on chip."""
    return Access(memory, Box(0, 1, first, first + words), writes)


@dataclass
class _Touch:
    number: int
    unit: Unit
    access: Access


class Tokens:
    """Collects instructions in order and finds what each waits for."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._waits: list[int] = []
        self._signals: list[int] = []
        self._touches: dict[Hashable, list[_Touch]] = {}
        self._known: list[list[int]] = []
        """By instruction: the last of each unit that has ended when it begins."""
        self._last: dict[Unit, int] = {}

    def add(self, instruction: Instruction, accesses: Sequence[Access]) -> None:
        """Append an instruction."""
        number, unit = len(self.instructions), instruction.unit
        needed = [-1] * len(Unit)
        for access in accesses:
            for touch in self._conflicts(access):
                if touch.unit != unit:
                    needed[touch.unit] = max(needed[touch.unit], touch.number)
        known = [-1] * len(Unit)
        if unit in self._last:
            known = list(self._known[self._last[unit]])
            known[unit] = self._last[unit]
        waits = 0
        # The latest first: what it waited for is then known.
        for other in sorted(Unit, key=lambda each: -needed[each]):
            if needed[other] <= known[other]:
                continue
            waits |= 1 << other
            signaller = needed[other]
            self._signals[signaller] |= 1 << unit
            known = [max(*pair) for pair in zip(known, self._known[signaller], strict=True)]
            known[other] = signaller
        self.instructions.append(instruction)
        self._waits.append(waits)
        self._signals.append(0)
        self._known.append(known)
        self._last[unit] = number
        for access in accesses:
            self._touch(_Touch(number, unit, access))

    def finished(self) -> tuple[Instruction, ...]:
        """Return the instructions with their tokens."""
        return tuple(
            replace(instruction, waits=waits, signals=signals)
            for instruction, waits, signals in zip(
                self.instructions, self._waits, self._signals, strict=True
            )
        )

    def _conflicts(self, access: Access) -> list[_Touch]:
        found = [
            touch
            for touch in self._touches.get(access.memory, [])
            if (access.writes or touch.access.writes) and touch.access.box.meets(access.box)
        ]
        if isinstance(access.memory, Buffer) and access.writes:
            for before in access.memory.before:
                found += self._touches.get(before, [])
        return found

    def _touch(self, touch: _Touch) -> None:
        """Keep an access, and forget those that it hides."""
        touches = self._touches.setdefault(touch.access.memory, [])
        touches[:] = [each for each in touches if not _hidden(each, touch)]
        touches.append(touch)


def _hidden(old: _Touch, new: _Touch) -> bool:
    """Return whether who conflicts with an old access also conflicts with the new one.

    That is so where the new one covers it and writes: it has waited for the old one itself. And
    where both only read, in one unit.
    """
    one, other = old.access.box, new.access.box
    covered = (
        other.first_plane <= one.first_plane
        and one.last_plane <= other.last_plane
        and other.first_word <= one.first_word
        and one.last_word <= other.last_word
    )
    if not covered:
        return False
    return new.access.writes or (not old.access.writes and old.unit == new.unit)

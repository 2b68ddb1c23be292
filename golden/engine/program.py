"""A program with its constants: one image of memory, and what the host has to know of it."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    INSTRUCTIONS,
    SIZE,
    End,
    Instruction,
    Unit,
    decode,
    encode,
)
from bittrue.golden.errors import UserError

MAGIC = b"BTENGINE"
VERSION = 1
HEADER = struct.Struct("<8sIIHHIIIIIQ16x")
"""Magic, version, instructions, lanes, outputs, input words, weight rows, records, tables, output
words, bytes of the data region; 64 bytes."""

MAXIMUM_INSTRUCTIONS = 1 << 20


class ProgramError(UserError):
    """A program that no engine, or not this one, takes."""


class Needs(NamedTuple):
    """What a program asks of the engine and the host, as its header has it."""

    lanes: int
    outputs: int
    input_words: int
    weight_rows: int
    records: int
    tables: int
    output_words: int
    data_bytes: int

    @classmethod
    def of(cls, engine: EngineConfiguration, data_bytes: int) -> "Needs":
        """Return the needs of a program that uses all of an engine."""
        return cls(
            engine.lanes,
            engine.outputs,
            engine.input_words,
            engine.weight_rows,
            engine.records,
            engine.tables,
            engine.output_words,
            data_bytes,
        )

    def check(self, engine: EngineConfiguration) -> None:
        """Refuse a program that an engine is too small for, or another than.

        Raises
        ------
        ProgramError
            Naming what it needs, and what there is.
        """
        for name in ("lanes", "outputs"):
            if getattr(self, name) != getattr(engine, name):
                raise ProgramError(
                    f"the program is for an engine with {getattr(self, name)} {name}; this one has "
                    f"{getattr(engine, name)}; compile the network for it"
                )
        for name in ("input_words", "weight_rows", "records", "tables", "output_words"):
            if getattr(self, name) > getattr(engine, name):
                raise ProgramError(
                    f"the program needs {getattr(self, name)} of {name}; this engine has "
                    f"{getattr(engine, name)}; compile the network for it"
                )


@dataclass(frozen=True)
class Program:
    """Instructions in order, and the needs of the header.

    Parameters
    ----------
    needs : Needs
    instructions : tuple of Instruction
    """

    needs: Needs
    instructions: tuple[Instruction, ...]

    @property
    def constants(self) -> int:
        """First byte of the image behind the instructions."""
        return HEADER.size + SIZE * len(self.instructions)

    def encode(self, constants: bytes) -> bytes:
        """Return the image: header, instructions, constants.

        Raises
        ------
        ProgramError
            If there are too many instructions.
        """
        count = len(self.instructions)
        if count > MAXIMUM_INSTRUCTIONS:
            raise ProgramError(f"it has {count} instructions; allowed: {MAXIMUM_INSTRUCTIONS}")
        header = HEADER.pack(MAGIC, VERSION, count, *self.needs)
        return header + b"".join(encode(each) for each in self.instructions) + constants


def decode_program(image: bytes) -> Program:
    """Return the program at the beginning of an image, refusing what is not known.

    Raises
    ------
    ProgramError
        In one line: what is wrong, and in which instruction.
    """
    if len(image) < HEADER.size:
        raise ProgramError(f"the image has {len(image)} bytes; a header alone has {HEADER.size}")
    magic, version, count, *needs = HEADER.unpack_from(image)
    if magic != MAGIC:
        raise ProgramError(f"the image begins with {magic!r}; a program begins with {MAGIC!r}")
    if version != VERSION:
        raise ProgramError(
            f"the program has version {version}; allowed: {VERSION}; compile the network again"
        )
    if any(image[HEADER.size - 16 : HEADER.size]):
        raise ProgramError("the header has bytes that this version does not know")
    if not 1 <= count <= MAXIMUM_INSTRUCTIONS:
        raise ProgramError(f"it has {count} instructions; allowed: 1 to {MAXIMUM_INSTRUCTIONS}")
    if HEADER.size + SIZE * count > len(image):
        raise ProgramError(
            f"the program is truncated: its image has {len(image)} bytes, its {count} instructions "
            f"end at byte {HEADER.size + SIZE * count}"
        )
    program = Program(Needs(*needs), tuple(_decoded(image, count)))
    check_tokens(program.instructions)
    return program


def _decoded(image: bytes, count: int) -> Iterator[Instruction]:
    for number in range(count):
        first = HEADER.size + SIZE * number
        content = image[first : first + SIZE]
        instruction = decode(content)
        if instruction is None:
            known = content[0] in INSTRUCTIONS
            reason = "fields that are not known" if known else f"opcode {content[0]}"
            raise ProgramError(f"instruction {number} has {reason}; compile the network again")
        if isinstance(instruction, End) != (number == count - 1):
            raise ProgramError(
                f"instruction {number} of {count} is {type(instruction).__name__}; the last one, "
                "and no other, is End"
            )
        yield instruction


def check_tokens(instructions: Sequence[Instruction]) -> None:
    """Refuse a program in which an instruction waits for what nothing before it sends.

    Executed in order, one at a time, such a program never waits, so it cannot wait for ever in any
    other order that its tokens allow.

    Raises
    ------
    ProgramError
        Naming the instruction and the unit.
    """
    sent: dict[tuple[int, int], int] = {}
    for number, instruction in enumerate(instructions):
        unit = instruction.unit
        for name in ("waits", "signals"):
            mask = getattr(instruction, name)
            if mask >> len(Unit) or mask >> unit & 1:
                raise ProgramError(
                    f"instruction {number} has {name} {mask:#x}; allowed: bits of the other units"
                )
        for other in Unit:
            if instruction.waits >> other & 1:
                left = sent.get((other, unit), 0)
                if not left:
                    raise ProgramError(
                        f"instruction {number} waits for a token of {other.name} that no "
                        "instruction before it sends"
                    )
                sent[other, unit] = left - 1
            if instruction.signals >> other & 1:
                sent[unit, other] = sent.get((unit, other), 0) + 1


def describe(instruction: Instruction) -> dict[str, Any]:
    """Return an instruction's fields, with its name."""
    values = {name: getattr(instruction, name) for name, _, _ in instruction.layout()}
    return {"instruction": type(instruction).__name__, **values}

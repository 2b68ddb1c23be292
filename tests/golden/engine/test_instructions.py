"""Instructions and programs as bytes: what is written is read, what is not known is refused."""

import re
import struct
from dataclasses import replace

import numpy as np
import pytest

from bittrue.golden.engine.configuration import (
    CONFIGURATIONS,
    EngineConfiguration,
    read_configuration,
)
from bittrue.golden.engine.execute import Engine
from bittrue.golden.engine.instruction import (
    INSTRUCTIONS,
    End,
    Instruction,
    Load,
    Matrix,
    Region,
    Store,
    Unit,
    Vector,
    decode,
    encode,
)
from bittrue.golden.engine.program import (
    HEADER,
    Needs,
    Program,
    ProgramError,
    decode_program,
)
from bittrue.golden.errors import UserError
from tests.support.paths import DOCS

SMALL = CONFIGURATIONS["small"]
RANGES = {
    "u8": (0, 255),
    "i8": (-128, 127),
    "u16": (0, 65535),
    "i16": (-32768, 32767),
    "u32": (0, 2**32 - 1),
}


@pytest.mark.parametrize("kind", INSTRUCTIONS.values())
def test_every_field_is_kept_at_both_ends(kind: type[Instruction]) -> None:
    for end in (0, 1):
        values = {name: RANGES[stored][end] for name, stored, _ in kind.layout()}
        instruction = kind(**values)
        content = encode(instruction)
        assert len(content) == 64
        assert content[0] == kind.OPCODE
        assert decode(content) == instruction


@pytest.mark.parametrize("kind", INSTRUCTIONS.values())
def test_fields_do_not_overlap(kind: type[Instruction]) -> None:
    taken = [0]
    for name, stored, first in kind.layout():
        size = {"8": 1, "6": 2, "2": 4}[stored[-1]]
        assert first % size == 0, name
        taken += range(first, first + size)
    assert len(set(taken)) == len(taken) <= 64


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError, match="pitch of Matrix is 65536; allowed: u16"):
        encode(Matrix(pitch=1 << 16))


def test_the_page_has_every_field_where_it_is() -> None:
    page = (DOCS / "engine.md").read_text()
    for kind in INSTRUCTIONS.values():
        for name, stored, first in kind.layout():
            if name in ("waits", "signals", "layer"):
                continue
            row = rf"^\| {first} \| `{name}` \| {stored} \|"
            section = page.split(f"### {kind.__name__}\n")[1].split("\n### ")[0]
            assert re.search(row, section, re.MULTILINE), (kind, name, first)


@pytest.mark.parametrize("place", [0, 63])
def test_unknown_bytes_are_no_instruction(place: int) -> None:
    content = bytearray(encode(Vector(words=3)))
    content[place] = 99
    assert decode(bytes(content)) is None


def image(*instructions: Instruction, constants: bytes = b"", data_bytes: int = 64) -> bytes:
    needs = Needs.of(SMALL, data_bytes)
    return Program(needs, (*instructions, End())).encode(constants)


def run(content: bytes, data_bytes: int = 64, engine: EngineConfiguration = SMALL) -> None:
    Engine(engine, content, np.zeros(data_bytes, dtype=np.uint8)).run()


def test_a_program_is_read_as_it_was_written() -> None:
    load, store = Load(run=4, rows=1, planes=1, region=Region.DATA), Store(run=2, rows=1, planes=1)
    program = decode_program(image(load, store))
    assert program.instructions == (load, store, End())
    assert program.needs == Needs.of(SMALL, 64)


def broken(place: int, content: bytes) -> bytes:
    whole = image(Store(run=1, rows=1, planes=1))
    return whole[:place] + content + whole[place + len(content) :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (image()[:30], "the image has 30 bytes; a header alone has 64"),
        (image()[:-1], "the program is truncated: its image has 127 bytes"),
        (broken(0, b"X"), "the image begins with b'XTENGINE'"),
        (broken(8, struct.pack("<I", 2)), "the program has version 2; allowed: 1"),
        (broken(12, struct.pack("<I", 0)), "it has 0 instructions"),
        (broken(12, struct.pack("<I", 1)), "instruction 0 of 1 is Store; the last one"),
        (broken(12, struct.pack("<I", 1 << 30)), "it has 1073741824 instructions"),
        (broken(60, b"\1"), "the header has bytes that this version does not know"),
        (broken(64, b"\x63"), "instruction 0 has opcode 99"),
        (broken(127, b"\1"), "instruction 0 has fields that are not known"),
        (image(Store(run=1, rows=1, planes=1, waits=1 << Unit.COMPUTE)), "waits for a token of"),
        (image(Store(run=1, rows=1, planes=1, waits=1 << Unit.STORE)), "has waits 0x8"),
        (image(Store(run=1, rows=1, planes=1, signals=16)), "has signals 0x10"),
    ],
)
def test_what_is_no_program_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ProgramError, match=re.escape(message)):
        decode_program(content)


WORD = {"run": 1, "rows": 1, "planes": 1}


@pytest.mark.parametrize(
    ("instruction", "message"),
    [
        (Load(**WORD, region=Region.DATA, address=64), "byte 67 of region data, which has 64"),
        (Load(**WORD, region=Region.IMAGE, address=192), "byte 195 of region image, which has 192"),
        (Load(run=1, rows=2, planes=1, row_stride=2**31, region=1), "of region data, which has 64"),
        (Load(**WORD, region=Region.DATA, address=2), "is not a multiple of 4 bytes"),
        (Load(**WORD, region=2), "region 2 or buffer 0 is not known"),
        (Load(**WORD, destination=4096), "words 4096 to 4096 of the input memory, which has 4096"),
        (Store(**WORD, address=64), "byte 67 of region data, which has 64"),
        (Store(**WORD, source=1024), "words 1024 to 1024 of the output memory, which has 1024"),
        (Store(run=0, rows=1, planes=1), "it moves nothing"),
        (Vector(words=4097), "words 0 to 4096 of the input memory, which has 4096"),
        (Vector(words=1, table_a=4), "words 4 to 4 of the table memory, which has 4"),
        (Vector(words=1, operation=5), "operation 5 is not known"),
        (Vector(words=1, operation=1, records=2), "record 2 is the first; allowed: a multiple of"),
        (Matrix(planes=1, passes=1, kernel_x=1, kernel_y=513, words=1), "of the weight memory"),
    ],
)
def test_what_leaves_a_memory_is_refused(instruction: Instruction, message: str) -> None:
    with pytest.raises(ProgramError, match=re.escape(message)):
        run(image(instruction))


def test_nothing_outside_of_the_data_region_is_written() -> None:
    """The first store is done, the one that leaves the region changes nothing."""
    data = np.zeros(64, dtype=np.uint8)
    stores = Store(**WORD, address=60, recentre=1), Store(run=2, rows=1, planes=1, address=60)
    with pytest.raises(ProgramError, match="instruction 1, Store: byte 67"):
        Engine(SMALL, image(*stores), data).run()
    assert data.tolist() == [0] * 60 + [128] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lanes": 8}, "for an engine with 4 lanes; this one has 8"),
        ({"input_words": 4000}, "needs 4096 of input_words; this engine has 4000"),
        ({"records": 100}, "needs 128 of records; this engine has 100"),
    ],
)
def test_the_program_of_another_engine_is_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        run(image(), engine=replace(SMALL, **change))


def test_programs_do_not_depend_on_pixels() -> None:
    run(image(), engine=replace(SMALL, pixels=5))


def test_too_small_a_data_region_is_refused() -> None:
    with pytest.raises(ProgramError, match="needs 64 bytes of data; the region has 63"):
        run(image(), data_bytes=63)


def test_the_header_has_64_bytes() -> None:
    assert HEADER.size == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lanes": 6}, "lanes of the engine are 6 and outputs 8"),
        ({"outputs": 10}, "a power of two that divides the outputs"),
        ({"pixels": 0}, "pixels of the engine is 0; allowed: an integer, 1 to 16"),
        ({"tables": True}, "tables of the engine is True"),
    ],
)
def test_impossible_engines_are_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(SMALL, **change)


def test_engines_are_read_from_folders(tmp_path: object) -> None:
    import json
    from pathlib import Path

    folder = Path(str(tmp_path))
    path = folder / "engine.json"
    path.write_text(json.dumps(SMALL.document()))
    assert read_configuration(str(folder)) == SMALL
    for text, message in (
        ("{", "is no JSON document"),
        ("[]", "describes no engine"),
        (json.dumps(SMALL.document() | {"more": 1}), "members missing or not known: more"),
        (json.dumps(SMALL.document() | {"lanes": "4"}), "lanes of the engine is '4'"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            read_configuration(str(folder))
    with pytest.raises(UserError, match="no engine, and no folder, is named 'large'"):
        read_configuration("large")

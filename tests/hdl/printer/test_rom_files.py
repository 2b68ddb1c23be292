"""ROM files are read back: words packed wrong, cut off or changed are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

import bittrue.hdl.blocks.rom
from bittrue.cli import main
from bittrue.flows.command_status import EXIT_NOT_DONE, status_of
from bittrue.hdl.blocks.packed_words import pack_words
from bittrue.hdl.blocks.platform import RomColumns
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.printer.rom_files import RomFileError, write_design
from bittrue.hdl.printer.verilog_output import Design, to_verilog
from tests.support.tflite_fixtures import FIXTURES

COLUMNS = [
    ([-1, 5, 2**6], 8),
    ([2**55 + 1, 3, 2**56 - 1], 56),
    ([2**70 + 1, 0, 2**71 - 1], 71),
    ([0, 1, 0], 1),
]
WORDS = [
    (2**8 - 1) + ((2**55 + 1) << 8) + ((2**70 + 1) << 64),
    5 + (3 << 8) + (1 << 135),
    2**6 + ((2**56 - 1) << 8) + ((2**71 - 1) << 64),
]


class OneRom(wiring.Component):
    def __init__(self) -> None:
        super().__init__({"o": Out(136)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rom = rom = Rom("table", COLUMNS)
        m.d.comb += [rom.enable.eq(1), self.o.eq(rom.data)]
        return m


def pack_in_numpy(columns: RomColumns) -> list[int]:
    """Pack as numpy does unless told not to: a list of integers on both sides of 2**63 is float."""
    words: Any = np.zeros(len(columns[0][0]), dtype=object)
    offset = 0
    for values, width in columns:
        words += [int(v) % 2**width << offset for v in values]
        offset += width
    return [int(word) for word in words]


@pytest.fixture(scope="module")
def design() -> Design:
    return to_verilog(OneRom(), "one_rom")


def test_files_hold_what_they_were_made_from(design: Design, tmp_path: Path) -> None:
    verilog, rom, _ = write_design(tmp_path, design)
    assert verilog.read_text() == design.verilog
    licence, origin, *words = rom.read_text().splitlines()
    assert licence == "// SPDX-License-Identifier: LicenseRef-network"
    assert origin.startswith("// Written by bittrue ")
    assert origin.endswith(" for one_rom.")
    assert [int(line, 16) for line in words] == WORDS


def test_words_that_numpy_rounded_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bittrue.hdl.blocks.rom, "pack_words", pack_in_numpy)
    with pytest.raises(RomFileError, match=r"table.*\.hex holds -?\d+ in column \d of word \d"):
        write_design(tmp_path, to_verilog(OneRom(), "one_rom"))


def test_a_wrong_rom_file_is_no_fault_of_the_user(design: Design, tmp_path: Path) -> None:
    """Users can mend nothing: the command could not do what it was told to."""
    (name,) = design.files
    short = Design("one_rom", design.verilog, {name: ""}, design.rom_columns)
    status = status_of("build", lambda: len(write_design(tmp_path, short)))
    assert status == EXIT_NOT_DONE
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("bit", [0, 7, 8, 63, 64, 95, 96, 134, 135])
@pytest.mark.parametrize("word", range(3))
def test_every_bit_counts(design: Design, tmp_path: Path, word: int, bit: int) -> None:
    (name,) = design.files
    changed = [value ^ (1 << bit if index == word else 0) for index, value in enumerate(WORDS)]
    content = "".join(f"{value:034x}\n" for value in changed)
    wrong = Design("one_rom", design.verilog, {name: content}, design.rom_columns)
    column = next(c for c, end in enumerate([8, 64, 135, 136]) if bit < end)
    with pytest.raises(RomFileError, match=f"in column {column} of word {word}"):
        write_design(tmp_path, wrong)


def test_a_file_cut_off_is_refused(design: Design, tmp_path: Path) -> None:
    ((name, content),) = design.files.items()
    short = Design("one_rom", design.verilog, {name: content[:35]}, design.rom_columns)
    with pytest.raises(RomFileError, match="has 1 words where 3"):
        write_design(tmp_path, short)


def test_a_word_too_wide_is_refused(design: Design, tmp_path: Path) -> None:
    ((name, content),) = design.files.items()
    wide = Design("one_rom", design.verilog, {name: f"1{content}"}, design.rom_columns)
    with pytest.raises(RomFileError, match="more than the 136 bits"):
        write_design(tmp_path, wide)


def test_build_refuses_a_rom_that_is_not_what_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def one_bit_off(columns: RomColumns) -> list[int]:
        first, *others = pack_words(columns)
        return [first ^ 1, *others]

    model = tmp_path / "network.tflite"
    model.write_bytes(FIXTURES["conv, valid"].model())
    folder = tmp_path / "out"
    command = [
        "build",
        str(model),
        "--device",
        "zynq7020",
        "--output",
        str(folder),
        "--cycles",
        "900",
    ]
    monkeypatch.setattr(bittrue.hdl.blocks.rom, "pack_words", one_bit_off)
    assert main(command) == EXIT_NOT_DONE
    message = capsys.readouterr().err
    assert message.startswith("bittrue build: ")
    assert message.count("\n") == 1
    assert "in column 0 of word 0, which should be" in message
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == [model]

"""ROM files on disk: written, read back, and compared with the integers they came from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import ExecutionError
from bittrue.golden.files.atomic_file import write_together
from bittrue.hdl.blocks.platform import RomColumns
from bittrue.hdl.printer.verilog_output import NUMBERS_LICENCE, Design, origin_text
from bittrue.hdl.printer.waivers import waiver_file

_EXACT = 62
"""Bits of a field up to which int64 holds its unsigned number and sums of its bits."""


class RomFileError(ExecutionError):
    """A ROM file does not hold the integers that it was made from: nothing a user can mend."""


def write_design(folder: Path, design: Design) -> list[Path]:
    """Write a design's Verilog as ``<top>.v``, its ROM files and Verilator's waivers beside it.

    Parameters
    ----------
    folder : Path
        There already.
    design : Design

    Returns
    -------
    list of Path
        What was written, the Verilog first, the waivers last.

    Raises
    ------
    RomFileError
        If a ROM file, read back, differs from the integers it came from.
    ExecutionError
        If a file cannot be written.
    """
    contents = {
        folder / f"{design.top}.v": design.verilog.encode(),
        **{folder / name: marked(design, name).encode() for name in design.files},
        folder / f"{design.top}.vlt": waiver_file(design.top).encode(),
    }
    _write_checked(folder, contents, design)
    return list(contents)


def marked(design: Design, name: str) -> str:
    """Return a ROM file's content with licence and origin before its words, as comments."""
    lines = (NUMBERS_LICENCE, origin_text(design.top))
    return "".join(f"// {line}\n" for line in lines) + design.files[name]


def write_rom_files(folder: Path, design: Design) -> list[Path]:
    """Write the ROM files of a design and read them back; see `write_design`."""
    contents = {folder / name: content.encode() for name, content in design.files.items()}
    _write_checked(folder, contents, design)
    return list(contents)


def _write_checked(folder: Path, contents: Mapping[Path, bytes], design: Design) -> None:
    """Write files together, the ROM files among them read back: what is wrong replaces nothing."""
    columns = {folder / name: design.rom_columns[name] for name in design.files}
    for path in contents:
        path.parent.mkdir(parents=True, exist_ok=True)

    def read_back(path: Path, written: Path) -> None:
        if path in columns:
            check_rom_file(path, written.read_text(), columns[path])

    write_together(contents.items(), read_back)


def check_rom_file(path: Path, text: str, columns: RomColumns) -> None:
    """Compare a ROM file with the integers it came from.

    Words are read as text and taken apart digit by digit; packing has no part in it.

    Parameters
    ----------
    path : Path
        For messages.
    text : str
        What was read: hexadecimal words, one a line; lines that are comments do not count.
    columns : sequence of (values, width)
        Integers of every word and their width in bits, those of the first column lowest.

    Raises
    ------
    RomFileError
        Naming the file, and the first column and word that differ.
    """
    width, depth = sum(bits for _, bits in columns), len(columns[0][0])
    lines = [line for line in text.splitlines() if not line.startswith("//")]
    if len(lines) != depth:
        raise RomFileError(f"{path} has {len(lines)} words where {depth} were to be written")
    texts = [f"{int(line, 16):0{width}b}" for line in lines]
    if any(len(text) != width for text in texts):
        raise RomFileError(f"{path} has words of more than the {width} bits of the ROM")
    # Row by row, the lowest digit first.
    digits = np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(depth, width)
    bits = digits[:, ::-1] - ord("0")
    offset = 0
    for number, (values, size) in enumerate(columns):
        found = _numbers(bits[:, offset : offset + size], signed=bool(np.min(values) < 0))
        wrong = np.flatnonzero(found != values)
        if wrong.size:
            word = int(wrong[0])
            raise RomFileError(
                f"{path} holds {found[word]} in column {number} of word {word}, which should be "
                f"{values[word]}; this is a fault of the generator, please report it"
            )
        offset += size


def _numbers(bits: NDArray[np.uint8], signed: bool) -> NDArray[Any]:
    """Return the number of each row of binary digits, the lowest digit first."""
    width = bits.shape[1]
    if width <= _EXACT:
        places = [1 << place for place in range(width)]
        places[-1] *= -1 if signed else 1
        return bits.astype(np.int64) @ np.array(places, dtype=np.int64)
    texts = ["".join(map(str, row)) for row in bits[:, ::-1].tolist()]
    wrap = 1 << width if signed else 0
    numbers = [int(text, 2) - (wrap if text[0] == "1" else 0) for text in texts]
    return np.array(numbers, dtype=object)

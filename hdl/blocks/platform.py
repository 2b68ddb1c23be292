"""What a design needs beside the Verilog that Amaranth writes."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bittrue.golden.errors import UserError

_LIBRARY = Path(__file__).parent / "verilog"
_DESIGN = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")

SEPARATOR = "__"
"""Between a design's name and what belongs to it; in no design's name, so that none begins like
the things of another."""

_HAND_WRITTEN = f"{SEPARATOR}lib_"
"""Between a design's name and that of a module of ``hdl/blocks/verilog``."""


RomColumns = Sequence[tuple[NDArray[Any], int]]
"""Integers of every word and their width in bits, those of the first column lowest."""


class VerilogPlatform:
    """The platform during elaboration: receives what components bring along.

    Everything is named after the design, so that designs can be used side by side.

    Parameters
    ----------
    design : str
        Name of the top module.

    Attributes
    ----------
    files : dict of str to str
        ROM contents, by the name under which the Verilog opens them.
    rom_columns : dict of str to tuple of (values, width)
        The integers that each of these files holds, see `hdl.blocks.rom.Rom`.

    Raises
    ------
    UserError
        If the name is no plain identifier, or has two underscores in a row.
    """

    def __init__(self, design: str) -> None:
        if not _DESIGN.fullmatch(design):
            raise UserError(
                f"a design cannot be named {design!r}; allowed: letters and digits, a letter "
                "first, single underscores between them"
            )
        self.design = design
        self.files: dict[str, str] = {}
        self.rom_columns: dict[str, RomColumns] = {}
        self._library: set[str] = set()

    def add_rom(self, name: str, content: str, columns: RomColumns) -> str:
        """Add a file that the Verilog opens, and the integers that it holds.

        Returns
        -------
        str
            Its name within all designs.

        Raises
        ------
        UserError
            If another file has this name.
        """
        full = f"{self.design}{SEPARATOR}{name}"
        if self.files.setdefault(full, content) != content:
            raise UserError(f"two ROMs of one design are named {name}; give each its own name")
        self.rom_columns[full] = columns
        return full

    def add_library(self, module: str) -> str:
        """Add a module of ``hdl/blocks/verilog``, and return its name within all designs."""
        self._library.add(module)
        return library_name(module, self.design)

    def library_text(self) -> list[str]:
        """Return the text of each hand-written module that was added."""
        return [library_module(module, self.design) for module in sorted(self._library)]


def library_name(module: str, design: str) -> str:
    """Return the name of a hand-written module as one of a design."""
    return f"{design}{_HAND_WRITTEN}{module}"


def library_module(module: str, design: str) -> str:
    """Return a hand-written module of ``hdl/blocks/verilog`` as one of a design."""
    text = (_LIBRARY / f"{module}.v").read_text()
    return re.sub(r"^module (?=\w)", f"module {design}{_HAND_WRITTEN}", text, flags=re.MULTILINE)


def ecp5_multiplier(design: str) -> str:
    """Return the multiplier of a design for ECP5, to be read over the one of all devices.

    That one stays for the products that are no work for a DSP.
    """
    kept = library_name("multiplier_in_logic", design)
    portable = library_module("multiplier", design)
    portable = portable.replace(f"module {library_name('multiplier', design)}", f"module {kept}")
    special = library_module("ecp5_multiplier", design).replace("multiplier_in_logic", kept)
    return f"{special}\n{portable}"

"""What a design needs beside the Verilog that Amaranth writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from golden.errors import UserError

_LIBRARY = Path(__file__).parent / "verilog"

ECP5_MAP = _LIBRARY / "ecp5_map.v"
"""Yosys technology mapping of the hand-written modules for ECP5."""


RomColumns = Sequence[tuple[NDArray[Any], int]]
"""Integers of every word and their width in bits, those of the first column lowest."""


class VerilogPlatform:
    """The platform during elaboration: receives what components bring along.

    Attributes
    ----------
    files : dict of str to str
        ROM contents, by the name under which the Verilog opens them.
    rom_columns : dict of str to tuple of (values, width)
        The integers that each of these files holds, see `hdl.rom.Rom`.
    libraries : set of str
        Names of the hand-written modules of ``hdl/verilog`` that are instantiated.
    """

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.rom_columns: dict[str, RomColumns] = {}
        self.libraries: set[str] = set()

    def add_rom(self, name: str, content: str, columns: RomColumns) -> None:
        """Add a file that the Verilog opens, and the integers that it holds.

        Raises
        ------
        UserError
            If another file has this name.
        """
        if self.files.setdefault(name, content) != content:
            raise UserError(f"two ROMs of one design are named {name}; give each its own name")
        self.rom_columns[name] = columns

    def add_library(self, module: str) -> None:
        """Add a hand-written module."""
        self.libraries.add(module)

    def library_text(self) -> list[str]:
        """Return the text of each hand-written module that was added."""
        return [(_LIBRARY / f"{module}.v").read_text() for module in sorted(self.libraries)]

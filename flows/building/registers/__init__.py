"""The register map of a shell, from its one description, in the languages that tools read."""

from collections.abc import Sequence
from pathlib import Path

from bittrue.flows.building.registers.register_page import register_page
from bittrue.flows.building.registers.system_rdl import system_rdl
from bittrue.hdl.shell.register_map import Register, markdown


def write_registers(folder: Path, top: str, table: Sequence[Register]) -> None:
    """Write SystemRDL, Markdown and a page of HTML.

    Parameters
    ----------
    folder : Path
        There already.
    top : str
        Name of the design; the files are called as it is.
    table : sequence of Register
    """
    (folder / f"{top}.rdl").write_text(system_rdl(top, table))
    (folder / f"{top}.md").write_text(f"# Registers of {top}\n\n{markdown(table)}")
    (folder / f"{top}.html").write_text(register_page(top, table))

"""Licence and origin at the beginning of every generated text file."""

from pathlib import Path

from bittrue.hdl.printer.verilog_output import LICENCE, NUMBERS_LICENCE, origin_text

BEATS = "testbench"
"""Folder whose hexadecimal files are no ROM files."""

_COMMENTS = dict.fromkeys((".v", ".sv", ".vlt", ".cpp", ".hex", ".rdl", ".c", ".h"), ("// ", ""))
_COMMENTS |= dict.fromkeys((".sh", ".ys", ".tcl", ".xdc", ".sdc", ".py", ".core"), ("# ", ""))
_COMMENTS |= dict.fromkeys((".html", ".xml", ".md"), ("<!-- ", " -->"))
_COMMENTS[".vhd"] = ("-- ", "")

_FIRST = ("#!", "<?xml", "<!doctype", "CAPI=")
"""With which a line begins that no other may stand in front of."""


def mark_files(folder: Path, name: str) -> None:
    """Write licence and origin into every text file of an output folder, or beside it.

    Files of beats, which the testbench reads digit by digit, have them in ``FILE.license``, as the
    REUSE specification has it.

    Parameters
    ----------
    folder : Path
        With files of the kinds that are written; those that have a licence stay as they are.
    name : str
        What they were written for.
    """
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _COMMENTS):
        text = path.read_text()
        if "SPDX-License-Identifier" in text.partition("\n")[0]:
            continue
        begin, end = _COMMENTS[path.suffix]
        licence = NUMBERS_LICENCE if path.suffix == ".hex" else LICENCE
        said = (licence, origin_text(name))
        lines = "".join(f"{begin}{line}{end}\n" for line in said)
        if path.suffix == ".hex" and path.parent.name == BEATS:
            path.with_name(f"{path.name}.license").write_text("".join(f"{line}\n" for line in said))
            continue
        first, _, rest = text.partition("\n")
        path.write_text(f"{first}\n{lines}{rest}" if first.startswith(_FIRST) else lines + text)

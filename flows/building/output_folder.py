"""The folder that a built accelerator is delivered in."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.drivers.write import write_drivers
from bittrue.flows.building.file_origins import mark_files
from bittrue.flows.building.manifest import FORMATS, describe_files, manifest
from bittrue.flows.building.packages.write import write_packages
from bittrue.flows.building.registers import write_registers
from bittrue.flows.building.stand_alone_bench import write_bench
from bittrue.flows.building.synthesis_scripts import write_scripts
from bittrue.flows.planning.devices import Part
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.frontends.cut import Cut
from bittrue.hdl.printer.rom_files import write_design

MANIFEST = "manifest.json"
BUILD = "build"
"""Folder in which the scripts of an output folder work; it may be thrown away."""


def write_accelerator(
    folder: Path,
    accelerator: Accelerator,
    device: str,
    part: Part,
    stimulus: Mapping[str, Codes],
    expected: Mapping[str, Codes],
    cut: Cut | None = None,
) -> None:
    """Write an accelerator's output folder.

    Parameters
    ----------
    folder : Path
        New, empty, or written by this function before.
    accelerator : Accelerator
    device : str
        Name of the device it was planned for.
    part : Part
        The device in its package.
    stimulus, expected : mapping of str to ndarray of integers, shape (images, *shape)
        Codes for the stand-alone testbench, by input, and what golden computes from them, by
        output.
    cut : Cut, optional
        What of the network's file the host computes.

    Raises
    ------
    UserError
        If there is something else in the folder.
    ExecutionError
        If it cannot be written.
    """
    given = accelerator, device, part, stimulus, expected, cut
    replace_folder(folder, lambda new: _fill(new, *given))


def check_replaceable(folder: Path) -> None:
    """Make sure that a folder holds nothing but an earlier output.

    Raises
    ------
    UserError
        Naming a file that would be lost.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"{folder}: it is a file; choose a folder")
    if not any(folder.iterdir()):
        return
    known = _known_files(folder)
    if known is None:
        raise UserError(
            f"{folder}: it is not empty and holds no output of an earlier build; choose another "
            "folder"
        )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] != BUILD and name.as_posix() not in known:
            raise UserError(
                f"{folder}: {name} is not from an earlier build and would be lost; move it away"
            )


def replace_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under a temporary name beside it, and put it in place when it is complete.

    Raises
    ------
    UserError
        As `check_replaceable`.
    ExecutionError
        If the file system refuses. What was there before is there still.
    """
    check_replaceable(folder)
    target = folder.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise ExecutionError(f"{folder}: {error.strerror}; choose another folder") from None
    try:
        new, old = work / "new", work / "old"
        new.mkdir()
        fill(new)
        check_replaceable(folder)
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(new, target)
        except OSError:
            if old.exists():
                os.rename(old, target)
            raise
    except OSError as error:
        raise ExecutionError(f"{folder}: {error.strerror}; nothing was written") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fill(
    folder: Path,
    accelerator: Accelerator,
    device: str,
    part: Part,
    stimulus: Mapping[str, Codes],
    expected: Mapping[str, Codes],
    cut: Cut | None,
) -> None:
    design = accelerator.design()
    verilog, bench, synthesis = (folder / name for name in ("verilog", "testbench", "synthesis"))
    for each in (verilog, bench, synthesis):
        each.mkdir()
    write_design(verilog, design)
    write_bench(bench, accelerator, list(design.files), stimulus, expected)
    write_scripts(synthesis, accelerator, part)
    if accelerator.registers:
        registers, drivers = folder / "registers", folder / "drivers"
        for each in (registers, drivers):
            each.mkdir()
        write_registers(registers, accelerator.top, accelerator.registers)
        write_drivers(drivers, accelerator)
    write_packages(folder, accelerator, part, list(design.files))
    mark_files(folder, f"the network {accelerator.name!a}")
    record = manifest(accelerator, device, part, cut) | {"files": describe_files(folder)}
    (folder / MANIFEST).write_text(json.dumps(record, indent=1) + "\n")


def _known_files(folder: Path) -> set[str] | None:
    """Return the files of an earlier output; None if there is none."""
    try:
        record = json.loads((folder / MANIFEST).read_text())
        if record["format"] not in FORMATS:
            return None
        return {MANIFEST, *record["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None

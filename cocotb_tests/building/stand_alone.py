"""Running the testbench of an output folder by its own scripts, without Python."""

import os
import shutil
import subprocess
from pathlib import Path

from bittrue.flows.simulation.simulators.build_once import build_once, digest
from bittrue.flows.simulation.simulators.toolchain import tool_versions, verilator_environment


def with_verilated_bench(folder: Path, builds: Path) -> Path:
    """Have Verilator compile the testbench of a folder, unless it did in an earlier run."""

    def compile_bench(partial: Path) -> None:
        finished = play(folder, "verilator")
        assert finished.returncode == 0, finished
        shutil.copytree(folder / "build", partial, dirs_exist_ok=True)

    compiled = build_once(builds / f"stand_alone-{digest(texts_of(folder))}", compile_bench)
    shutil.copytree(compiled, folder / "build", dirs_exist_ok=True)
    return folder


def texts_of(folder: Path) -> list[str]:
    """Return names and texts of what makes a testbench."""
    paths = [path for path in sorted(folder.glob("[tv]*/*")) if path.suffix != ".hex"]
    return [*tool_versions("verilator"), *(path.name + path.read_text() for path in paths)]


def play(folder: Path, simulator: str, *words: str) -> subprocess.CompletedProcess[str]:
    # Only the scripts' own tools: a Python on the path would not be noticed otherwise.
    environment = verilator_environment() if simulator == "verilator" else dict(os.environ)
    environment.pop("MAKEFLAGS", None)
    environment.pop("VERILATOR_ROOT", None)
    return subprocess.run(
        ["sh", str(folder / "testbench" / f"run_{simulator}.sh"), *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def change_digit(path: Path, line: int) -> None:
    """Change the lowest digit of a line."""
    lines = path.read_text().splitlines()
    line += sum(each.startswith("//") for each in lines)
    lines[line] = lines[line][:-1] + ("1" if lines[line][-1] == "0" else "0")
    path.write_text("\n".join([*lines, ""]))

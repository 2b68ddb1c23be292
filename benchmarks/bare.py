"""How fast a Verilated circuit is alone: the limit for every bench around it."""

import subprocess
import tempfile
import time
from pathlib import Path

from bittrue.flows.simulation.simulators.toolchain import verilator_environment, verilator_root
from bittrue.hdl.printer.rom_files import write_design
from bittrue.hdl.printer.verilog_output import Design


def bare_speed(
    design: Design, main: Path, optimisation: str, arguments: tuple[str, ...] = ()
) -> float:
    """Return cycles a second of a circuit in a C++ loop, with nothing else around it.

    Parameters
    ----------
    design : Design
        Its Verilog and ROM files.
    main : Path
        The loop; it prints how many cycles it ran.
    optimisation : str
        Compiler switch for the circuit's C++, as for the bench that is compared with it.
    arguments : tuple of str
        Of the program.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_design(folder, design)
        verilate = [str(verilator_root() / "bin" / "verilator_bin"), "--cc", "--exe", "-Wno-lint"]
        verilate += ["--Mdir", ".", "--top-module", design.top, "--prefix", "Vtop", "-o", "bare"]
        verilate += [f"{design.top}.v", str(main.resolve())]
        make = ["make", "-s", "-j2", "-f", "Vtop.mk"]
        make += [f"OPT_FAST={optimisation}", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2"]
        for command in (verilate, make):
            environment = verilator_environment()
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
        began = time.perf_counter()
        program = [str(folder / "bare"), *arguments]
        finished = subprocess.run(program, cwd=folder, capture_output=True, check=True)
        return int(finished.stdout) / (time.perf_counter() - began)

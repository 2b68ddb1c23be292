"""python -m benchmarks.cosimulation_speed: cycles a second of three ways to drive one circuit.

The HDL bench of this project, a cocotb test that touches the circuit at every clock edge, and the
bare Verilated model in a C++ loop, which is the limit. One requantizer, one run.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.bare import bare_speed
from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Run
from bittrue.flows.simulation.simulators import verilator
from bittrue.flows.simulation.simulators.run import run
from bittrue.golden.numbers.requant_spec import RequantSpec
from bittrue.hdl.printer.verilog_output import Design, to_verilog
from bittrue.hdl.units.requant import Requantizer
from cocotb_tests.units.requant import random_stimulus

BUILDS = Path("sim_build") / "benchmarks"
BARE_MODEL = Path(__file__).parent / "bare_model.cpp"
OPTIMISATION = "-O3"
BULK_BEATS = 2_000_000
PER_CYCLE_BEATS = 20_000
GOAL_OF_BARE, GOAL_OF_PER_CYCLE = 0.40, 40


def main() -> int:
    """Measure all three, print them as ratios, and write them as JSON."""
    spec = RequantSpec()
    component = Requantizer(spec)
    design = to_verilog(component, "requant")
    running, with_files = hdl_bench(component, design)
    speeds = {
        "C++ loop on the bare model": bare_speed(design, BARE_MODEL, OPTIMISATION),
        "this project's HDL bench": running,
        "the same, simulator start and files included": with_files,
        "cocotb at every clock edge": per_cycle(design),
    }
    bare, ours, _, per_edge = speeds.values()
    table = Table(title="One requantizer in Verilator", title_justify="left", box=None)
    for heading in ("driven by", "kcycles/s", "of the bare model", "of per-edge cocotb"):
        table.add_column(heading, justify="left" if heading == "driven by" else "right")
    for name, speed in speeds.items():
        cells = (f"{speed / 1e3:,.0f}", f"{100 * speed / bare:.0f} %", f"{speed / per_edge:.1f} x")
        table.add_row(name, *cells)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"goals: at least {GOAL_OF_BARE:.0%} of the bare model (reached {ours / bare:.0%}) and "
        f"{GOAL_OF_PER_CYCLE} times the per-edge driver (reached {ours / per_edge:.0f})"
    )
    (BUILDS / "cosimulation_speed.json").write_text(json.dumps(speeds, indent=2) + "\n")
    return 0


def hdl_bench(component: Requantizer, design: Design) -> tuple[float, float]:
    """Return cycles a second of the HDL bench, while the circuit runs and over all."""
    stimulus = random_stimulus(component.spec, np.random.default_rng(1), BULK_BEATS)
    bulk = Run({"i": stimulus.columns()}, {"o": BULK_BEATS})
    cosimulation = Cosimulation(component, design, "verilator", BUILDS, optimisation=OPTIMISATION)
    with tempfile.TemporaryDirectory(dir=BUILDS.parent) as work:
        cosimulation.run([bulk], Path(work))  # Builds, where that is needed.
        started = time.perf_counter()
        (outcome,) = cosimulation.run([bulk], Path(work))
        elapsed = time.perf_counter() - started
    return outcome.duration / outcome.seconds, outcome.duration / elapsed


def per_cycle(design: Design) -> float:
    """Return cycles a second of a cocotb test that drives and reads at every edge."""
    source = BUILDS / "requant.v"
    source.write_text(design.verilog)
    access = BUILDS / "requant.vlt"
    ports = ("clk", "rst", "i_*", "o_*")
    rules = (f'public_flat_rw -module "requant" -var "{port}"\n' for port in ports)
    access.write_text("`verilator_config\n" + "".join(rules))
    build = verilator.build(
        "per-edge",
        [access, source],
        "requant",
        BUILDS,
        optimisation=OPTIMISATION,
        main=verilator.COCOTB_MAIN,
    )
    with tempfile.TemporaryDirectory(dir=BUILDS.parent) as work:
        (Path(work) / "beats.txt").write_text(str(PER_CYCLE_BEATS))
        run("verilator", build, "requant", "benchmarks.per_edge_driver", Path(work), 600)
        return float((Path(work) / "cycles_per_second.txt").read_text())


if __name__ == "__main__":
    sys.exit(main())

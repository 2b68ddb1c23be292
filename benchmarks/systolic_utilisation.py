"""python -m benchmarks.systolic_utilisation: busy multipliers of systolic arrays, seen in RTL."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.units import UNITS
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.matrices import random_values
from cocotb_tests.units.systolic import product

OUTPUT = Path("sim_build") / "benchmarks"
SIDE = 8
SIZES = ((64, 64, 64), (64, 512, 64), (256, 72, 16), (100, 100, 100), (9, 27, 10), (1, 64, 10))


def main(argv: Sequence[str] | None = None) -> int:
    """Run matrix products of several sizes through both data flows."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.systolic_utilisation", description=__doc__
    ).parse_args(argv)
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("dataflow", "M x K x N", "ideal cycles", "cycles", "utilisation"):
        table.add_column(name, justify="left" if name == "dataflow" else "right")
    rng = np.random.default_rng(1)
    wrong = 0
    for dataflow in ("output", "weight"):
        unit = UNITS["systolic"]
        words = [f"dataflow={dataflow}", f"rows={SIDE}", f"columns={SIDE}"]
        component = unit.build(**unit.parse(words))
        spec = component.spec
        scenarios = [
            product(
                component,
                f"{m}x{k}x{n}",
                random_values(spec.a, (m, k), rng),
                random_values(spec.b, (k, n), rng),
                seed=1,
            )[0]
            for m, k, n in SIZES
        ]
        design = to_verilog(component, "systolic", unit.texts(words))
        bench = Cosimulation(component, design, "verilator", OUTPUT)
        with console.status(f"{dataflow}-stationary, {SIDE} x {SIDE}"):
            outcomes = bench.run([each.run for each in scenarios], OUTPUT / f"systolic-{dataflow}")
        for (m, k, n), scenario, outcome in zip(SIZES, scenarios, outcomes, strict=True):
            expected = scenario.expected["o"]
            wrong += any((outcome.outputs["o"][key] != expected[key]).any() for key in expected)
            # The first cycle in which a beat can be taken is cycle 1.
            cycles = int(outcome.cycles["o"][-1])
            ideal = m * k * n / SIDE**2
            size = f"{m} x {k} x {n}"
            table.add_row(dataflow, size, f"{ideal:.0f}", str(cycles), f"{ideal / cycles:.1%}")
    console.print(table)
    if wrong:
        console.print(f"{wrong} products were wrong", style="red")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

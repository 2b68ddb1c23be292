"""Every operand pair in every mode up to 8 x 8 bits: ``python -m cocotb_tests.every_mode``.

The modes of a unit are simulated side by side, see `cocotb_tests.bank`. Those of `shiftadd` are
run-time modes of one circuit and among the scenarios of ``python -m cocotb_tests shiftadd``.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from cocotb_tests.bank import Bank
from cocotb_tests.bitserial_modes import bitserial_modes
from cocotb_tests.coded_modes import coded_modes
from cocotb_tests.mac_modes import mac_modes
from cocotb_tests.xnor_modes import xnor_modes
from flows.bench.cosimulation import Cosimulation
from flows.bench.scenario import Scenario, judge
from flows.command_status import EXIT_DIFFERENCE, STATUSES, status_of
from flows.one_line_parser import OneLineParser
from flows.simulators.run_folder import run_folder
from flows.simulators.toolchain import check_simulator
from golden.atomic_file import write_atomically
from golden.errors import UserError
from golden.mac_spec import Multiplier
from hdl.verilog_output import to_verilog

OUTPUT = Path("sim_build")

GROUPS: dict[str, Callable[[], tuple[Bank, list[Scenario]]]] = {
    **{f"mac_{kind.value}": (lambda kind=kind: mac_modes(kind)) for kind in Multiplier},
    "bitserial": bitserial_modes,
    "coded": coded_modes,
    "xnor": xnor_modes,
}
"""What is simulated together."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the groups; 1 if a product differs; see `STATUSES`."""
    parser = OneLineParser(
        prog="python -m cocotb_tests.every_mode",
        description=__doc__,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--sim", default="verilator")
    arguments = parser.parse_args(argv)
    return status_of("every_mode", lambda: _run_groups(arguments.groups, arguments.sim))


def _run_groups(names: Sequence[str], simulator: str) -> int:
    check_simulator(simulator)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise UserError(f"no group is named {unknown[0]!r}; choose from {', '.join(GROUPS)}")
    console = Console(highlight=False)
    records = [_run(name, simulator, console) for name in names or GROUPS]
    path = OUTPUT / "every_mode.json"
    write_atomically(path, f"{json.dumps(records, indent=2)}\n".encode())
    failed = sum(not record["passed"] for record in records)
    products = sum(record["products"] for record in records)
    console.print(
        f"every_mode: {products:,} products in {len(records)} groups compared, "
        f"{failed} groups failed; {path}",
        soft_wrap=True,
    )
    return EXIT_DIFFERENCE if failed else 0


def _run(name: str, simulator: str, console: Console) -> dict[str, object]:
    began = time.monotonic()
    with console.status(f"{name}: stimulus and Verilog"):
        bank, scenarios = GROUPS[name]()
        design = to_verilog(bank, f"every_mode_{name}")
    with console.status(f"{name}: {len(bank.units)} units on {simulator}"):
        cosimulation = Cosimulation(bank, design, simulator, OUTPUT)
        with run_folder(OUTPUT / f"{design.top}-{simulator}") as work:
            verdict = judge(cosimulation, scenarios, 1, work)
    for problem in verdict.problems:
        console.print(problem, style="red", soft_wrap=True)
    products = sum(len(column) for s in scenarios for column in s.expected["o"].values())
    seconds = time.monotonic() - began
    console.print(
        f"{len(bank.units)} units, {products:,} products, {seconds:.0f} s: {verdict}",
        soft_wrap=True,
    )
    return {
        "group": name,
        "units": len(bank.units),
        "products": products,
        "seconds": round(seconds, 1),
        "passed": verdict.passed,
    }


if __name__ == "__main__":
    sys.exit(main())

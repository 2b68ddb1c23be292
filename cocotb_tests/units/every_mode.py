"""Every operand pair in every mode up to 8 x 8 bits.

    python -m cocotb_tests.units.every_mode [UNIT...]

The modes of a unit are simulated side by side, see `cocotb_tests.bench.bank`. Those of `shiftadd`
are run-time modes of one circuit and among the scenarios of ``python -m cocotb_tests shiftadd``.
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console

from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Scenario, judge
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.golden.units.mac_spec import Multiplier
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.bank import Bank
from cocotb_tests.bench.groups import OUTPUT, Record, count_failed, run_groups
from cocotb_tests.units.bitserial_modes import bitserial_modes
from cocotb_tests.units.coded_modes import coded_modes
from cocotb_tests.units.mac_modes import mac_modes
from cocotb_tests.units.xnor_modes import xnor_modes

GROUPS: dict[str, Callable[[], tuple[Bank, list[Scenario]]]] = {
    **{f"mac_{kind.value}": partial(mac_modes, kind) for kind in Multiplier},
    "bitserial": bitserial_modes,
    "coded": coded_modes,
    "xnor": xnor_modes,
}
"""What is simulated together."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the groups; 1 if a product differs; see `flows.command_status.STATUSES`."""
    return run_groups("cocotb_tests.units.every_mode", __doc__, GROUPS, _run, _summary, argv)


def _summary(records: list[Record]) -> str:
    products = sum(record["products"] for record in records)
    return (
        f"{products:,} products in {len(records)} groups compared, "
        f"{count_failed(records)} groups failed"
    )


def _run(name: str, simulator: str, console: Console) -> Record:
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

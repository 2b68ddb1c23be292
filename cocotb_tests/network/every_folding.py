"""Small networks at every folding that can be planned.

    python -m cocotb_tests.network.every_folding [NETWORK...]

Weights and activations of 1, 2, 3, 4 and 8 bits; the plans of a network are simulated side by side.
"""

import sys
import time
from collections.abc import Sequence

from rich.console import Console

from bittrue.flows.simulation.simulators.run_folder import run_folder
from cocotb_tests.bench.groups import OUTPUT, Record, count_failed, run_groups
from cocotb_tests.bench.side_by_side import judge_together
from cocotb_tests.network.foldings import NETWORKS, WIDTHS, circuits, every_plan

GROUPS = {f"{name}_{width}": (name, width) for width in WIDTHS for name in NETWORKS}
"""Network and width, by name."""


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate every plan; 1 if a code differs; see `flows.command_status.STATUSES`."""
    return run_groups("cocotb_tests.network.every_folding", __doc__, GROUPS, _run, _summary, argv)


def _summary(records: list[Record]) -> str:
    plans = sum(record["plans"] for record in records)
    return (
        f"{plans} plans of {len(records)} networks simulated, "
        f"{count_failed(records)} networks failed"
    )


def _run(group: str, simulator: str, console: Console) -> Record:
    began = time.monotonic()
    name, width = GROUPS[group]
    graph = NETWORKS[name](width)
    plans = every_plan(graph)
    named = circuits((f"plan{number}", graph, plan) for number, plan in enumerate(plans))
    with run_folder(OUTPUT / f"every_folding-{group}-{simulator}") as work:
        verdict = judge_together(named, simulator, OUTPUT, work)
    for problem in verdict.problems:
        console.print(f"{group}: {problem}", style="red", soft_wrap=True)
    seconds = time.monotonic() - began
    console.print(
        f"{group}: {len(plans)} plans, {seconds:.0f} s: {verdict.compared} outputs compared, "
        f"{verdict.differing} differed",
        soft_wrap=True,
    )
    return {
        "network": group,
        "plans": len(plans),
        "compared": verdict.compared,
        "differed": verdict.differing,
        "seconds": round(seconds, 1),
        "passed": verdict.passed,
    }


if __name__ == "__main__":
    sys.exit(main())

"""Small networks at every folding that can be planned: ``python -m cocotb_tests.every_folding``.

Weights and activations of 1, 2, 3, 4 and 8 bits; the plans of a network are simulated side by side.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cocotb_tests.foldings import NETWORKS, WIDTHS, circuits, every_plan
from cocotb_tests.side_by_side import judge_together
from flows.simulators.build_once import BuildError
from flows.simulators.run import SimulationError
from flows.simulators.run_folder import run_folder
from flows.simulators.toolchain import check_simulator
from golden.atomic_file import write_atomically
from golden.errors import UserError

OUTPUT = Path("sim_build")

GROUPS = {f"{name}_{width}": (name, width) for width in WIDTHS for name in NETWORKS}
"""Network and width, by name."""


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate every plan; 1 if a code differs, 2 for a wrong request."""
    parser = argparse.ArgumentParser(prog="python -m cocotb_tests.every_folding")
    parser.description = __doc__
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--sim", default="verilator")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False)
    try:
        check_simulator(arguments.sim)
        unknown = [name for name in arguments.groups if name not in GROUPS]
        if unknown:
            raise UserError(f"no group is named {unknown[0]!r}; choose from {', '.join(GROUPS)}")
        records = [_run(name, arguments.sim, console) for name in arguments.groups or GROUPS]
    except UserError as error:
        print(f"every_folding: {error}", file=sys.stderr)
        return 2
    except (BuildError, SimulationError) as error:
        print(f"every_folding: {error}", file=sys.stderr)
        return 1
    path = OUTPUT / "every_folding.json"
    write_atomically(path, f"{json.dumps(records, indent=2)}\n".encode())
    failed = sum(not record["passed"] for record in records)
    plans = sum(record["plans"] for record in records)
    console.print(
        f"every_folding: {plans} plans of {len(records)} networks simulated, "
        f"{failed} networks failed; {path}",
        soft_wrap=True,
    )
    return 1 if failed else 0


def _run(group: str, simulator: str, console: Console) -> dict[str, object]:
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

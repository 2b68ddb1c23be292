"""python -m benchmarks.engine_fuzz: random programs and networks in the engine, in thousands.

    python -m benchmarks.engine_fuzz [--programs N] [--networks N] [--graphs N] [--seed S]

Each engine is built once, with memories so small that everything is cut, and executes all of them:
programs of any instructions, random networks, and those of ``bittrue fuzz``, each on a memory with
a latency, rate, pauses and stalls of its own. Every word that is stored, its place and the order
are compared with golden's. One line for each that differs; the last lines count. Exit status 1 if
anything differs.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console

from cocotb_tests.engine.campaign import Source, outcomes
from cocotb_tests.engine.whole_engine import TIGHT, TIGHT_ZYNQ, bench

ENGINES = {"tight": TIGHT, "tight_zynq": TIGHT_ZYNQ}
"""Engines by the name that ``--engine`` takes."""

OUTPUT = Path("sim_build") / "engine_fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for source in Source:
        parser.add_argument(f"--{source.value}", type=int, default=0, metavar="N")
    parser.add_argument("--engine", choices=ENGINES, default="tight")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, metavar="K", help="number to begin with")
    parser.add_argument("--folder", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    console = Console(highlight=False, width=150)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    builds = arguments.folder / "builds"
    began = time.monotonic()
    here = bench("verilator", builds, arguments.folder, ENGINES[arguments.engine])
    console.print(f"{arguments.engine}: built in {time.monotonic() - began:.0f} s")
    failures = 0
    for source in Source:
        first, count = arguments.first, getattr(arguments, source.value)
        if not count:
            continue
        refusals: Counter[str] = Counter()
        compared = equal = failed = 0
        began = time.monotonic()
        numbers = range(first, first + count)
        for outcome in outcomes(here, source, arguments.seed, numbers, arguments.folder):
            if outcome.problem:
                failed += 1
                console.print(f"{source.value} {outcome.number}: {outcome.problem}", style="red")
            elif outcome.refused:
                refusals[outcome.refused.rsplit(": ", 1)[-1]] += 1
            else:
                equal += 1
                compared += outcome.compared
        console.print(
            f"{source.value}: {equal} equal ({compared:,} bytes), {failed} differ, "
            f"{refusals.total()} refused, {time.monotonic() - began:.0f} s"
        )
        for said, number in refusals.most_common(5):
            console.print(f"    refused {number}: {said}")
        failures += failed
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())

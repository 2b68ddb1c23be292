"""``bittrue fuzz``: random networks, the same in golden, ONNX Runtime and simulators."""

import argparse
import json
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.command_status import EXIT_DIFFERENCE
from bittrue.flows.fuzzing.campaign import FAILED, Campaign, Result, Summary
from bittrue.flows.fuzzing.case import random_codes
from bittrue.flows.fuzzing.comparison import circuit_problems, golden_problem
from bittrue.flows.fuzzing.coverage import shares
from bittrue.flows.fuzzing.failure import read_failure
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.simulation.simulators.toolchain import SIMULATORS, check_simulator
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically

_SHOWN = 6
"""Combinations that were not met, of each table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many networks, and where."""
    parser.add_argument("--networks", type=int, default=1000, metavar="N", help="in golden")
    parser.add_argument("--rtl", type=int, default=0, metavar="M", help="in simulators, the first")
    parser.add_argument("--seed", type=int, default=1, help="of the campaign (default: 1)")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="number to begin with")
    parser.add_argument("--only", type=int, metavar="K", help="one network, by its number")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a failure that was written")
    parser.add_argument(
        "--sim", nargs="+", default=list(SIMULATORS), help="which simulators (default: both)"
    )
    parser.add_argument("--no-shrink", action="store_true", help="leave what fails as it is")
    parser.add_argument(
        "--output", type=Path, default=Path("sim_build/fuzz"), metavar="DIR", help="of results"
    )
    add_json_argument(parser, "the summary")


def run(arguments: argparse.Namespace) -> int:
    """Compare networks, say what differs; 1 if anything does."""
    console = terminal(aside=arguments.json)
    if arguments.seed < 0 or arguments.networks < 0 or arguments.rtl < 0 or arguments.first < 0:
        raise UserError("--seed, --networks, --rtl and --first are at least 0")
    if arguments.rtl or arguments.replay:
        for simulator in arguments.sim:
            check_simulator(simulator)
    if arguments.replay is not None:
        return _replay(console, arguments)
    arguments.output.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(arguments.output / ".lock", timeout=0):
            return _fuzz(console, arguments)
    except Timeout:
        raise UserError(
            f"{arguments.output}: another campaign is at work there; choose another folder by "
            "--output"
        ) from None


def _fuzz(console: Console, arguments: argparse.Namespace) -> int:
    campaign = Campaign(
        arguments.seed, arguments.output, tuple(arguments.sim), not arguments.no_shrink
    )
    first = arguments.first
    golden = range(first, first + arguments.networks)
    simulated = range(first, first + arguments.rtl)
    if arguments.only is not None:
        golden = simulated = range(arguments.only, arguments.only + 1)
    summary = Summary()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    total = len(golden) + len(simulated) * len(arguments.sim)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("golden", total=total)
        for result in campaign.run(golden, simulated):
            summary.add(result)
            progress.update(task, advance=1, description=result.stage)
            if result.result == FAILED:
                console.print(_told(result, arguments.seed), style="red", soft_wrap=True)
    return _report(console, arguments, summary)


def _told(result: Result, seed: int) -> str:
    return (
        f"network {result.number}, {result.stage}: {result.said} "
        f"(bittrue fuzz --seed {seed} --only {result.number})"
    )


def _report(console: Console, arguments: argparse.Namespace, summary: Summary) -> int:
    path = arguments.output / f"seed-{arguments.seed}-summary.json"
    found = shares(summary.graphs, summary.circuits)
    coverage = [
        {"table": share.title, "met": share.met, "there": share.there,
         "missing": list(share.missing)}
        for share in found
    ]  # fmt: skip
    record = summary.record() | {"seed": arguments.seed, "coverage": coverage}
    write_atomically(path, f"{json.dumps(record, indent=1)}\n".encode())
    if arguments.json:
        print_json(record)
    else:
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading in ("combinations", "met", "of", "not met, for example"):
            table.add_column(heading)
        for share in found:
            missing = ", ".join(share.missing[:: max(1, len(share.missing) // _SHOWN)][:_SHOWN])
            table.add_row(share.title, str(share.met), str(share.there), missing)
        console.print(table)
        for stage, counts in summary.counts.items():
            said = ", ".join(f"{number} {result}" for result, number in sorted(counts.items()))
            console.print(f"{stage}: {counts.total()} networks: {said}", soft_wrap=True)
        console.print(f"{summary.seconds:.0f} s; {path}", soft_wrap=True)
    return EXIT_DIFFERENCE if summary.failures else 0


def _replay(console: Console, arguments: argparse.Namespace) -> int:
    graph, circuit = read_failure(arguments.replay)
    found: dict[str, str] = {}
    if circuit is None:
        codes = random_codes(graph, 64, np.random.default_rng(arguments.seed))
        for optimized, stage in enumerate(("golden", "golden, optimized")):
            found[stage] = golden_problem(graph, codes, bool(optimized))
    else:
        builds = arguments.output / "builds"
        for simulator in arguments.sim:
            wrong = circuit_problems({"small": circuit}, simulator, builds)
            found[simulator] = wrong.get("small", "")
    for stage, said in found.items():
        console.print(f"{stage}: {said or 'equal'}", soft_wrap=True)
    return EXIT_DIFFERENCE if any(found.values()) else 0

"""``bittrue regress``: every unit's whole stimulus on every simulator, and all other tests."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows.simulators.build_once import digest
from flows.simulators.toolchain import SIMULATORS, check_simulator
from flows.units import UNITS
from golden.atomic_file import write_atomically
from golden.errors import UserError

_SOURCES = ("golden", "hdl", "flows", "cocotb_tests", "tests")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add simulators, seed and output folder."""
    parser.add_argument("--sim", nargs="+", default=list(SIMULATORS), help="which simulators")
    parser.add_argument("--seed", default="1", help="of every random choice")
    parser.add_argument("--out", type=Path, default=Path("sim_build/regress"), help="a folder")


def run(arguments: argparse.Namespace) -> int:
    """Run what has not passed yet with these sources; print a summary and write it as JSON."""
    if not Path("cocotb_tests").is_dir():
        raise UserError("there is no folder cocotb_tests here; run this in the project's checkout")
    for simulator in arguments.sim:
        check_simulator(simulator)
    arguments.out.mkdir(parents=True, exist_ok=True)
    summary = arguments.out / "summary.json"
    sources = digest([_sources_digest(), arguments.seed])
    records = _earlier_records(summary, sources)
    jobs = dict(_jobs(arguments.sim, arguments.seed))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), transient=True) as progress:
        task = progress.add_task("", total=len(jobs))
        for name, command in jobs.items():
            progress.update(task, description=name)
            if not records.get(name, {}).get("passed"):
                records[name] = _run_job(command, arguments.out / f"{name.replace(' ', '-')}.txt")
                text = json.dumps({"sources": sources, "jobs": records}, indent=2)
                write_atomically(summary, f"{text}\n".encode())
            progress.advance(task)
    return _report(records, jobs, summary)


def _jobs(simulators: Sequence[str], seed: str) -> Iterator[tuple[str, list[str]]]:
    for simulator in simulators:
        for unit in UNITS:
            command = ["cocotb_tests", unit, "--sim", simulator, "--seed", seed]
            yield f"{unit} {simulator}", command
    yield "every mode", ["cocotb_tests.every_mode"]
    yield "every pace", ["cocotb_tests.every_pace"]
    yield "tests", ["pytest", "-q", "-n", "2", "tests"]
    yield "cocotb_tests", ["pytest", "-q", "-n", "2", "cocotb_tests"]


def _run_job(command: Sequence[str], log: Path) -> dict[str, object]:
    started = time.monotonic()
    with log.open("w") as output:
        finished = subprocess.run(
            [sys.executable, "-m", *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    lines = log.read_text().strip().splitlines() or ["(it printed nothing)"]
    return {
        "passed": finished.returncode == 0,
        "seconds": round(time.monotonic() - started, 1),
        "said": lines[-1].strip(),
        "log": str(log),
    }


def _sources_digest() -> str:
    texts = []
    for folder in _SOURCES:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix in (".py", ".v", ".cpp"):
                texts += [str(path), path.read_text()]
    return digest(texts)


def _earlier_records(summary: Path, sources: str) -> dict[str, dict[str, object]]:
    """Return what an interrupted regression of the same sources and seed has done already."""
    try:
        earlier = json.loads(summary.read_text())
        return dict(earlier["jobs"]) if earlier["sources"] == sources else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _report(
    records: dict[str, dict[str, object]], jobs: dict[str, list[str]], summary: Path
) -> int:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "result", "seconds", "last line"):
        table.add_column(heading)
    for name in jobs:
        record = records[name]
        result = "passed" if record["passed"] else f"FAILED, see {record['log']}"
        table.add_row(name, result, str(record["seconds"]), str(record["said"]))
    console.print(table)
    failed = sum(not records[name]["passed"] for name in jobs)
    console.print(f"summary: {summary}", soft_wrap=True)
    console.print(f"regress: {len(jobs) - failed} passed, {failed} failed", soft_wrap=True)
    return 1 if failed else 0

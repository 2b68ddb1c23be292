"""``bittrue regress``: every unit's whole stimulus on every simulator, and all other tests."""

import argparse
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bittrue.flows.reports.page import page
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.simulation.simulators.build_once import digest
from bittrue.flows.simulation.simulators.toolchain import SIMULATORS, check_simulator
from bittrue.flows.units import UNITS
from bittrue.golden.child_process import run_program
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.frontends.load import SUFFIXES

_MUTATED = {
    "fifo": "depth=4 lanes=1 kind=uint2",
    "xnor": "length=16 lanes=8",
    "requant_certified": "",
    "requant": "accumulator=int12 output=int4 multiplier_width=6 minimum_exponent=-8 "
    "maximum_exponent=2",
    "dot": "inputs=uint4 weights=int3 lanes=2 outputs=2 length=8",
}
"""Units whose scenarios are scored by mutants, with their parameters."""

_MUTANTS = "60"

_MODEL = "model "
"""Before the file's name in the name of a job that simulates a user's network."""

_MODEL_IMAGES = 3

_REFUSED = 2
"""Exit status of a job whose network cannot be imported, or does not fit."""

_SOURCES = ("bittrue", "golden", "hdl", "flows", "cocotb_tests", "tests")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add simulators, seed and output folder."""
    parser.add_argument("--sim", nargs="+", default=list(SIMULATORS), help="which simulators")
    parser.add_argument("--seed", default="1", help="of every random choice")
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help=f"also simulate every {', '.join(SUFFIXES)} file of this folder at its default plan",
    )
    parser.add_argument("--output", type=Path, default=Path("sim_build/regress"), help="a folder")


def run(arguments: argparse.Namespace) -> int:
    """Run what has not passed yet with these sources; print a summary and write it as JSON."""
    for simulator in arguments.sim:
        check_simulator(simulator)
    arguments.output.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(arguments.output / ".lock", timeout=0):
            return _regress(arguments)
    except Timeout:
        raise UserError(
            f"{arguments.output}: another regression is at work there; choose another folder by "
            "--output"
        ) from None


def _regress(arguments: argparse.Namespace) -> int:
    summary = arguments.output / "summary.json"
    sources = digest([_sources_digest(), arguments.seed])
    records = _earlier_records(summary, sources)
    jobs = dict(_jobs(arguments.sim, arguments.seed))
    if arguments.models is not None:
        jobs |= dict(_model_jobs(arguments.models, arguments.sim, arguments.seed))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), transient=True) as progress:
        task = progress.add_task("", total=len(jobs))
        for name, command in jobs.items():
            progress.update(task, description=name)
            # The sources say nothing of what is in a user's file.
            if name.startswith(_MODEL) or not records.get(name, {}).get("passed"):
                records[name] = _run_job(command, arguments.output / _log_name(name))
                text = json.dumps({"sources": sources, "jobs": records}, indent=2)
                write_atomically(summary, f"{text}\n".encode())
            progress.advance(task)
    return _report(records, jobs, summary)


def _jobs(simulators: Sequence[str], seed: str) -> Iterator[tuple[str, list[str]]]:
    for simulator in simulators:
        for unit in UNITS:
            command = ["cocotb_tests", unit, "--sim", simulator, "--seed", seed]
            yield f"{unit} {simulator}", command
    yield "every mode", ["cocotb_tests.units.every_mode"]
    yield "every pace", ["cocotb_tests.network.every_pace"]
    yield "every folding", ["cocotb_tests.network.every_folding"]
    for unit, words in _MUTATED.items():
        command = ["cocotb_tests.mutation", unit, *words.split(), "--mutants", _MUTANTS]
        yield f"mutants of {unit}", [*command, "--seed", seed]
    pytest = ["pytest", "-q", "-n", "2", "-m", "regress or not regress"]
    yield "tests", [*pytest, "tests"]
    yield "console examples", ["pytest", "-q", "tests/docs/slow_console_examples.py"]
    yield "cocotb_tests", [*pytest, "cocotb_tests"]


def _model_jobs(
    folder: Path, simulators: Sequence[str], seed: str
) -> Iterator[tuple[str, list[str]]]:
    """Yield a job for each network below a folder; on the first simulator, as they are large."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; give one that holds networks")
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    if not files:
        raise UserError(f"{folder}: it holds no {', '.join(SUFFIXES)} file")
    for path in files:
        words = [f"model={path}", f"images={_MODEL_IMAGES}"]
        command = ["cocotb_tests", "network", *words, "--sim", simulators[0], "--seed", seed]
        yield f"{_MODEL}{path.relative_to(folder)}", command


def _run_job(command: Sequence[str], log: Path) -> dict[str, object]:
    started = time.monotonic()
    with log.open("w") as output:
        finished = run_program([sys.executable, "-m", *command], output=output)
    lines = log.read_text().strip().splitlines() or ["(it printed nothing)"]
    return {
        "passed": finished.returncode == 0,
        "status": finished.returncode,
        "seconds": round(time.monotonic() - started, 1),
        "said": lines[-1].strip(),
        "log": str(log),
    }


def _log_name(job: str) -> str:
    return f"{re.sub(r'[^A-Za-z0-9_.]+', '-', job)}-{digest([job])}.txt"


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
    console = terminal()
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "result", "seconds", "last line"):
        table.add_column(heading)
    for name in jobs:
        record = records[name]
        results = {"passed": "passed", "refused": "not simulated"}
        result = results.get(_result(name, record), f"FAILED, see {record['log']}")
        table.add_row(name, result, str(record["seconds"]), str(record["said"]))
    console.print(table)
    counts = Counter(_result(name, records[name]) for name in jobs)
    refused = f", {counts['refused']} not simulated" if counts["refused"] else ""
    total = f"{counts['passed']} passed, {counts['failed']} failed{refused}"
    text = page(
        "regress.html",
        summary=total,
        failed=counts["failed"],
        jobs=[_row(name, records[name], summary.parent) for name in jobs],
    )
    report = summary.with_name("report.html")
    write_atomically(report, text.encode())
    console.print(f"summary: {summary}; page: {report}", soft_wrap=True)
    console.print(f"regress: {total}", soft_wrap=True)
    return 1 if counts["failed"] else 0


_WORDS = {"passed": "passed", "refused": "not simulated", "failed": "FAILED"}


def _row(name: str, record: dict[str, object], folder: Path) -> dict[str, object]:
    """Return what the page says of a job."""
    log = os.path.relpath(str(record["log"]), folder)
    return {**record, "name": name, "result": _WORDS[_result(name, record)], "log": log}


def _result(name: str, record: dict[str, object]) -> str:
    """Return what became of a job; a network that is refused says nothing about the project."""
    if record["passed"]:
        return "passed"
    return "refused" if name.startswith(_MODEL) and record["status"] == _REFUSED else "failed"

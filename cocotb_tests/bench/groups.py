"""Regressions in groups, chosen by name on a command line, run one by one, written as records."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bittrue.flows.command_status import EXIT_DIFFERENCE, status_of
from bittrue.flows.one_line_parser import command_parser
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.simulation.simulators.toolchain import check_simulator
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically

OUTPUT = Path("sim_build")

Record = dict[str, Any]
"""Of a group; ``passed`` says whether nothing differed."""


def run_groups(
    module: str,
    description: str | None,
    groups: Mapping[str, object],
    run: Callable[[str, str, Console], Record],
    summary: Callable[[list[Record]], str],
    argv: Sequence[str] | None,
) -> int:
    """Run the groups that a command line names, or all, and return the exit status.

    Parameters
    ----------
    module : str
        As ``python -m`` takes it; the records go to ``sim_build/<last part of it>.json``.
    description : str or None
    groups : mapping of str
        By name.
    run : callable
        Of a group's name, the simulator and the console.
    summary : callable
        What was done, in one line, from all records.
    argv : sequence of str or None
    """
    title = module.rpartition(".")[2]
    parser = command_parser(f"python -m {module}", description)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(groups)}; all by default")
    parser.add_argument("--sim", default="verilator")
    arguments = parser.parse_args(argv)

    def run_all() -> int:
        check_simulator(arguments.sim)
        unknown = [name for name in arguments.groups if name not in groups]
        if unknown:
            raise UserError(f"no group is named {unknown[0]!r}; choose from {', '.join(groups)}")
        console = terminal()
        records = [run(name, arguments.sim, console) for name in arguments.groups or groups]
        path = OUTPUT / f"{title}.json"
        write_atomically(path, f"{json.dumps(records, indent=2)}\n".encode())
        console.print(f"{title}: {summary(records)}; {path}", soft_wrap=True)
        return 0 if all(record["passed"] for record in records) else EXIT_DIFFERENCE

    return status_of(title, run_all)


def count_failed(records: Sequence[Record]) -> int:
    """Return how many groups did not pass."""
    return sum(not record["passed"] for record in records)

"""Prove a unit: ``python -m bittrue.flows.formal mac``.

Of every unit the rules of its streams; of those that move codes, that every code comes to its place
once, and that nothing hangs; of those that have claims, that they are equal to plain arithmetic
for all inputs. ``all`` proves every unit.
"""

import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from amaranth.lib import wiring
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

import bittrue.flows.formal
from bittrue.flows.command_status import status_of
from bittrue.flows.formal.equivalence import Claim, FormalError, prove
from bittrue.flows.formal.moved_codes import CASES, movement_of
from bittrue.flows.formal.order import prove_order
from bittrue.flows.formal.stream_rules import RuleProof, prove_rules
from bittrue.flows.one_line_parser import command_parser
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.units import UNITS, find_unit
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.hdl.printer.verilog_output import Design, to_verilog

OUTPUT = Path("sim_build") / "formal"
_MACHINERY = (
    "__main__",
    "equivalence",
    "moved_codes",
    "order",
    "reachability",
    "stream_rules",
    "yosys",
)
_REACHABILITY = "reachability (ABC pdr)"
_SOLVER = "equivalence (bitwuzla)"


def main(argv: Sequence[str] | None = None) -> int:
    """Prove one unit; 0 when everything is proved, 1 when something is not; see `STATUSES`.

    Without parameters, the parameter sets that the unit's module lists.
    """
    parser = command_parser("python -m bittrue.flows.formal", __doc__)
    parser.add_argument("unit", help=f"all, or one of: {', '.join(UNITS)}")
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="of the unit")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for each claim")
    arguments = parser.parse_args(argv)

    def prove_unit() -> int:
        return _prove_all(arguments.unit, arguments.parameters, arguments.timeout)

    return status_of("formal", prove_unit)


def _prove_all(name: str, words: Sequence[str], timeout: int) -> int:
    console = terminal(soft_wrap=True)
    began = time.monotonic()
    records: list[dict[str, Any]] = []
    for unit in UNITS if name == "all" else [name]:
        records += _prove_one(console, unit, words, timeout)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / f"{name}.json"
    write_atomically(path, f"{json.dumps(records, indent=2)}\n".encode())
    _print_table(console, records)
    missing = [record for record in records if record["result"] != "proved"]
    seconds = time.monotonic() - began
    console.print(
        f"{name}: {len(records) - len(missing)} of {len(records)} claims proved, "
        f"{seconds:.0f} s, at most {timeout} s for each; {path}"
    )
    for record in missing:
        parameters = " ".join(record["parameters"])
        console.print(
            f"  {record['result']}: {record['unit']} {parameters}, {record['claim']}", style="red"
        )
    return 1 if missing else 0


def _prove_one(
    console: Console, name: str, words: Sequence[str], timeout: int
) -> list[dict[str, Any]]:
    """Prove all that there is to a unit, and return a record of each proof."""
    unit = find_unit(name)
    claims = importlib.import_module(f"bittrue.flows.formal.{name}") if name in _claimed() else None
    own: Sequence[Sequence[str]] = [words] if words or claims is None else claims.CASES
    design = to_verilog(unit.build(**unit.parse(own[0])), name, unit.texts(own[0]))
    records = [_record(console, name, own[0], each) for each in prove_rules(design, timeout)]
    for text in CASES.get(name, ()):
        case = [*text.split(), *words]
        parameters = unit.parse(case)
        moving = to_verilog(unit.build(**parameters), name, unit.texts(case))
        found = prove_order(moving, movement_of(name, parameters), timeout)
        records += [_record(console, name, case, each) for each in found]
    if claims is not None:
        records += _prove_claims(console, name, claims, own, timeout)
    return records


def _record(console: Console, name: str, case: Sequence[str], proof: RuleProof) -> dict[str, Any]:
    """Print what became of a rule, and return a record of it."""
    found = proof.found
    title = " ".join([name, *case])
    console.print(f"{found.result} in {found.seconds:.1f} s: {title}, {proof.rule}")
    about = {"unit": name, "parameters": list(case), "claim": proof.rule, "method": _REACHABILITY}
    return about | {"result": found.result, "seconds": round(found.seconds, 1)}


def _print_table(console: Console, records: Sequence[dict[str, Any]]) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("unit", "claim", "result", "method", "parameters"):
        table.add_column(heading)
    table.add_column("s", justify="right")
    for each in records:
        seconds = f"{each['seconds']:.1f}" if "seconds" in each else ""
        words = " ".join(each["parameters"])
        table.add_row(each["unit"], each["claim"], each["result"], each["method"], words, seconds)
    console.print(table)


def _prove_claims(
    console: Console, name: str, claims: Any, cases: Sequence[Sequence[str]], timeout: int
) -> list[dict[str, Any]]:
    """Prove what a unit is claimed to compute, and return a record of each claim."""
    unit = find_unit(name)
    records: list[dict[str, Any]] = []
    for case in cases:
        component = unit.build(**unit.parse(case))
        design = to_verilog(component, name, unit.texts(case))
        for title, claim in claims.claims(component).items():
            with console.status(f"{name} {' '.join(case)}: {title}"):
                record, line = _attempt(component, design, claim, timeout)
            about = {"unit": name, "parameters": list(case), "claim": title, "method": _SOLVER}
            records.append(about | record)
            console.print(f"{line}: {name} {' '.join(case)}, {title}")
    return records


def _claimed() -> set[str]:
    """Return the units that are claimed to be equal to plain arithmetic."""
    modules = pkgutil.iter_modules(bittrue.flows.formal.__path__)
    return {module.name for module in modules} - set(_MACHINERY)


def _attempt(
    component: wiring.Component, design: Design, claim: Claim, timeout: int
) -> tuple[dict[str, Any], str]:
    try:
        proof = prove(component, design, claim, timeout)
    except FormalError as error:
        return {"result": "no answer", "said": str(error)}, f"no answer ({error})"
    result = "proved" if proof.proved else "refuted"
    line = f"{result} over {proof.free_bits} input bits in {proof.seconds:.1f} s"
    if not proof.proved:
        line += f", e.g. {proof.counterexample}"
    return {"result": result} | asdict(proof), line


if __name__ == "__main__":
    sys.exit(main())

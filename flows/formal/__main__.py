"""Prove a unit: ``python -m bittrue.flows.formal mac``.

Of every unit the rules of its streams, by induction over time; of those that have claims, that they
are equal to plain arithmetic for all inputs.
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
from rich.console import Console

import bittrue.flows.formal
from bittrue.flows.command_status import status_of
from bittrue.flows.formal.equivalence import Claim, FormalError, prove
from bittrue.flows.formal.stream_rules import prove_rules
from bittrue.flows.one_line_parser import command_parser
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.units import UNITS, find_unit
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.hdl.printer.verilog_output import Design, to_verilog

OUTPUT = Path("sim_build") / "formal"
_MACHINERY = ("__main__", "equivalence", "reachability", "stream_rules", "yosys")


def main(argv: Sequence[str] | None = None) -> int:
    """Prove one unit; 0 when everything is proved, 1 when something is not; see `STATUSES`.

    Without parameters, the parameter sets that the unit's module lists.
    """
    parser = command_parser("python -m bittrue.flows.formal", __doc__)
    parser.add_argument("unit", help=f"one of: {', '.join(UNITS)}")
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="of the unit")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for each claim")
    arguments = parser.parse_args(argv)

    def prove_unit() -> int:
        return _prove_all(arguments.unit, arguments.parameters, arguments.timeout)

    return status_of("formal", prove_unit)


def _prove_all(name: str, words: Sequence[str], timeout: int) -> int:
    console = terminal(soft_wrap=True)
    began = time.monotonic()
    claims = importlib.import_module(f"bittrue.flows.formal.{name}") if name in _claimed() else None
    cases: Sequence[Sequence[str]] = [words] if words or claims is None else claims.CASES
    records = _prove_rules(console, name, cases[0], timeout)
    if claims is not None:
        records += _prove_claims(console, name, claims, cases, timeout)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / f"{name}.json"
    write_atomically(path, f"{json.dumps(records, indent=2)}\n".encode())
    missing = [record for record in records if record["result"] != "proved"]
    seconds = time.monotonic() - began
    console.print(
        f"{name}: {len(records) - len(missing)} of {len(records)} claims proved, "
        f"{seconds:.0f} s, at most {timeout} s for each; {path}"
    )
    for record in missing:
        parameters = " ".join(record["parameters"])
        console.print(f"  {record['result']}: {name} {parameters}, {record['claim']}", style="red")
    return 1 if missing else 0


def _prove_rules(
    console: Console, name: str, case: Sequence[str], timeout: int
) -> list[dict[str, Any]]:
    """Prove the rules of a unit's streams, and return a record of each."""
    unit = find_unit(name)
    design = to_verilog(unit.build(**unit.parse(case)), name, unit.texts(case))
    records: list[dict[str, Any]] = []
    for proof in prove_rules(design, timeout):
        about = {"unit": name, "parameters": list(case), "claim": proof.rule}
        found = proof.found
        records.append(about | {"result": found.result, "seconds": round(found.seconds, 1)})
        unit_name = " ".join([name, *case])
        console.print(f"{found.result} in {found.seconds:.1f} s: {unit_name}, {proof.rule}")
    return records


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
            records.append({"unit": name, "parameters": list(case), "claim": title} | record)
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

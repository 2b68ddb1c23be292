"""python -m benchmarks.fuzz_faults: wrong results of the past, put back until fuzzing finds them.

Each fault is an edit of a copy of the sources; networks of one seed are compared in order until one
differs. ``--only NAME`` tries some of them.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError

OUTPUT = Path("sim_build") / "benchmarks"
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Fault:
    """An edit that puts a fault back.

    Parameters
    ----------
    what : str
        What was wrong.
    edits : tuple of (str, str, str)
        File, text that is there once, and what it becomes.
    in_circuit : bool
        Whether only a simulation can show it.
    """

    what: str
    edits: tuple[tuple[str, str, str], ...]
    in_circuit: bool = True


FAULTS = {
    "border_average": Fault(
        "average pools divide by the whole window, also at borders",
        (
            (
                "golden/executor/operators/average_pool.py",
                "node.window.taps_inside(inputs[0].shape), Storage",
                "np.full_like(node.window.taps_inside(inputs[0].shape), "
                "np.prod(node.window.size)), Storage",
            ),
        ),
        in_circuit=False,
    ),
    "rom_words": Fault(
        "ROM words of 64 bits and more go through float64, and nobody reads them back",
        (
            (
                "hdl/blocks/packed_words.py",
                "    return as_integers(words)",
                "    exact = as_integers(words)\n"
                "    lost = [max(word.bit_length() - 53, 0) * bool(word >> 63) for word in exact]\n"
                "    return [word >> low << low for word, low in zip(exact, lost, strict=True)]",
            ),
            ("hdl/printer/rom_files.py", "        if wrong.size:", "        if False:"),
        ),
    ),
    "other_channels_bits": Fault(
        "depthwise layers of one bit count the bits of another channel",
        (
            (
                "hdl/layers/parts/matrix_vector.py",
                "            lanes = codes[group :: spec.groups]",
                "            one_bit = spec.multiplier.counts_matches\n"
                "            lanes = codes[0 if one_bit else group :: spec.groups]",
            ),
        ),
    ),
    "no_room_on_branches": Fault(
        "FIFOs have no room for what waits at a layer that takes its input in turns",
        (
            (
                "hdl/network/connections.py",
                "        return self.schedule.waiting(edge.consumer.output, edge.port)",
                "        return min(1, self.schedule.waiting(edge.consumer.output, edge.port))",
            ),
        ),
    ),
    "wide_constants": Fault(
        "constants of requantizers are computed in 64 bits",
        (
            (
                "hdl/units/certified_requant.py",
                "certificate.zero_point.astype(object) << certificate.shift",
                "certificate.zero_point << certificate.shift",
            ),
        ),
    ),
}


def main() -> int:
    """Put each fault back, say which network shows it; 1 if one is not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--networks", type=int, default=2_000, metavar="N", help="at most")
    parser.add_argument("--step", type=int, default=16, metavar="N", help="networks at once")
    parser.add_argument("--only", nargs="+", default=list(FAULTS), choices=FAULTS)
    arguments = parser.parse_args()
    console = Console(soft_wrap=True)
    found: dict[str, str] = {}
    for name in arguments.only:
        found[name] = first_found(FAULTS[name], arguments.seed, arguments.networks, arguments.step)
        console.print(f"{name}: {found[name] or 'not found'}")
    table = Table("fault", "where it can show", "found")
    for name, said in found.items():
        stage = "circuit" if FAULTS[name].in_circuit else "golden"
        table.add_row(FAULTS[name].what, stage, said or f"not within {arguments.networks}")
    console.print(table)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "fuzz_faults.json").write_text(json.dumps(found, indent=1) + "\n")
    return 0 if all(found.values()) else 1


def first_found(fault: Fault, seed: int, networks: int, step: int) -> str:
    """Return which network shows a fault first, and how; empty if none does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _copy_with(fault, folder)
        for first in range(0, networks, step):
            failures = _failures(folder, fault, seed, first, step)
            if failures:
                number, said = min(failures)
                return f"network {number}: {said}"
    return ""


def _copy_with(fault: Fault, folder: Path) -> None:
    for package in ("bittrue", "golden", "hdl", "flows"):
        shutil.copytree(ROOT / package, folder / package, symlinks=True)
    for file, old, new in fault.edits:
        path = folder / file
        text = path.read_text()
        if text.count(old) != 1:
            raise ExecutionError(f"{file} has {text.count(old)} times what a fault replaces")
        path.write_text(text.replace(old, new))


def _failures(
    folder: Path, fault: Fault, seed: int, first: int, step: int
) -> list[tuple[int, str]]:
    """Return the numbers of the networks that fail, and what is said of each."""
    command = [sys.executable, "-m", "bittrue", "fuzz", "--json", "--no-shrink"]
    command += ["--seed", str(seed), "--first", str(first), "--output", "found"]
    command += ["--networks", "0" if fault.in_circuit else str(step)]
    command += ["--rtl", str(step) if fault.in_circuit else "0", "--sim", "icarus"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    finished = run_program(command, folder, environment)
    if finished.returncode not in (0, 1):
        raise ExecutionError(what_failed(finished.stderr))
    failures = json.loads(finished.stdout)["failures"]
    return [(each["number"], each["said"].split(";")[0][:120]) for each in failures]


if __name__ == "__main__":
    sys.exit(main())

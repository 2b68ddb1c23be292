"""Published networks end to end: whether they come in, are exact, fit a device, and how fast.

    python -m benchmarks.zoo FOLDER ... [--only NAME ...] [--samples N] [--simulate N]
                             [--limit SECONDS] [--record FILE.json] [--table]

Every .tflite and .onnx file of some folders, at default options: its codes beside those of
LiteRT's reference kernels (TensorFlow Lite Micro's or XNNPACK's where those refuse it) or qonnx, on
every tensor; then the default plan of the first device that holds it; and with `--simulate` the
Verilog of that plan on so many random images, those with fewest multiplications first. Files that
do not come in are listed with the reason.

What is found is kept in the record as soon as it is known, and is not found again while the file is
the same: a run goes on where the one before was ended, or its time. `--table` only prints the
record, as in docs/zoo.md. `benchmarks/zoo.toml` says where known networks are from, and what a
user would have to add: what the codes of an input are.
"""

import argparse
import hashlib
import json
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rich.console import Console

import bittrue
from benchmarks import golden_equality, qonnx_equality
from bittrue.building import random_images
from bittrue.flows.arguments.code_files import in_model_layout
from bittrue.flows.planning.feasibility import circuit_obstacles, holding_devices
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph.passes.cost import graph_cost

RECORD = Path("sim_build/zoo.json")
BUILDS = Path("sim_build/zoo")
KNOWN = Path(__file__).with_suffix(".toml")
SUFFIXES = (".tflite", ".onnx")

COLUMNS = (
    "network", "from", "MACs", "codes compared", "differ", "device", "cycles planned",
    "cycles simulated", "codes simulated", "differ", "LUT", "DSP", "BRAM",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What `zoo.toml` says of a network: its source, and what a user would say beside it."""

    source: str = ""
    input_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One network, as far as it came; what is not known yet is None."""

    network: str
    digest: str
    source: str
    refused: str = ""
    profile: str = ""
    macs: int | None = None
    compared: int | None = None
    differing: int | None = None
    device: str | None = None
    cycles: int | None = None
    resources: tuple[int, int, float] | None = None
    simulated: int | None = None
    simulated_differing: int | None = None
    interval: int | None = None
    unfinished: str = ""
    seconds: dict[str, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether all that was tried is equal, and as fast as planned."""
        equal = bool(self.compared) and self.differing == 0
        if self.simulated is not None:
            equal &= self.simulated > 0 and self.simulated_differing == 0
            equal &= self.interval is not None and self.interval == self.cycles
        return bool(self.refused) or equal

    def cells(self) -> list[str]:
        """Return what the table shows."""
        resources = self.resources or ("", "", "")
        differing = "" if self.simulated is None else str(self.simulated_differing)
        return [
            self.network,
            self.source,
            *(_number(each) for each in (self.macs, self.compared, self.differing)),
            self.device or "",
            _number(self.cycles),
            _number(self.interval) or self.unfinished,
            _number(self.simulated),
            differing,
            *(f"{each:,}" if isinstance(each, int) else f"{each:g}" if each != "" else ""
              for each in resources),
        ]  # fmt: skip


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


class Record:
    """What is known of all networks, in a file that is always whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: dict[str, Row] = {}
        if path.is_file():
            for each in json.loads(path.read_text()):
                resources = each["resources"]
                each["resources"] = None if resources is None else tuple(resources)
                self.rows[each["network"]] = Row(**each)

    def keep(self, row: Row) -> None:
        """Keep what is known of a network now."""
        self.rows[row.network] = row
        text = json.dumps([asdict(each) for each in self.rows.values()], indent=1)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, f"{text}\n".encode())


def known_networks() -> Mapping[str, Known]:
    """Return what is said of networks beforehand, by name."""
    found = tomllib.loads(KNOWN.read_text())
    return {
        name: Known(said["source"], tuple(said.get("input_types", ())))
        for name, said in found.items()
    }


def imported(path: Path, known: Known) -> bittrue.Graph:
    """Return a network under the first profile whose runtime and import take it."""
    if path.suffix == ".onnx":
        return load_network(path, input_types=known.input_types)
    *others, last = runtime_profiles(path) or [None]
    for profile in others:
        try:
            return load_network(path, profile)
        except bittrue.UserError:
            continue
    return load_network(path, last)


def runtime_profiles(path: Path) -> list[str | None]:
    """Return the profiles whose runtimes take a file: each refuses some that another runs."""
    content, found = path.read_bytes(), list[str | None]()
    for profile in ("litert", "tflite-micro", "xnnpack"):
        try:
            golden_equality.Reference(content, profile)
        except (RuntimeError, ValueError):
            continue
        found.append(profile)
    return found


def compared(path: Path, graph: bittrue.Graph, samples: int) -> tuple[int, int]:
    """Return how many codes were held against the runtime of a file's format, and differ."""
    if path.suffix == ".onnx":
        equality = qonnx_equality.compare(path, graph, samples)
    else:
        equality = golden_equality.compare(path, graph.profile, samples, None)
    return int(str(equality["codes"])), int(str(equality["different"]))


def planned(graph: bittrue.Graph) -> tuple[str, bittrue.Plan | None]:
    """Return the first device for which there is a plan, and the plan; or why there is none."""
    obstacles = circuit_obstacles(graph)
    if obstacles:
        return f"no circuit: {obstacles[0]}", None
    for name in holding_devices(graph):
        try:
            return name, bittrue.plan(graph, name)
        except bittrue.UserError:
            continue  # FIFOs are counted exactly only in a plan.
    return "none is big enough", None


def simulated(plan: bittrue.Plan, images: int) -> tuple[int, int, int | None]:
    """Return how many codes of a plan's Verilog were compared and differ, and the pace."""
    codes = random_images(plan.graph, images, seed=1)
    given = {name: in_model_layout(plan.graph, name, each) for name, each in codes.items()}
    result = bittrue.simulate(plan, given, builds=BUILDS)
    pace = None if result.pace is None else int(result.pace.intervals.max())
    return result.verdict.compared, result.verdict.differing, pace


class OutOfTimeError(Exception):
    """A simulation took longer than it was given."""


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise `OutOfTimeError` in what takes longer."""

    def ring(number: int, frame: object) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Zoo:
    """Networks that are measured one after the other, and what is known of each.

    Parameters
    ----------
    record : Record
    samples : int
        Held against the runtime.
    """

    def __init__(self, record: Record, samples: int) -> None:
        self._record = record
        self._samples = samples
        self._known = known_networks()

    def measure(self, path: Path) -> Row:
        """Return whether a network is exact, and its plan, from the record if they are there."""
        known = self._known.get(path.stem, Known())
        digest = hashlib.sha256(path.read_bytes() + repr(known).encode()).hexdigest()[:16]
        row = self._record.rows.get(path.stem)
        if row is None or row.digest != digest:
            row = Row(path.stem, digest, known.source)
        if row.refused or row.device is not None:
            return replace(row, source=known.source)
        start = time.monotonic()
        try:
            graph = imported(path, known)
        except bittrue.UserError as error:
            row = replace(row, refused=str(error).splitlines()[0].removeprefix(f"{path}: "))
            self._record.keep(row)
            return row
        row = replace(row, profile=graph.profile, macs=graph_cost(graph).macs)
        all_compared, differing = compared(path, graph, self._samples)
        row = replace(row, compared=all_compared, differing=differing)
        self._record.keep(_timed(row, "exactness", start))
        start = time.monotonic()
        device, plan = planned(graph)
        row = replace(row, device=device)
        if plan is not None:
            resources = plan.luts, plan.multipliers, plan.block_rams
            row = replace(row, cycles=plan.cycles, resources=resources)
        self._record.keep(row := _timed(row, "plan", start))
        return row

    def simulate(self, path: Path, images: int, limit: int) -> Row:
        """Return what becomes of a network that has a plan in a simulator, if that ends in time."""
        row = self._record.rows[path.stem]
        device = row.device
        if row.cycles is None or device is None or row.simulated is not None:
            return row
        start = time.monotonic()
        known = self._known.get(path.stem, Known())
        row = replace(row, unfinished="")
        try:
            with time_limit(limit):
                plan = bittrue.plan(imported(path, known), device)
                codes, differing, interval = simulated(plan, images)
            row = replace(row, simulated=codes, simulated_differing=differing, interval=interval)
        except OutOfTimeError:
            row = replace(row, unfinished=f"not in {limit:,} s")
        except bittrue.ExecutionError as error:
            row = replace(row, unfinished=str(error).splitlines()[0][:100])
        self._record.keep(row := _timed(row, "simulation", start))
        return row


def _timed(row: Row, stage: str, start: float) -> Row:
    return replace(row, seconds=row.seconds | {stage: round(time.monotonic() - start)})


def print_table(rows: list[Row]) -> None:
    """Print what is known, as Markdown: networks, then files that do not come in."""
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * 2}{'---:|' * 3}---|{'---:|' * 7}")
    for row in sorted(rows, key=lambda row: row.macs or 0):
        if not row.refused:
            print(f"| {' | '.join(row.cells())} |")
    for row in rows:
        if row.refused:
            print(f"\n{row.network}: {row.refused}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="*", help="of .tflite and .onnx files")
    parser.add_argument("--only", nargs="+", help="names of files, without their endings")
    parser.add_argument("--samples", type=int, default=40, help="held against LiteRT (default: 40)")
    parser.add_argument(
        "--simulate", type=int, default=0, metavar="N", help="images in Verilator (default: 0)"
    )
    parser.add_argument(
        "--limit", type=int, default=3600, help="seconds for each simulation (default: 3600)"
    )
    parser.add_argument("--record", type=Path, default=RECORD, help=f"default: {RECORD}")
    parser.add_argument("--table", action="store_true", help="print the record and do nothing else")
    arguments = parser.parse_args()
    record = Record(arguments.record)
    if arguments.table:
        print_table(list(record.rows.values()))
        return 0
    console = Console(stderr=True, highlight=False)
    files = (each for folder in arguments.folders for each in sorted(folder.iterdir()))
    paths = [each for each in files if each.suffix in SUFFIXES]
    if arguments.only:
        paths = [path for path in paths if path.stem in arguments.only]
    zoo, rows = Zoo(record, arguments.samples), dict[Path, Row]()
    for path in sorted(paths, key=lambda path: path.stat().st_size):
        rows[path] = zoo.measure(path)
        console.print(f"{path.stem}: {rows[path]}", soft_wrap=True)
    if arguments.simulate:
        for path in sorted(paths, key=lambda path: rows[path].macs or 0):
            rows[path] = zoo.simulate(path, arguments.simulate, arguments.limit)
            console.print(f"{path.stem}: {rows[path]}", soft_wrap=True)
    print_table(list(rows.values()))
    return 0 if all(row.sound for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

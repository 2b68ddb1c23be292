"""Run the scenarios of one unit in one simulator: ``python -m cocotb_tests requant``."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bittrue.flows.command_status import EXIT_DIFFERENCE, status_of
from bittrue.flows.one_line_parser import command_parser
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Verdict, judge, record_waves
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.flows.simulation.simulators.toolchain import SIMULATORS, check_simulator
from bittrue.flows.units import UNITS, find_unit
from bittrue.golden.errors import UserError
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.scenarios import describe_stimulus, scenarios_of

OUTPUT = Path("sim_build")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one unit; 0 when every output is right, 1 when one is not; see `STATUSES`."""
    parser = command_parser("python -m cocotb_tests", __doc__)
    parser.add_argument("test", help=f"one of: {', '.join(UNITS)}")
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="of the unit")
    parser.add_argument("--sim", default="verilator", help=f"one of: {', '.join(SIMULATORS)}")
    parser.add_argument("--seed", default="1", help="of every random choice, 1 to 2**32 - 1")
    parser.add_argument("--waves", action="store_true", help="record the first difference")
    arguments = parser.parse_args(argv)
    console = terminal()

    def run_unit() -> int:
        check_simulator(arguments.sim)
        verdict = simulate(
            arguments.test,
            arguments.parameters,
            arguments.sim,
            _parse_seed(arguments.seed),
            arguments.waves,
            console,
        )
        return 0 if verdict.passed else EXIT_DIFFERENCE

    return status_of("sim", run_unit)


def simulate(
    test: str, words: Sequence[str], simulator: str, seed: int, waves: bool, console: Console
) -> Verdict:
    """Build a unit from ``name=value`` words, run its scenarios and print what came out."""
    unit = find_unit(test)
    parameters = unit.parse(words)
    component = unit.build(**parameters)
    with console.status(f"{test}: golden stimulus"):
        scenarios = scenarios_of(test, component, parameters, seed, quick=False)
    if description := describe_stimulus(test):
        console.print(description, soft_wrap=True)
    with console.status(f"{test}: Verilog"):
        design = to_verilog(component, test, unit.texts(words))
    cosimulation = Cosimulation(component, design, simulator, OUTPUT)
    results = OUTPUT / f"{test}-{simulator}"
    with run_folder(results) as work:
        with console.status(f"{test}: building and running on {simulator}"):
            verdict = judge(cosimulation, scenarios, seed, work)
        _print_table(console, verdict)
        for problem in verdict.problems:
            console.print(problem, style="red", soft_wrap=True)
        if waves:
            with console.status(f"{test}: recording waves"):
                recording = record_waves(cosimulation, scenarios, verdict, work)
    if waves:
        console.print(f"waves: {results / recording.name}", soft_wrap=True)
    elif not verdict.passed:
        command = ["make", "sim", f"TEST={test}", f"SIM={simulator}", f"SEED={seed}", "WAVES=1"]
        command += [f"PARAMS={' '.join(words)}"] if words else []
        console.print(f"replay with waves: {shlex.join(command)}", soft_wrap=True)
    console.print(f"results: {results / 'junit.xml'}, {results / 'verdict.json'}", soft_wrap=True)
    console.print(str(verdict), style="green" if verdict.passed else "bold red", soft_wrap=True)
    return verdict


def _parse_seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) < 1 << 32:
        raise UserError(f"SEED is {text!r}; allowed: 1 to {(1 << 32) - 1}")
    return int(text)


def _print_table(console: Console, verdict: Verdict) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("scenario")
    table.add_column("outputs", justify="right")
    table.add_column("result")
    for name, record in verdict.scenarios.items():
        table.add_row(name, f"{record.compared:,}", "differs" if record.problems else "equal")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())

"""The mutation score of units: ``python -m cocotb_tests.mutation fifo --mutants 200``.

Mutants of the netlist are chosen by Yosys: bits inverted, stuck at 0 or 1, or inverted where
another bit says so. Each is simulated in the unit's quick scenarios; one that passes them all is
proved equivalent, or survives.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bittrue.flows.command_status import EXIT_DIFFERENCE, status_of
from bittrue.flows.one_line_parser import command_parser
from bittrue.flows.reports.terminal import terminal
from bittrue.flows.simulation.simulators.toolchain import check_simulator
from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from cocotb_tests.mutation.netlist import SELECT_WIDTH
from cocotb_tests.mutation.score import CLASSES, SURVIVED, UNDECIDED, Sample, Score

OUTPUT = Path("sim_build") / "mutation"


def main(argv: Sequence[str] | None = None) -> int:
    """Score a unit; 0 when no mutant survives, 1 when one does; see `STATUSES`."""
    parser = command_parser("python -m cocotb_tests.mutation", __doc__)
    parser.add_argument("unit", help=f"one of: {', '.join(UNITS)}")
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="of the unit")
    parser.add_argument("--mutants", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--seconds", type=int, default=60, help="for each proof of equivalence")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="a folder")
    arguments = parser.parse_args(argv)

    def score_unit() -> int:
        check_simulator("verilator")
        most = (1 << SELECT_WIDTH) - 1
        if not 1 <= arguments.mutants <= most:
            raise UserError(f"--mutants is {arguments.mutants}; allowed: 1 to {most}")
        if arguments.seconds < 1:
            raise UserError(f"--seconds is {arguments.seconds}; allowed: at least 1")
        sample = Sample(
            arguments.unit,
            tuple(arguments.parameters),
            arguments.mutants,
            arguments.seed,
            arguments.output,
        )
        return score_sample(terminal(soft_wrap=True), sample, arguments.seconds)

    return status_of("mutation", score_unit)


def score_sample(console: Console, sample: Sample, seconds: int) -> int:
    """Simulate and prove the mutants of a sample, and print what became of them."""
    began = time.monotonic()
    with console.status(f"{sample.title}: mutants") as status:
        score = Score(sample)
        for known in score.simulate():
            status.update(f"{sample.title}: {known} of {len(score.mutated.mutants)} simulated")
        simulated = time.monotonic() - began
        for mutant in score.prove(seconds):
            status.update(f"{sample.title}: mutant {mutant.number} tried for equivalence")
    table = Table(box=None, pad_edge=False)
    for heading in ("unit", "mutants", *CLASSES):
        table.add_column(heading, justify="left" if heading == "unit" else "right")
    total = len(score.mutated.mutants)
    counts = score.counts
    table.add_row(sample.title, str(total), *(str(counts[each]) for each in CLASSES))
    console.print(table)
    for mutant in score.mutated.mutants:
        if (result := score.results[mutant.number]) in (SURVIVED, UNDECIDED):
            console.print(f"{result}: {mutant.number}, {mutant.place}")
    console.print(
        f"{sample.title}: {total} mutants in {simulated:.0f} s of simulation and "
        f"{time.monotonic() - began - simulated:.0f} s of proofs, at most {seconds} s for each; "
        f"{score.path}"
    )
    return EXIT_DIFFERENCE if counts[SURVIVED] else 0


if __name__ == "__main__":
    sys.exit(main())

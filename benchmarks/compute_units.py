"""python -m benchmarks.compute_units: area and clock of every unit that multiplies.

LUT, FF and DSP are Yosys's count for 7 series, adder trees and accumulators included; Fmax is
nextpnr's for ECP5 at speed grade 6, of the same unit, with the packing of ECP5's own multiplier
where it packs. From these follows what a Zynq-7020 holds. Beside them stand published figures:

- FINN: the cost model of matrix-vector units that FINN's estimates use (Blott et al., FINN-R,
  ACM TRETS 2018), LUT per multiply-accumulate with its share of the adder tree;
- BISMO: the cost model and the peak on PYNQ-Z1 of Umuroglu et al., FPL 2018;
- AMD: two int8 products (white paper WP486) and four int4 products (WP521) in a DSP;
- Megvii: the peaks of its production design on a Zynq-7020;
- plain: the products and the adder tree as operators of the language, through the same Yosys.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bittrue.flows.synthesis.yosys import Synthesis, SynthesisError, synthesise
from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.hdl.printer.verilog_output import to_verilog

OUTPUT = Path("sim_build") / "benchmarks"
SYNTHESES = Path("sim_build") / "synth"
"""Shared with ``bittrue synth``: what was synthesised once is not made again."""


@dataclass(frozen=True)
class Row:
    """A unit with parameters.

    Parameters
    ----------
    width : str
        Operand widths, as shown.
    unit : str
        Name in the registry.
    macs : int
        Multiply-accumulates a cycle.
    words : tuple of str
        Parameters.
    reference : str
        What others need; empty where there is nothing to compare.
    """

    width: str
    unit: str
    macs: int
    words: tuple[str, ...] = ()
    reference: str = ""

    @property
    def name(self) -> str:
        """Unit and parameters."""
        return " ".join((self.unit, *self.words))


PACKED = "multiplier=packed_dsp48e1"
PACKED_ECP5 = "multiplier=packed_mult18x18d"
LUT = "multiplier=lut"
INT4, INT2 = ("a=int4", "b=int4"), ("a=int2", "b=int2")
ROWS = (
    Row("8 x 8", "mac", 1, (), "1 MAC per DSP"),
    Row("8 x 8", "mac", 16, ("lanes=8", "columns=2", PACKED), "2 MAC per DSP (AMD)"),
    Row("8 x 8", "mac", 8, ("lanes=8", LUT), "123 LUT per MAC (FINN), 163 plain"),
    Row("8 x 8", "dot", 64, ("inputs=int8", "lanes=8", "outputs=8", PACKED), "2 MAC per DSP (AMD)"),
    Row("u8 x u8", "dot", 16, ("weights=uint8", "weight_zero_point=yes", PACKED)),
    Row("u8 x 8", "systolic", 16, ("dataflow=output",), "1 MAC per DSP"),
    Row("u8 x 8", "systolic", 16, ("dataflow=weight",), "1 MAC per DSP"),
    Row(
        "4 x 4",
        "mac",
        32,
        (*INT4, "lanes=8", "rows=2", "columns=2", PACKED),
        "4 MAC per DSP (FINN; AMD)",
    ),
    Row("4 x 4", "mac", 16, (*INT4, "lanes=16", LUT), "44 LUT per MAC (FINN), 51 plain"),
    Row("2 x 2", "mac", 36, (*INT2, "lanes=4", "rows=3", "columns=3", PACKED)),
    Row("2 x 2", "mac", 32, (*INT2, "lanes=32", LUT), "13 LUT per MAC (FINN), 18 plain"),
    Row("1 x 1", "xnor", 256, (), "1.34 LUT per MAC (BISMO), 2.6 plain"),
    Row("1 x 1", "bitserial", 256, (), "1.34 LUT per MAC (BISMO)"),
    Row("8 x ternary", "ternary", 16),
    Row("8 x +-2^0..7", "logmul", 16),
    Row("8 x 16 weights", "lutmul", 16),
)
"""In the order of the table. A bit-serial unit multiplies n x m bits in n m cycles."""

SWITCHED = {
    width: Row(f"2 to {width}", "shiftadd", 16, (f"maximum_width={width}",)) for width in (8, 16)
}
"""Units that switch their precision at run time."""


def _fixed(a: int, b: int, products: int) -> Row:
    words = (f"a=int{a}", f"b=int{b}", f"lanes={products}", LUT)
    return Row(f"{a} x {b}", "mac", products, words)


MODES = [_fixed(a, b, 64 // a // b) for a, b in ((8, 8), (8, 4), (4, 4), (8, 2), (4, 2), (2, 2))]
"""Beside each mode of these, the fixed-precision unit with as many products a cycle."""


@dataclass(frozen=True)
class Device:
    """What a Zynq-7020 has, and how much of its tables a design can be expected to use."""

    luts: int = 53_200
    dsps: int = 220
    usable: float = 0.8


PUBLISHED_PEAKS = {
    "8 x 8": "0.05 (Megvii)",
    "4 x 4": "0.2 (Megvii)",
    "1 x 1": "3.2 (Megvii), 6.5 (BISMO)",
}
"""TOPS on a Zynq-7020."""


@dataclass(frozen=True)
class Measurement:
    """A row with what the tools counted."""

    row: Row
    area: Synthesis
    clock: Synthesis | None

    @property
    def luts(self) -> int:
        """Tables, those that serve as shift registers included."""
        return self.area.resources["LUT"] + self.area.resources["LUT RAM"]

    @property
    def dsps(self) -> int:
        """Hardware multipliers."""
        return self.area.resources["DSP"]

    @property
    def fmax(self) -> float | None:
        """MHz on ECP5."""
        return self.clock.fmax_mhz if self.clock else None


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the units and print the tables; 2 for a wrong request, 1 when a tool fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compute_units", description=__doc__)
    parser.add_argument("--unit", help="only rows of this unit")
    parser.add_argument("--no-clock", action="store_true", help="leave out place and route")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False)
    every_row = [*ROWS, *SWITCHED.values(), *MODES]
    chosen = [row for row in every_row if arguments.unit in (None, row.unit)]
    try:
        if not chosen:
            names = ", ".join(dict.fromkeys(row.unit for row in every_row))
            raise UserError(f"no row of {arguments.unit!r}; choose one of {names}")
        measured = _measure_all(chosen, not arguments.no_clock)
    except UserError as error:
        print(f"compute_units: {error}", file=sys.stderr)
        return 2
    except SynthesisError as error:
        print(f"compute_units: {error}", file=sys.stderr)
        return 1
    _print_units(console, [measured[row] for row in chosen if row in ROWS])
    if arguments.unit is None:
        _print_modes(console, measured)
        for line in peak([measured[row] for row in ROWS], Device()):
            console.print(line, soft_wrap=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / "compute_units.json"
    records = json.dumps([asdict(measurement) for measurement in measured.values()], indent=2)
    write_atomically(path, f"{records}\n".encode())
    console.print(f"written to {path}")
    return 0


def _measure_all(rows: Sequence[Row], clock: bool) -> dict[Row, Measurement]:
    """Synthesise what has not been synthesised with these tools yet."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    measured = {}
    with Progress(*columns, TimeElapsedColumn(), transient=True) as progress:
        task = progress.add_task("", total=len(rows))
        for row in rows:
            progress.update(task, description=row.name)
            on_ecp5 = [PACKED_ECP5 if word == PACKED else word for word in row.words]
            measured[row] = Measurement(
                row,
                _synthesise(row.unit, row.words, "xc7"),
                _synthesise(row.unit, on_ecp5, "ecp5") if clock and row not in MODES else None,
            )
            progress.advance(task)
    return measured


def _synthesise(name: str, words: Sequence[str], device: str) -> Synthesis:
    unit = UNITS[name]
    component = unit.build(**unit.parse(words))
    design = to_verilog(component, name, unit.texts(words))
    return synthesise(component, design, device, SYNTHESES)[0]


def _print_units(console: Console, measurements: Sequence[Measurement]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("width", "unit"):
        table.add_column(heading)
    for heading in ("MAC", "LUT", "FF", "DSP", "LUT/MAC", "MAC/DSP", "MHz"):
        table.add_column(heading, justify="right")
    table.add_column("published")
    for each in measurements:
        macs = each.row.macs
        table.add_row(
            each.row.width,
            each.row.name,
            str(macs),
            f"{each.luts:,}",
            f"{each.area.resources['FF']:,}",
            str(each.dsps),
            f"{each.luts / macs:.2f}",
            f"{macs / each.dsps:g}" if each.dsps else "",
            f"{each.fmax:.0f}" if each.fmax else "",
            each.row.reference,
        )
    console.print(table)


def _print_modes(console: Console, measured: dict[Row, Measurement]) -> None:
    """Print what switching precision at run time costs, mode by mode."""
    table = Table(title="shiftadd beside fixed precision, LUT", title_justify="left", box=None)
    for heading in ("mode", "products", "fixed", "shiftadd 2-8", "ratio", "shiftadd 2-16", "ratio"):
        table.add_column(heading, justify="right")
    for row in MODES:
        fixed = measured[row].luts
        switched = [measured[each].luts for each in SWITCHED.values()]
        ratios = [cell for luts in switched for cell in (f"{luts:,}", f"{luts / fixed:.1f}")]
        table.add_row(row.width, str(row.macs), f"{fixed:,}", *ratios)
    console.print(table)
    for row in SWITCHED.values():
        area = measured[row]
        clock = f", {area.fmax:.0f} MHz" if area.fmax else ""
        console.print(f"{row.name}: {area.luts} LUT, {area.area.resources['FF']} FF{clock}")


def peak(measurements: Sequence[Measurement], device: Device) -> list[str]:
    """Return, by width, what fits a device: multipliers first, then tables; with the arithmetic."""
    budget = int(device.luts * device.usable)
    lines = [
        f"Zynq-7020, of {device.dsps} DSP48E1 all and of {device.luts:,} LUT {budget:,} "
        f"({device.usable:.0%}) used, at the lower clock of the units (ECP5); 2 operations a MAC"
    ]
    for width, published in PUBLISHED_PEAKS.items():
        alike = [
            each
            for each in measurements
            if each.row.width == width and each.row.unit in ("mac", "xnor") and each.fmax
        ]
        with_dsp = [each for each in alike if each.dsps]
        without = [each for each in alike if not each.dsps]
        used: list[tuple[int, Measurement]] = []
        luts = budget
        if with_dsp:
            best = max(with_dsp, key=lambda each: each.row.macs / each.dsps)
            count = min(device.dsps // best.dsps, luts // best.luts)
            used.append((count, best))
            luts -= count * best.luts
        if without:
            best = min(without, key=lambda each: each.luts / each.row.macs)
            used.append((luts // best.luts, best))
        if not used:
            continue
        macs = sum(count * each.row.macs for count, each in used)
        clock = min(each.fmax or 0.0 for _, each in used)
        parts = " + ".join(
            f"{count} x {each.row.macs} MAC ({each.luts} LUT, {each.dsps} DSP: {each.row.name})"
            for count, each in used
        )
        lines.append(
            f"  {width}: {parts} = {macs:,} MAC; x 2 x {clock:.0f} MHz = "
            f"{macs * 2 * clock / 1e6:.2f} TOPS; published: {published}"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())

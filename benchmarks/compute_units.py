"""python -m benchmarks.compute_units: area and clock of every unit that multiplies.

LUT, FF and DSP are Yosys's count for xc7, adder trees and accumulators included; Fmax is
nextpnr's for ECP5 at speed grade 6, of the same unit with the packing of ECP5's own multiplier
where it packs. From these follows what a Zynq-7020 holds.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.synthesis import Synthesis, synthesise
from flows.units import UNITS
from hdl.verilog_output import to_verilog

OUTPUT = Path("sim_build") / "benchmarks"


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
    words: tuple[str, ...]
    reference: str = ""


PACKED = "multiplier=packed_dsp48e1"
PACKED_ECP5 = "multiplier=packed_mult18x18d"
ROWS = (
    Row("8 x 8", "mac", 1, (), "1 MAC per DSP plainly"),
    Row("8 x 8", "mac", 16, ("lanes=8", "columns=2", PACKED), "2 MAC per DSP (AMD INT8 packing)"),
    Row(
        "8 x 8",
        "mac",
        8,
        ("lanes=8", "multiplier=lut"),
        "123 LUT per MAC (FINN's model), 163 plain",
    ),
    Row(
        "4 x 4",
        "mac",
        32,
        ("a=int4", "b=int4", "lanes=8", "rows=2", "columns=2", PACKED),
        "4 MAC per DSP (FINN's model)",
    ),
    Row(
        "4 x 4",
        "mac",
        16,
        ("a=int4", "b=int4", "lanes=16", "multiplier=lut"),
        "44 LUT per MAC (FINN's model), 51 plain",
    ),
    Row(
        "2 x 2",
        "mac",
        32,
        ("a=int2", "b=int2", "lanes=32", "multiplier=lut"),
        "13 LUT per MAC (FINN's model), 18 plain",
    ),
    Row("1 x 1", "xnor", 256, (), "1.34 LUT per MAC (BISMO's model)"),
    Row("8 x 8", "dot", 64, ("inputs=int8", "lanes=8", "outputs=8", PACKED)),
    Row(
        "u8 x u8",
        "dot",
        64,
        (
            "inputs=uint8",
            "weights=uint8",
            "lanes=8",
            "outputs=8",
            "weight_zero_point=yes",
            PACKED,
        ),
    ),
    Row("8 x 8", "systolic", 16, ()),
    Row("8 x 8", "systolic", 16, ("dataflow=weight",)),
)
"""In the order of the table."""


@dataclass(frozen=True)
class Device:
    """What a Zynq-7020 has, and how much of its tables a design can be expected to use."""

    luts: int = 53_200
    dsps: int = 220
    usable: float = 0.8


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
    """Measure the units and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compute_units", description=__doc__)
    parser.add_argument("--unit", help="only rows of this unit")
    parser.add_argument("--no-clock", action="store_true", help="leave out place and route")
    arguments = parser.parse_args(argv)
    console = Console(highlight=False)
    chosen = [row for row in ROWS if arguments.unit in (None, row.unit)]
    if not chosen:
        names = ", ".join(dict.fromkeys(row.unit for row in ROWS))
        print(
            f"compute_units: no row of {arguments.unit!r}; choose one of {names}", file=sys.stderr
        )
        return 2
    measurements = []
    for row in chosen:
        with console.status(f"{row.unit} {' '.join(row.words)}"):
            measurements.append(_measure(row, not arguments.no_clock))
    _print_table(console, measurements)
    for line in peak(measurements, Device()):
        console.print(line, soft_wrap=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / "compute_units.json"
    path.write_text(json.dumps([asdict(each) for each in measurements], indent=2) + "\n")
    console.print(f"written to {path}")
    return 0


def _measure(row: Row, clock: bool) -> Measurement:
    on_ecp5 = [PACKED_ECP5 if word == PACKED else word for word in row.words]
    return Measurement(
        row,
        _synthesise(row.unit, row.words, "xc7"),
        _synthesise(row.unit, on_ecp5, "ecp5") if clock else None,
    )


def _synthesise(name: str, words: Sequence[str], device: str) -> Synthesis:
    unit = UNITS[name]
    component = unit.build(**unit.parse(words))
    return synthesise(component, to_verilog(component, name, unit.texts(words)), device, OUTPUT)[0]


def _print_table(console: Console, measurements: Sequence[Measurement]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("width", "unit", "MACs", "LUT", "FF", "DSP", "LUT/MAC", "MAC/DSP", "Fmax ECP5"):
        table.add_column(name, justify="left" if name in ("width", "unit") else "right")
    table.add_column("reference")
    for each in measurements:
        macs = each.row.macs
        table.add_row(
            each.row.width,
            each.row.unit,
            str(macs),
            str(each.luts),
            str(each.area.resources["FF"]),
            str(each.dsps),
            f"{each.luts / macs:.2f}",
            f"{macs / each.dsps:g}" if each.dsps else "",
            f"{each.fmax:.0f} MHz" if each.fmax else "",
            each.row.reference,
        )
    console.print(table)


def peak(measurements: Sequence[Measurement], device: Device) -> list[str]:
    """Return, by width, what fits a device: multipliers first, then tables; with the arithmetic."""
    lines = [
        f"Zynq-7020: {device.dsps} DSP48E1, {device.luts} LUT of which {device.usable:.0%} are "
        "used; clock as reached on ECP5; 1 MAC = 2 operations"
    ]
    for width in dict.fromkeys(each.row.width for each in measurements):
        alike = [
            each
            for each in measurements
            if each.row.width == width and each.fmax and each.row.unit in ("mac", "xnor")
        ]
        if not alike:
            continue
        luts, parts, total = int(device.luts * device.usable), [], 0.0
        with_dsp = [each for each in alike if each.dsps]
        if with_dsp:
            best = max(with_dsp, key=lambda each: each.row.macs / each.dsps)
            count = min(device.dsps // best.dsps, luts // max(best.luts, 1))
            luts -= count * best.luts
            total += _add_up(parts, count, best)
        without = [each for each in alike if not each.dsps]
        if without:
            best = min(without, key=lambda each: each.luts / each.row.macs)
            total += _add_up(parts, luts // best.luts, best)
        lines.append(f"  {width}: {' + '.join(parts)} = {total:.2f} TOPS")
    return lines


def _add_up(parts: list[str], count: int, each: Measurement) -> float:
    assert each.fmax is not None
    kind = "in DSP" if each.dsps else "in LUT"
    parts.append(f"{count} units x {each.row.macs} MAC {kind} x 2 x {each.fmax:.0f} MHz")
    return count * each.row.macs * 2 * each.fmax * 1e6 / 1e12


if __name__ == "__main__":
    sys.exit(main())

"""python -m benchmarks.layer_resources: what layers say they take, and what Yosys counts.

One row for each kind of layer, alone, on 7 series: tables (those that are memories and shift
registers included), DSP48E1 and block RAMs in halves, estimated and counted, with their ratio.
`benchmarks.network_resources` does the same for networks.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib import wiring
from rich.console import Console
from rich.table import Table

from bittrue.flows.synthesis.yosys import synthesise
from bittrue.flows.units import UNITS
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import SERIES_7
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.printer.verilog_output import to_verilog

OUTPUT = Path("sim_build") / "benchmarks"

KINDS = {
    "convolution": "convolution shape=9x7x8 outputs=16 elements=8 pe=4",
    "convolution, LUT": "convolution shape=9x7x8 outputs=16 elements=8 pe=4 multiplier=lut",
    "convolution, LUT int4": "convolution shape=9x7x8 outputs=16 elements=8 pe=4 multiplier=lut "
    "code=int4 weights=int4 output=int4",
    "convolution, XNOR": "convolution shape=9x7x32 outputs=16 padding=0x0x0x0 code=uint1 "
    "weights=uint1 bipolar=yes multiplier=xnor output=uint1 elements=32 pe=4",
    "depthwise": "convolution shape=9x7x8 groups=8 outputs=8 rows=3 elements=2 pe=2",
    "pointwise": "convolution shape=9x7x16 kernel=1x1 padding=0x0x0x0 outputs=16 elements=8 pe=4",
    "dense": "dense inputs=64 outputs=32 elements=8 pe=4",
    "dense, LUT": "dense inputs=32 outputs=16 elements=16 pe=4 multiplier=lut",
    "dense, ternary": "dense inputs=32 outputs=16 elements=16 pe=4 multiplier=ternary "
    "weights=int2 values=-1,0,1",
    "dense, powers of two": "dense inputs=32 outputs=16 elements=16 pe=4 "
    "multiplier=power_of_two values=-64,-32,-16,-8,-4,-2,-1,0,1,2,4,8,16,32,64",
    "dense, bit-serial": "dense inputs=64 outputs=32 elements=32 pe=8 multiplier=bitserial",
    "dense, shift-add": "dense inputs=32 outputs=16 elements=8 pe=4 multiplier=shiftadd "
    "code=int4 weights=int4",
    "dense, systolic": "dense inputs=64 outputs=32 elements=8 pe=4 multiplier=systolic",
    "dense, codebook": "dense inputs=32 outputs=16 elements=16 pe=4 multiplier=codebook "
    "values=-57,3,93",
    "add": "add shape=8x8x16 lanes=4",
    "add of three": "add shape=8x8x16 lanes=4 inputs=3",
    "multiply": "multiply shape=8x8x16 lanes=4",
    "requantize": "requantize shape=8x8x16 lanes=4 kind=int16",
    "table": "table shape=8x8x16 lanes=4",
    "clamp": "clamp shape=8x8x16 lanes=4",
    "pad": "pad shape=8x8x16 lanes=4",
    "concat": "concat shapes=8x8x16,8x8x16 lanes=4",
    "broadcast": "broadcast of=1x1x64 shape=8x8x64 lanes=4",
    "least and greatest": "min_max shape=8x8x16 lanes=4",
    "slice": "slice shape=8x8x16 lanes=4",
    "gather": "gather shape=6x8x16 lanes=4",
    "transpose": "transpose shape=8x6x16 lanes=4",
    "resize": "resize shape=8x8x8 lanes=4",
    "global average": "global_pool shape=8x8x64 lanes=4",
    "max pool": "window_pool pooling=maximum shape=16x16x16 kernel=2x2 stride=2x2 "
    "padding=0x0x0x0 rows=2 lanes=4",
    "average pool": "window_pool pooling=average shape=8x8x16 rows=3 lanes=4",
    "sum pool": "window_pool pooling=sum shape=8x8x16 rows=3 lanes=4 output=int16",
    "softmax": "softmax shape=64",
    "softmax16": "softmax16 shape=64",
    "argmax": "argmax shape=64 lanes=4",
}
"""A unit for each kind of layer, small enough to be synthesised in seconds."""

MEMORY_TABLES = {
    "SRL16E": 1,
    "SRLC32E": 1,
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM32M": 4,
    "RAM64M": 4,
}
"""Tables that a cell which is memory fills."""


@dataclass(frozen=True)
class Row:
    """What something says it takes, and what Yosys counts."""

    name: str
    estimate: Costs
    count: Costs

    @property
    def ratio(self) -> float:
        """Of the tables."""
        return int(self.estimate.luts) / max(int(self.count.luts), 1)

    def cells(self) -> list[str]:
        """Return the text of each column."""
        one, other = self.estimate, self.count
        halves = (one.multipliers, other.multipliers, one.halves, other.halves)
        luts = [f"{int(one.luts):,}", f"{int(other.luts):,}", f"{self.ratio:.2f}"]
        return [self.name, *luts, *(str(int(each)) for each in halves)]


def show(console: Console, what: str, rows: Sequence[Row], file: Path) -> None:
    """Print a table, and write it to a file."""
    table = Table(what, "LUT", "Yosys", "ratio", "DSP", "Yosys", "halves of BRAM", "Yosys")
    lines = ["| " + " | ".join(str(column.header) for column in table.columns) + " |"]
    lines.append("|---" + "|---:" * (len(table.columns) - 1) + "|")
    for row in rows:
        table.add_row(*row.cells())
        lines.append("| " + " | ".join(row.cells()) + " |")
    console.print(table)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, "\n".join(lines).encode() + b"\n")


def counted(cells: Mapping[str, int]) -> Costs:
    """Return what the cells of a netlist are."""
    luts = sum(cells.get(f"LUT{inputs}", 0) for inputs in range(1, 7))
    luts += sum(cells.get(kind, 0) * tables for kind, tables in MEMORY_TABLES.items())
    halves = 2 * cells.get("RAMB36E1", 0) + cells.get("RAMB18E1", 0)
    return Costs(luts, cells.get("DSP48E1", 0), halves)


def synthesised(component: wiring.Component, name: str, folder: Path) -> Costs:
    """Return what Yosys counts."""
    design = to_verilog(component, name)
    return counted(synthesise(component, design, "xc7", folder)[0].cells)


def kinds(names: list[str]) -> Iterator[Row]:
    """Yield each kind with what it says it takes, and what it does."""
    for kind, words in KINDS.items():
        if names and kind not in names:
            continue
        unit, *rest = words.split()
        layer = UNITS[unit].build(**UNITS[unit].parse(rest))
        assert isinstance(layer, Layer)
        name = "".join(letter for letter in kind if letter.isalnum())
        yield Row(kind, layer.spec.costs(SERIES_7), synthesised(layer, name, OUTPUT))


def main(words: list[str] | None = None) -> int:
    """Print the table, and write it to ``sim_build/benchmarks/layer_resources.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; all by default")
    arguments = parser.parse_args(words)
    show(Console(), "layer", list(kinds(arguments.kinds)), OUTPUT / "layer_resources.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Area and clock of every kind of layer on ECP5, speed grade 6: the table of docs/layers.md.

    python -m benchmarks.layer_clocks [--only NAME...] [--folder DIR]

Each design is kept: run again, what has been placed and routed is read from the folder. Those
below the goal are named at the end, and the exit status is 1 if there are any.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bittrue.flows.synthesis.yosys import Synthesis, synthesise
from bittrue.flows.units import find_unit
from bittrue.hdl.printer.verilog_output import to_verilog

GOAL_MHZ = 150
DEVICE = "ecp5"
DESIGNS = (
    "channel_requant",
    "channel_requant requantizer=generic",
    "fork",
    "fifo",
    "fifo depth=600",
    "lanes",
    "pad",
    "subsample",
    "broadcast",
    "slice",
    "gather",
    "transpose",
    "resize",
    "concat",
    "table",
    "table kind=int16 output=int16 values=interpolated",
    "clamp",
    "add",
    "add inputs=3",
    "multiply",
    "min_max",
    "mat_mul",
    "requantize",
    "requantize kind=int16",
    "global_pool",
    "global_pool pooling=mean",
    "window_reduce",
    "window_reduce reduction=sum",
    "window_pool",
    "softmax",
    "softmax16",
    "argmax",
    "convolution shape=16x16x16 outputs=16 rows=3 elements=3 pe=8 multiplier=packed_mult18x18d",
    "convolution shape=16x16x16 outputs=16 groups=16 rows=3 elements=4 pe=4 multiplier=lut "
    "lanes_in=2 lanes_out=2",
    "dense inputs=128 outputs=128 elements=4 pe=16 multiplier=packed_mult18x18d",
    "dot lanes=8 outputs=8 multiplier=packed_mult18x18d",
    "network device=ecp5-85f cycles=3000",
)
"""Units and their parameters."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=(), help="units; every one by default")
    parser.add_argument("--folder", type=Path, default=Path("sim_build") / "layer_clocks")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=150)
    designs = [each for each in DESIGNS if not arguments.only or each.split()[0] in arguments.only]
    found: dict[str, Synthesis] = {}
    for words in designs:
        with console.status(words):
            found[words] = _measured(words, arguments.folder)
        console.print(f"{words}: {_clock(found[words])} MHz", soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("design", overflow="fold", max_width=70)
    for name in (*next(iter(found.values())).resources, "MHz"):
        table.add_column(name, justify="right")
    for words, result in found.items():
        counts = (f"{count:,}" for count in result.resources.values())
        table.add_row(words, *counts, _clock(result))
    console.print(table)
    slow = [words for words, result in found.items() if (result.fmax_mhz or 0) < GOAL_MHZ]
    console.print(f"{len(found) - len(slow)} of {len(found)} reach {GOAL_MHZ} MHz")
    for words in slow:
        console.print(f"below: {words}", soft_wrap=True)
    return 1 if slow else 0


def _measured(words: str, folder: Path) -> Synthesis:
    name, *parameters = words.split()
    unit = find_unit(name)
    component = unit.build(**unit.parse(parameters))
    design = to_verilog(component, name, unit.texts(parameters))
    result, _ = synthesise(component, design, DEVICE, folder)
    return result


def _clock(result: Synthesis) -> str:
    return f"{result.fmax_mhz:.0f}" if result.fmax_mhz else f"- ({result.note})"


if __name__ == "__main__":
    sys.exit(main())

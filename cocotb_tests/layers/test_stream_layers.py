"""Layers that move codes, side by side in both simulators, and faults that must not pass."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Run
from bittrue.flows.simulation.bench.side_by_side import SideBySide
from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.parts.fifo import Fifo
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.side_by_side import build, faults_caught, judge_together
from cocotb_tests.falsified import falsify

CASES = {
    "fork": "fork outputs=3 lanes=2",
    "fifo_deep": "fifo depth=37 kind=uint3 lanes=3",
    "fifo_two": "fifo depth=2 lanes=1",
    "lanes_up": "lanes lanes_in=3 lanes_out=6 kind=uint5",
    "lanes_down": "lanes lanes_in=4 lanes_out=1",
    "lanes_same": "lanes lanes_in=2 lanes_out=2",
    "pad": "pad shape=3x5x6 padding=1,2,0,1,0,0 lanes=3",
    "pad_channels": "pad shape=2x3x2 padding=0,0,2,0,1,3 lanes=1 kind=uint4 code=9",
    "pad_vector": "pad shape=6 padding=2,4 lanes=2",
    "pad_nothing": "pad shape=2x2x4 padding=0,0,0,0,0,0 lanes=4",
    "subsample": "subsample shape=5x7x6 stride=2,3 lanes=2",
    "subsample_rows": "subsample shape=4x3x2 stride=4,1 lanes=2",
    "slice_rows": "slice shape=5x3x6 begin=2,0,0 size=2,3,6 stride=1,1,1 lanes=3",
    "slice_columns": "slice shape=3x7x4 begin=0,1,0 size=3,3,4 stride=1,2,1 lanes=4",
    "slice_channels": "slice shape=3x2x12 begin=0,0,4 size=3,2,6 stride=1,1,1 lanes=2 kind=int16",
    "slice_between": "slice shape=4x3x7 begin=1,0,1 size=2,2,2 stride=2,2,3 lanes=1 kind=uint3",
    "slice_early": "slice shape=10 begin=1 size=2 stride=3 lanes=1",
    "slice_one": "slice shape=2x3x4 begin=1,2,3 size=1,1,1 stride=1,1,1 lanes=1",
    "slice_all": "slice shape=2x3x4 begin=0,0,0 size=2,3,4 stride=1,1,1 lanes=4",
    "concat_channels": "concat shapes=3x2x4,3x2x2,3x2x6 axis=2 lanes=2",
    "concat_rows": "concat shapes=3x2x4,1x2x4 axis=0 lanes=4",
    "concat_columns": "concat shapes=3x2x3,3x1x3 axis=1 lanes=3 kind=uint2",
    "broadcast": "broadcast of=1x1x6 shape=3x2x6 lanes=3",
    "broadcast_twice": "broadcast of=4 shape=2x1x4 lanes=4",
    "broadcast_rows": "broadcast of=3x1x6 shape=3x5x6 lanes=2 kind=uint3",
    "broadcast_image": "broadcast of=1x2x3 shape=3x2x3 lanes=1",
    "broadcast_channels": "broadcast of=3x2x1 shape=3x2x6 lanes=3 kind=int10",
    "broadcast_beats": "broadcast of=3x2x1 shape=3x2x4 lanes=4",
    "broadcast_one": "broadcast of=1 shape=2x3x4 lanes=2",
    "broadcast_nothing": "broadcast of=4 shape=1x4 lanes=4",
    "table": "table shape=3x2x6 lanes=3",
    "table_wide": "table shape=7 kind=uint10 output=int16 lanes=1",
    "table_of_values": "table shape=2x6 kind=uint11 output=int5 lanes=2",
    "table_of_lines": "table shape=3x2x6 kind=int16 output=int16 lanes=2 values=interpolated",
    "table_corrected": "table shape=7x6 kind=int16 output=int16 lanes=1 values=sigmoid",
    "table_narrow": "table shape=2x6 kind=int2 output=uint1 lanes=2",
    "clamp": "clamp shape=3x5x6 minimum=-7 lanes=2",
    "clamp_unsigned": "clamp shape=5 kind=uint4 minimum=2 maximum=9 lanes=5",
}


@pytest.mark.regress_on("verilator")
def test_equal_golden(simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(CASES), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 20_000


def one_consumer_decides(circuit: Any) -> None:
    circuit.outputs = 1


def one_beat_too_few(circuit: Any) -> None:
    circuit.depth -= 1
    assert circuit.depth == 1  # With a memory of one word there are bubbles.


def larger_groups(circuit: Any) -> None:
    circuit.lanes_in, circuit.lanes_out = 3, 3


def border_moved(circuit: Any) -> None:
    circuit.spec.inside[1] = (1, 6)


def other_border(circuit: Any) -> None:
    object.__setattr__(circuit.spec.node, "code", 3)


def one_stride_less(circuit: Any) -> None:
    circuit.stride = (2, 2)


def rows_moved(circuit: Any) -> None:
    first = replace(circuit.spec.taken[0], begin=circuit.spec.taken[0].begin - 1)
    falsify(circuit.spec, taken=(first, *circuit.spec.taken[1:]))


def one_place_less(circuit: Any) -> None:
    last = replace(circuit.spec.taken[-1], stride=circuit.spec.taken[-1].stride - 1)
    falsify(circuit.spec, taken=(*circuit.spec.taken[:-1], last))


def turns_too_short(circuit: Any) -> None:
    falsify(circuit.spec, blocks=[1, 2, 3])


def one_time_less(circuit: Any) -> None:
    falsify(circuit.spec, repeated=circuit.spec.repeated - circuit.spec.block)


def too_short_a_block(circuit: Any) -> None:
    falsify(circuit.spec, block=circuit.spec.block // 2)


def neighbouring_entry(circuit: Any) -> None:
    object.__setattr__(circuit.spec.node, "values", np.roll(circuit.spec.node.values, 1))


def one_line_steeper(circuit: Any) -> None:
    circuit.spec.segments.slope[200:300] += 1


def uncorrected(circuit: Any) -> None:
    circuit.spec.segments.correction[:] ^= 1


def one_code_too_many(circuit: Any) -> None:
    object.__setattr__(circuit.spec.node, "maximum", circuit.spec.node.maximum + 1)


FAULTS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "fork": ("fork", one_consumer_decides),
    "fifo": ("fifo_two", one_beat_too_few),
    "lanes": ("lanes_up", larger_groups),
    "pad": ("pad", border_moved),
    "border": ("pad_vector", other_border),
    "subsample": ("subsample", one_stride_less),
    "slice": ("slice_rows", rows_moved),
    "slice_stride": ("slice_between", one_place_less),
    "concat": ("concat_channels", turns_too_short),
    "broadcast": ("broadcast", one_time_less),
    "block": ("broadcast_rows", too_short_a_block),
    "table": ("table", neighbouring_entry),
    "lines": ("table_of_lines", one_line_steeper),
    "corrections": ("table_corrected", uncorrected),
    "clamp": ("clamp", one_code_too_many),
}


@pytest.mark.regress_on("icarus")
def test_every_fault_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    assert faults_caught(CASES, FAULTS, simulator, builds, tmp_path) == set(FAULTS)


def test_a_fifo_keeps_as_many_beats_as_it_says(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    depths = {f"fifo{depth}": depth for depth in (1, 2, 16)}
    kind = IntegerType(8, True)
    bank = SideBySide({name: Fifo(kind, 1, depth) for name, depth in depths.items()})
    cosimulation = Cosimulation(
        bank, to_verilog(bank, "fifos"), simulator, builds, optimisation="-O0"
    )
    beats = {"0": np.arange(30)}
    stalled = Run(
        inputs={f"{name}_i": beats for name in depths},
        outputs={f"{name}_o": 30 for name in depths},
        stall={f"{name}_o": 256 for name in depths},
        stop_after=200,
    )
    taken = cosimulation.run([stalled], tmp_path)[0].taken
    for name, depth in depths.items():
        assert (taken[f"{name}_i"], taken[f"{name}_o"]) == (depth + 2, 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("fork outputs=0", "outputs is 0; allowed: at least 1"),
        ("fifo depth=0", "depth is 0; allowed: 1 to 1048576"),
        ("lanes lanes_in=4 lanes_out=6", "lanes_in is 4 and lanes_out 6; one must divide"),
        ("pad lanes=5", "lanes is 5; allowed: a divisor of the 16 channels, such as 4"),
        ("pad padding=0,0,0,0,1,0", r"channels are padded by \(1, 0\); allowed: lanes that"),
        ("subsample stride=0,1", r"stride is \(0, 1\); allowed: at least 1"),
        ("slice lanes=3", "lanes is 3; allowed: a divisor of the 16 channels, such as 2"),
        ("slice begin=0,2,2 size=8,3,12", "lanes is 4 and 12 channels are taken, from 2 on by 1"),
        ("slice begin=0,5,0", r"elements 5 to 9 along dimension 1 of \(8, 8, 16\); allowed: up"),
        ("concat lanes=16", "lanes is 16; allowed: a divisor of the 8 channels, such as 8"),
        ("broadcast lanes=3", "lanes is 3; allowed: a divisor of the 16 channels, such as 2"),
        ("broadcast of=1x8x1", r"\(1, 8, 1\) is repeated to \(8, 8, 16\); the circuit takes"),
        ("broadcast of=2x1x16", r"shape is \(8, 8, 16\), to which \(2, 1, 16\) does not"),
    ],
)
def test_what_does_not_fit_is_refused(words: str, message: str) -> None:
    unit, *rest = words.split()
    with pytest.raises(UserError, match=message):
        UNITS[unit].build(**UNITS[unit].parse(rest))

"""Pooling layers, side by side in both simulators, and faults that must not pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.tensor import Encoding
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.window_reduce import Reduction
from bittrue.hdl.layers.registry import layer_spec
from cocotb_tests.bench.side_by_side import build, faults_caught, image_intervals, judge_together
from cocotb_tests.falsified import falsify

CASES = {
    "average": "global_pool shape=3x5x6 lanes=2",
    "average_one_beat": "global_pool shape=7x7x3 lanes=3 kind=uint8",
    "average_two_beats": "global_pool shape=25x5x4 lanes=2",
    "mean": "global_pool pooling=mean shape=4x3x6 lanes=1",
    "mean_vector": "global_pool pooling=mean shape=5x4 lanes=4 requantizer=generic output=uint4",
    "mean_sum": "global_pool pooling=mean shape=3x2x4 lanes=2 requantizer=none",
    "mean_rows": "global_pool pooling=mean axes=0 shape=4x3x6 lanes=2",
    "mean_columns": "global_pool pooling=mean axes=1 shape=4x3x6 lanes=3",
    "mean_one_beat": "global_pool pooling=mean axes=1 shape=5x3x4 lanes=4",
    "mean_channels": "global_pool pooling=mean axes=2 shape=4x3x6 lanes=2",
    "mean_channel_beats": "global_pool pooling=mean axes=2 shape=5x2x4 lanes=4 kind=uint8",
    "mean_behind": "global_pool pooling=mean axes=1x2 shape=4x3x6 lanes=3 requantizer=none",
    "mean_everything": "global_pool pooling=mean axes=0x1x2 shape=4x3x6 lanes=1",
    "sum": "global_pool pooling=sum shape=2x3x8 lanes=4 kind=int3 output=int16",
    "one_pixel": "global_pool pooling=sum shape=1x1x6 lanes=2",
    "maximum": "window_reduce rows=3 lanes=2 beats=2",
    "maximum_unsigned": "window_reduce rows=1 lanes=3 beats=4 kind=uint4",
    "sums": "window_reduce rows=2 lanes=2 beats=3 reduction=sum",
    "sums_one_beat": "window_reduce rows=5 lanes=1 beats=1 reduction=sum kind=uint7",
}

WINDOWS = {
    "window_padded": "window_pool shape=5x6x4 lanes=2",
    "window_uneven": "window_pool shape=7x6x3 kernel=3x2 stride=2x1 padding=1x0x1x0 kind=uint5 "
    "rows=1 lanes=1",
    "window_dilated": "window_pool shape=6x7x4 dilation=2x2 padding=2x2x2x2 lanes=4",
    "window_inside": "window_pool shape=6x6x4 kernel=2x2 stride=2x2 padding=0x0x0x0 rows=2",
    "window_larger": "window_pool shape=2x3x2 kernel=5x5 padding=2x2x2x2 rows=5 lanes=1",
    "window_maximum": "window_pool pooling=maximum shape=6x5x4 stride=2x2 lanes=2",
    "window_sums": "window_pool pooling=sum shape=5x5x4 kind=uint4 output=int16 lanes=2",
}


@pytest.mark.regress_on("icarus")
def test_equal_golden(simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(CASES | WINDOWS), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 10_000


def test_images_come_as_often_as_predicted(simulator: str, builds: Path, tmp_path: Path) -> None:
    """Also where windows overlap so much that an image has more beats inside than at its input."""
    circuits: dict[str, Any] = {name: circuit for name, (circuit, _) in build(WINDOWS).items()}
    given = {name: (each, each.spec.node, each.spec.tensors[0]) for name, each in circuits.items()}
    slower = 0
    for name, intervals in image_intervals(given, simulator, builds, tmp_path).items():
        spec = circuits[name].spec
        assert (intervals == spec.cycles_per_image()).all(), name
        slower += spec.cycles_per_image() > spec.tensors[0].elements // spec.lanes
    assert slower > 3


def one_pixel_too_few(circuit: Any) -> None:
    falsify(circuit.spec, pixels=circuit.spec.pixels - 1)


def no_zero_point(circuit: Any) -> None:
    falsify(circuit.spec, encoding=Encoding())


def sum_for_maximum(circuit: Any) -> None:
    circuit.reduction = Reduction.SUM


def one_beat_too_few(circuit: Any) -> None:
    circuit.beats -= 1


def every_window_full(circuit: Any) -> None:
    taps, rows, columns = circuit.spec.average.kinds
    full = np.full_like(rows, taps.argmax() // 2)
    falsify(circuit.spec.average, kinds=(taps, full, columns))


FAULTS = {
    "average": ("average", one_pixel_too_few),
    "mean": ("mean", no_zero_point),
    "turns": ("mean_columns", one_pixel_too_few),
    "lanes": ("mean_channel_beats", no_zero_point),
    "maximum": ("maximum", sum_for_maximum),
    "sums": ("sums", one_beat_too_few),
    "taps": ("window_padded", every_window_full),
}


def test_every_fault_is_caught(simulator: str, builds: Path, tmp_path: Path) -> None:
    assert faults_caught(CASES | WINDOWS, FAULTS, simulator, builds, tmp_path) == set(FAULTS)


def test_a_mean_over_dimensions_apart_is_refused() -> None:
    node = Mean(inputs=("x",), output="y", axes=(0, 2), keep_dimensions=True, encoding=Encoding())
    tensor = Tensor.of_type("x", (3, 4, 8), IntegerType(8, True))
    with pytest.raises(UserError, match=r"is over axes \(0, 2\) of \(3, 4, 8\); the circuit takes"):
        layer_spec(node, Place((tensor,), (4,), 4))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("global_pool lanes=3", "lanes is 3; allowed: a divisor of the 16 channels, such as 2"),
        ("window_reduce rows=0", "rows is 0; allowed: at least 1"),
        ("window_reduce reduction=product", "no reduction is named 'product'; choose one of"),
    ],
)
def test_what_does_not_fit_is_refused(words: str, message: str) -> None:
    unit, *rest = words.split()
    with pytest.raises(UserError, match=message):
        UNITS[unit].build(**UNITS[unit].parse(rest))

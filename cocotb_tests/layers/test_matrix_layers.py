"""Windows, convolution and dense layers in both simulators, and faults that must not pass."""

from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

import pytest

from bittrue.flows.units import UNITS
from bittrue.golden.errors import UserError
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.side_by_side import build, faults_caught, image_intervals, judge_together
from cocotb_tests.falsified import falsify

WINDOWS = {
    "window_rows": "sliding_window shape=6x5x4 rows=3 elements=3 repeats=2",
    "window_channels": "sliding_window shape=6x5x4 elements=4 lanes=2 channelwise=yes repeats=2",
    "window_strides": "sliding_window shape=9x7x2 kernel=3x2 stride=2x2 padding=0x1x1x0 elements=1",
    "window_dilated": "sliding_window shape=9x7x2 kernel=3x2 stride=2x3 dilation=2x2 "
    "padding=0x1x1x0 rows=3 elements=2 lanes=2",
    "window_skips": "sliding_window shape=8x7x3 kernel=1x2 stride=3x3 padding=0x0x0x0 elements=3",
    "window_unaligned": "sliding_window shape=7x6x1 kernel=4x6 stride=2x1 padding=2x1x3x2 "
    "rows=2 elements=3 code=uint5 padding_code=9",
    "window_whole": "sliding_window shape=5x5x2 kernel=5x5 padding=0x0x0x0 rows=5 elements=2",
    "window_vector": "sliding_window shape=1x1x12 kernel=1x1 padding=0x0x0x0 elements=4 repeats=3",
}

LAYERS = {
    "plain": "convolution",
    "uneven": "convolution shape=5x6x3 outputs=7 elements=4 pe=3 rows=3",
    "strided": "convolution stride=2x2 padding=0x1x0x1 pe=5 elements=5 multiplier=lut",
    "dilated": "convolution dilation=2x2 padding=2x2x2x2 elements=6 multiplier=dsp",
    "depthwise": "convolution groups=6 outputs=12 rows=3 elements=2 pe=4 lanes_in=2 lanes_out=2",
    "grouped": "convolution groups=2 pe=5 elements=3",
    "pointwise": "convolution kernel=1x1 padding=0x0x0x0 elements=6 pe=4 lanes_in=2 lanes_out=2",
    "pointwise_strided": "convolution kernel=1x1 stride=2x3 padding=0x0x0x0 elements=4 pe=10",
    "unrolled": "convolution shape=4x4x2 rows=3 elements=6 pe=4 outputs=4 multiplier=lut",
    "wide": "convolution code=int16 weights=int16 multiplier=dsp output=int16 zero_point=0",
    "narrow": "convolution code=uint4 weights=int2 multiplier=lut elements=3 pe=5 output=uint4",
    "binary": "convolution shape=6x5x8 padding=0x0x0x0 code=uint1 weights=uint1 bipolar=yes "
    "multiplier=xnor output=uint1 elements=8 rows=3 pe=3",
    "bipolar_in_tables": "convolution padding=0x0x0x0 code=uint1 weights=uint1 bipolar=yes "
    "multiplier=lut output=int8 elements=5",
    "ternary": "convolution weights=int2 values=-1,0,1 multiplier=ternary elements=3 pe=5",
    "ternary_unsigned": "dense code=uint4 weights=int2 values=-1,0,1 multiplier=ternary "
    "inputs=31 elements=7",
    "powers": "convolution values=-64,-8,0,1,2,4,32 multiplier=power_of_two elements=3 pe=5",
    "powers_from_four": "dense code=uint5 weights=int16 values=-1024,-4,8,64 inputs=29 elements=6 "
    "multiplier=power_of_two",
    "codebook": "convolution values=-57,3,93 multiplier=codebook elements=5",
    "codebook_of_one": "dense code=uint3 values=-101 multiplier=codebook inputs=14 elements=3",
    "rows": "dense lanes_in=2 elements=4 pe=6 lanes_out=2",
    "dense_uneven": "dense inputs=31 outputs=9 elements=4 pe=4 multiplier=packed_mult18x18d",
    "dense_binary": "dense inputs=40 code=uint1 weights=uint1 bipolar=yes multiplier=xnor "
    "elements=20 pe=10 output=int8",
}

BY_NAME = {
    "bitserial": "convolution shape=4x4x2 code=uint3 weights=int3 outputs=5 elements=6 pe=4 "
    "multiplier=bitserial output=int4 rows=3",
    "bitserial_depthwise": "convolution shape=4x4x4 groups=4 outputs=8 code=int2 weights=int3 "
    "zero_point=1 elements=2 rows=3 pe=4 multiplier=bitserial output=int4",
    "bitserial_bipolar": "dense inputs=24 outputs=9 code=uint1 weights=uint1 bipolar=yes "
    "elements=10 pe=3 multiplier=bitserial output=int4",
    "bitserial_inputs": "dense inputs=14 outputs=5 code=int5 values=0,1 elements=14 pe=2 "
    "multiplier=bitserial output=int4",
    "shiftadd": "dense code=int5 weights=int7 inputs=10 outputs=6 elements=3 pe=2 "
    "multiplier=shiftadd output=int4",
    "systolic": "dense inputs=14 outputs=8 elements=4 pe=3 multiplier=systolic output=int4",
    "systolic_depthwise": "convolution shape=4x4x2 groups=2 outputs=4 code=int4 weights=int3 "
    "elements=2 rows=3 pe=4 multiplier=systolic output=int4",
}
"""Layers with what multiplies only where somebody asks for it."""

SLOW = {"plain", "wide"}
MEDIUM = {"dilated", "grouped", "narrow", "bipolar_in_tables", "ternary", "powers", "codebook"}
"""Layers that take longer for an image than the others, which would wait beside them."""


def only(names: Set[str]) -> dict[str, str]:
    return {name: case for name, case in LAYERS.items() if name in names}


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(WINDOWS, id="windows", marks=pytest.mark.regress_on("icarus")),
        pytest.param(only(SLOW), id="slow", marks=pytest.mark.regress_on("icarus")),
        pytest.param(only(MEDIUM), id="medium", marks=pytest.mark.regress),
        pytest.param(
            only(LAYERS.keys() - SLOW - MEDIUM), id="fast", marks=pytest.mark.regress_on("icarus")
        ),
        pytest.param(BY_NAME, id="by_name", marks=pytest.mark.regress_on("icarus")),
    ],
)
def test_equal_golden(cases: dict[str, str], simulator: str, builds: Path, tmp_path: Path) -> None:
    verdict = judge_together(build(cases), simulator, builds, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared > 5_000


def other_padding_code(circuit: Any) -> None:
    object.__setattr__(circuit.spec.window, "padding_code", circuit.spec.window.padding_code + 1)


def one_row_too_few(circuit: Any) -> None:
    kind = type(circuit.spec.window)
    fewer = type("Fewer", (kind,), {"slots": property(lambda spec: kind.slots.fget(spec) - 2)})
    object.__setattr__(circuit.spec.window, "__class__", fewer)


def outputs_exchanged(circuit: Any) -> None:
    object.__setattr__(circuit.spec.matrix, "weights", circuit.spec.matrix.weights[:, :, ::-1])


def beats_exchanged(circuit: Any) -> None:
    object.__setattr__(circuit.spec.matrix, "weights", circuit.spec.matrix.weights[:, ::-1])


def zero_point_not_folded(circuit: Any) -> None:
    unfolded = property(lambda spec: spec.node.bias)
    falsify(circuit.spec, bias=unfolded)


def never_doubled(circuit: Any) -> None:
    circuit._sums = lambda raw: raw


FAULTS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "padding": ("uneven", other_padding_code),
    "slots": ("uneven", one_row_too_few),
    "outputs": ("uneven", outputs_exchanged),
    "beats": ("depthwise", beats_exchanged),
    "zero_point": ("rows", zero_point_not_folded),
    "gain": ("dense_binary", never_doubled),
}


def passes_exchanged(circuit: Any) -> None:
    digits = circuit.spec.matrix.digits
    passes = list(digits.passes)
    passes[1], passes[3] = passes[3], passes[1]
    falsify(digits, passes=tuple(passes))
    falsify(circuit.spec.matrix, digits=digits)


def digits_from_the_bottom(circuit: Any) -> None:
    matrix = circuit.spec.matrix
    columns, bits = matrix.columns, matrix.word_bits
    shape = matrix.weights.shape[0], matrix.digits.weights, -1
    turned = [(column.reshape(shape)[:, ::-1].ravel(), bits) for column, _ in columns]
    falsify(matrix, columns=turned)


SERIAL_FAULTS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "exchanged": ("bitserial", passes_exchanged),
    "turned": ("bitserial", digits_from_the_bottom),
}


@pytest.mark.regress
def test_faults_of_digits_are_caught(fast_simulator: str, builds: Path, tmp_path: Path) -> None:
    caught = faults_caught(BY_NAME, SERIAL_FAULTS, fast_simulator, builds, tmp_path)
    assert caught == set(SERIAL_FAULTS)


def test_every_fault_is_caught(fast_simulator: str, builds: Path, tmp_path: Path) -> None:
    assert faults_caught(LAYERS, FAULTS, fast_simulator, builds, tmp_path) == set(FAULTS)


@pytest.mark.regress_on("icarus")
def test_images_come_as_often_as_predicted(simulator: str, builds: Path, tmp_path: Path) -> None:
    names = ["plain", "uneven", "strided", "depthwise", "pointwise", "pointwise_strided", "rows"]
    by_name = {name: BY_NAME[name] for name in ("bitserial", "shiftadd", "systolic")}
    cases = {name: LAYERS[name] for name in names} | by_name
    circuits: dict[str, Any] = {name: circuit for name, (circuit, _) in build(cases).items()}
    given = {name: (each, each.spec.node, each.spec.tensor) for name, each in circuits.items()}
    for name, intervals in image_intervals(given, simulator, builds, tmp_path).items():
        assert (intervals == circuits[name].spec.cycles_per_image()).all(), name


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sliding_window rows=2", "rows is 2; allowed: a divisor of the window's 3"),
        ("sliding_window elements=13", "elements is 13; allowed: 1 to 12"),
        ("sliding_window lanes=3", "lanes is 3; allowed: divisors of 4"),
        ("sliding_window repeats=0", "repeats is 0; allowed: at least 1"),
        ("sliding_window padding_code=200", "padding_code is 200; allowed: a code of int8"),
        ("sliding_window kernel=3", "kernel is 3; allowed: 2 numbers joined by x"),
        ("convolution pe=11", "outputs is 11; allowed: 1 to 10"),
        ("convolution pe=4 lanes_out=5", "lanes is 5; allowed: divisors of 10"),
        ("convolution groups=4", "groups is 4; allowed: divisors of 6 and of 10"),
        ("convolution groups=6 outputs=12 pe=3", "outputs is 3; a depthwise layer with 2"),
        ("convolution bipolar=yes code=uint1 weights=uint1", "bipolar and padded"),
        ("convolution multiplier=xnor", "XNOR and popcount take one bit"),
        ("convolution multiplier=lut code=int9", "the input is int9; lut multiplies up to 8 bits"),
    ],
)
def test_what_does_not_fit_is_refused(words: str, message: str) -> None:
    unit, *rest = words.split()
    with pytest.raises(UserError, match=message):
        to_verilog(UNITS[unit].build(**UNITS[unit].parse(rest)), unit)

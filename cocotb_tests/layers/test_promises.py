"""Layers deliver what they promise from the inputs they have, without waiting for further ones.

The depths of FIFOs, and so the absence of deadlocks, rest on `inputs_needed`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Run
from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import executed, random_images
from cocotb_tests.bench.side_by_side import SideBySide, build

CASES = {
    "pad": "pad shape=3x5x6 padding=1,2,1,1,0,0 lanes=3",
    "concat": "concat shapes=3x2x4,3x2x2,3x2x6 axis=2 lanes=2",
    "concat_rows": "concat shapes=3x2x4,1x2x4 axis=0 lanes=4",
    "slice": "slice shape=5x4x6 begin=1,1,0 size=3,2,6 stride=1,2,1 lanes=2",
    "slice_channels": "slice shape=3x2x8 begin=0,0,2 size=3,2,4 stride=1,1,1 lanes=2",
    "gather": "gather shape=4x3x6 indices=2,1,0,1,2,3,3,1 lanes=3",
    "gather_columns": "gather shape=3x5x4 axis=1 indices=1,1,3,3,4 lanes=4",
    "transpose": "transpose shape=2x3x4 order=2,0,1 lanes=1",
    "resize": "resize shape=3x4x4 rows=5 columns=7 lanes=2",
    "resize_smaller": "resize shape=6x7x2 rows=4 columns=3 lanes=1",
    "broadcast": "broadcast of=1x1x6 shape=3x2x6 lanes=2",
    "broadcast_rows": "broadcast of=3x1x4 shape=3x4x4 lanes=2",
    "broadcast_channels": "broadcast of=3x2x1 shape=3x2x4 lanes=2",
    "table": "table shape=3x2x6 lanes=3",
    "clamp": "clamp shape=3x5x6 minimum=-7 lanes=2",
    "add": "add shape=3x5x6 lanes=3",
    "add_generic": "add shape=2x3x4 lanes=1 inputs=3 requantizer=generic",
    "multiply": "multiply shape=3x2x6 lanes=3",
    "mat_mul": "mat_mul shape=2x3x8 rows=4 lanes=4",
    "mat_mul_wide": "mat_mul shape=3x6 rows=4 lanes=6 lanes_out=2",
    "min_max": "min_max shape=3x2x6 lanes=3",
    "requantize": "requantize shape=3x6 lanes=2 kind=int16",
    "pool": "global_pool shape=3x5x6 lanes=2",
    "softmax": "softmax shape=10",
    "argmax": "argmax shape=3x2x5 lanes=5",
}

IMAGES = 3
CUTS = 5


def broken_promises(
    circuits: Mapping[str, Any], simulator: str, builds: Path, work: Path
) -> set[str]:
    """Return the circuits that deliver more or less than promised from inputs that end anywhere."""
    rng = np.random.default_rng(8)
    runs, promised = [], []
    for _ in range(CUTS):
        inputs: dict[str, Any] = {}
        outputs: dict[str, int] = {}
        for name, circuit in circuits.items():
            own, count = cut_inputs(circuit, rng)
            inputs |= {f"{name}_{port}": columns for port, columns in own.items()}
            outputs[f"{name}_o"] = count
        runs.append(Run(inputs, outputs, patience=500))
        promised.append(outputs)
    assert sum(sum(outputs.values()) for outputs in promised) > 100
    bank = SideBySide(circuits)
    design = to_verilog(bank, "promises")
    cosimulation = Cosimulation(bank, design, simulator, builds, optimisation="-O0")
    outcomes = cosimulation.run(runs, work)
    return {
        name
        for outcome, outputs in zip(outcomes, promised, strict=True)
        for name in circuits
        if outcome.taken[f"{name}_o"] != outputs[f"{name}_o"]
    }


def circuits_of(*names: str) -> dict[str, Any]:
    return {name: circuit for name, (circuit, _) in build({n: CASES[n] for n in names}).items()}


@pytest.mark.regress_on("verilator")
def test_outputs_come_as_soon_as_promised(simulator: str, builds: Path, tmp_path: Path) -> None:
    assert broken_promises(circuits_of(*CASES), simulator, builds, tmp_path) == set()


def test_a_promise_that_is_a_beat_off_is_noticed(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    circuits = circuits_of("pad", "pool", "clamp")
    for name, beats in (("pad", -1), ("pool", 1)):
        circuit = circuits[name]
        spec = circuit.spec
        off, honest = beats * spec.lanes, spec.inputs_needed
        shifted = lambda outputs, off=off, honest=honest: (honest(outputs)[0] + off,)  # noqa: E731
        object.__setattr__(spec, "inputs_needed", shifted)
    assert broken_promises(circuits, simulator, builds, tmp_path) == {"pad", "pool"}


@pytest.mark.parametrize("name", CASES)
def test_what_leaves_later_needs_no_less(name: str) -> None:
    """Depths of FIFOs are found by halving intervals, which rests on it."""
    (circuit,) = circuits_of(name).values()
    spec = circuit.spec
    for needed in spec.inputs_needed(np.arange(spec.output.elements)):
        assert (np.diff(needed) >= 0).all()


def cut_inputs(circuit: Any, rng: np.random.Generator) -> tuple[dict[str, Any], int]:
    """Return inputs that end somewhere in several images, and the beats promised from them."""
    spec = circuit.spec
    tensors, lanes_out = spec.tensors, spec.output_lanes
    given = [random_images(tensor, IMAGES, 3) for tensor in tensors]
    elements = executed(spec.node, tensors, given)[0].size
    needed = spec.inputs_needed(np.arange(0, elements, lanes_out))
    promised: NDArray[np.bool_] = np.ones(IMAGES * (elements // lanes_out), dtype=bool)
    inputs = {}
    for port, codes, tensor, lanes, own in zip(
        spec.input_names, given, tensors, spec.input_lanes, needed, strict=True
    ):
        beats = codes.reshape(-1, lanes)
        kept = int(rng.integers(1, len(beats)))
        inputs[port] = lanes_of("", beats[:kept])
        starts = np.arange(IMAGES)[:, None] * tensor.elements
        promised &= (starts + own <= kept * lanes).ravel()
    return inputs, int(promised.sum())

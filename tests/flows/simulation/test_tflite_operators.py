"""Operators of .tflite files that are sequences of nodes, from the file to both simulators."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import judge
from bittrue.flows.simulation.network import Pace, network_scenario
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.tflite import convert_tflite
from bittrue.golden.lowering.certify import certify
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.images import random_inputs
from cocotb_tests.bench.streams import STALL
from cocotb_tests.falsified import falsify
from tests.support.tflite_fixtures import FixtureBuilder, activation

SIMULATORS = pytest.mark.parametrize(
    "simulator", ["verilator", *(["icarus"] if shutil.which("iverilog") else [])]
)

IMAGES = 4
SIZE, CHANNELS, SQUEEZED = 4, 8, 4
IMAGE = (1, SIZE, SIZE, CHANNELS)
PIXEL = (1, 1, 1, CHANNELS)


def squeeze_and_excitation() -> bytes:
    """Return the block of MobileNetV3: a gate of each channel from its mean, by hard sigmoid."""
    builder = FixtureBuilder(0)

    def pointwise(source: int, name: str, channels: tuple[int, int], fused: str) -> int:
        scale = builder.random.uniform(0.002, 0.01, channels[1]).astype(np.float32)
        codes = builder.random.integers(-127, 128, (channels[1], 1, 1, channels[0]))
        bias = builder.random.integers(-900, 900, channels[1]).astype(np.int32)
        operands = [
            source,
            builder.constant(f"{name}/w", codes.astype(np.int8), scale),
            builder.constant(f"{name}/b", bias, np.float32(0.05) * scale),
        ]
        y = builder.activation(name, np.int8, (1, 1, 1, channels[1]))
        builder.operator(
            "CONV_2D", operands, [y], "Conv2DOptions", version=3, strideH=1, strideW=1,
            padding=schema.Padding.SAME, fusedActivationFunction=activation(fused),
        )  # fmt: skip
        return y

    x = builder.activation("x", np.int8, IMAGE)
    axes = builder.constant("axes", np.array([1, 2], np.int32))
    mean = builder.activation("mean", np.int8, PIXEL, 0.05)
    builder.operator("MEAN", [x, axes], [mean], "ReducerOptions", version=2, keepDims=True)
    squeezed = pointwise(mean, "squeezed", (CHANNELS, SQUEEZED), "RELU")
    expanded = pointwise(squeezed, "expanded", (SQUEEZED, CHANNELS), "NONE")
    three = builder.constant("three", np.array(100, np.int8), 0.03)
    moved = builder.activation("moved", np.int8, PIXEL, 0.024, -128)
    builder.operator(
        "ADD", [expanded, three], [moved], "AddOptions", version=2,
        fusedActivationFunction=activation("RELU6"),
    )  # fmt: skip
    sixth = builder.constant("sixth", np.array(127, np.int8), 1 / 6 / 127)
    gate = builder.activation("gate", np.int8, PIXEL, 1 / 256, -128)
    builder.operator("MUL", [moved, sixth], [gate], "MulOptions", version=2)
    y = builder.activation("y", np.int8, IMAGE, 0.05)
    builder.operator("MUL", [x, gate], [y], "MulOptions", version=2)
    return builder.build([x], [y])


def normalized() -> bytes:
    """Return slopes of channels, and the distance of each element from the mean of its pixel."""
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int8, IMAGE)
    codes = builder.random.integers(-128, 128, CHANNELS).astype(np.int8)
    slopes = builder.constant("slopes", codes, 0.009, 4)
    bent = builder.activation("bent", np.int8, IMAGE, 0.06)
    builder.operator("PRELU", [x, slopes], [bent])
    axes = builder.constant("axes", np.array([3], np.int32))
    mean = builder.activation("mean", np.int8, (1, SIZE, SIZE, 1), 0.04)
    builder.operator("MEAN", [bent, axes], [mean], "ReducerOptions", version=2, keepDims=True)
    y = builder.activation("y", np.int8, IMAGE, 0.5, -120)
    builder.operator("SQUARED_DIFFERENCE", [bent, mean], [y], version=2)
    return builder.build([x], [y])


def slopes16() -> bytes:
    """Return LEAKY_RELU and ABS of 16-bit codes, added."""
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int16, IMAGE)
    bent, magnitude, y = (
        builder.activation(name, np.int16, IMAGE, scale)
        for name, scale in (("bent", 0.00021), ("magnitude", 0.00037), ("y", 0.0008))
    )
    builder.operator("LEAKY_RELU", [x], [bent], "LeakyReluOptions", version=2, alpha=0.3)
    builder.operator("ABS", [x], [magnitude], version=2)
    builder.operator("ADD", [bent, magnitude], [y], "AddOptions", version=2, potScaleInt16=False)
    return builder.build([x], [y])


@pytest.fixture
def builds(request: pytest.FixtureRequest) -> Path:
    """Return the folder of simulator builds, kept from run to run."""
    return request.config.rootpath / "sim_build" / "tests"


NETWORKS = {"gate": squeeze_and_excitation, "normalized": normalized, "16 bits": slopes16}


@SIMULATORS
@pytest.mark.parametrize("name", NETWORKS)
def test_equal_golden_at_the_planned_pace(
    name: str, simulator: str, builds: Path, tmp_path: Path
) -> None:
    plan = plan_network(certify(convert_tflite(NETWORKS[name]())), find_budget("zynq7020"))
    network = Network(plan.spec)
    given = random_inputs(network.spec.graph, IMAGES, 3)
    golden = Executor(network.spec.graph).run(given)
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    manners: dict[str, dict[str, int]] = {
        "full speed": {},
        "both": {"i": STALL, "o": STALL},
    }
    scenarios = [
        network_scenario(network, manner, given, golden, stall, seed=9)
        for manner, stall in manners.items()
    ]
    verdict = judge(cosimulation, scenarios, 1, tmp_path)
    assert verdict.passed, verdict.problems
    assert verdict.compared == len(manners) * IMAGES * network.spec.outputs[0].elements
    (outcome,) = cosimulation.run([scenarios[0].run], tmp_path)
    assert (Pace.of(outcome, network, IMAGES).intervals == plan.cycles).all()


@SIMULATORS
def test_a_pixel_that_no_mean_counts_is_noticed(
    simulator: str, builds: Path, tmp_path: Path
) -> None:
    plan = plan_network(certify(convert_tflite(normalized())), find_budget("zynq7020"))
    network = Network(plan.spec)
    faulty: Any = next(
        layer for layer in network.layers.values() if type(layer).__name__ == "GlobalPool"
    )
    falsify(faulty.spec, start=faulty.spec.start + 40)
    given = random_inputs(network.spec.graph, 2, 3)
    golden = Executor(network.spec.graph).run(given)
    scenario = network_scenario(network, "images", given, golden)
    cosimulation = Cosimulation(
        network, to_verilog(network, "network"), simulator, builds, optimisation="-O0"
    )
    assert not judge(cosimulation, [scenario], 1, tmp_path).passed

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
from tests.support.tflite_comparison import assert_equal
from tests.support.tflite_fixtures import LITERT, XNNPACK, FixtureBuilder, activation

SIMULATORS = pytest.mark.parametrize(
    "simulator",
    # Icarus takes a fifth of the time to make a large circuit ready.
    [pytest.param("verilator", marks=pytest.mark.regress), "icarus"]
    if shutil.which("iverilog")
    else ["verilator"],
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


ROWS, FEATURES, HEADS = 4, 8, 2


def attention() -> bytes:
    """Return a normalized layer of attention of two heads, as converters write it, added to it."""
    builder = FixtureBuilder(0)
    whole, line, heads = (1, ROWS, FEATURES), (1, ROWS, 1), (1, ROWS, HEADS, FEATURES // HEADS)

    def made(
        name: str, operator: str, inputs: list[int], shape: tuple[int, ...], scale: float = 0.05,
        zero_point: int = 3, options: str | None = None, version: int = 2, **more: Any,
    ) -> int:  # fmt: skip
        y = builder.activation(name, np.int8, shape, scale, zero_point)
        builder.operator(operator, inputs, [y], options, version, **more)
        return y

    def numbers(name: str, *values: int) -> int:
        return builder.constant(name, np.array(values, np.int32))

    def mean(name: str, source: int, scale: float, zero_point: int) -> int:
        operands = [source, numbers(f"{name}/axes", 2)]
        options: dict[str, Any] = {"options": "ReducerOptions", "keepDims": True}
        return made(name, "MEAN", operands, line, scale, zero_point, **options)

    def dense(name: str, source: int) -> int:
        codes = builder.random.integers(-127, 128, (FEATURES, FEATURES)).astype(np.int8)
        operands = [source, builder.constant(f"{name}/w", codes, 0.004), -1]
        options: dict[str, Any] = {"options": "FullyConnectedOptions", "keepNumDims": True}
        options["version"] = 5
        return made(name, "FULLY_CONNECTED", operands, whole, **options)

    def turned(name: str, source: int, *order: int) -> int:
        split = [source, numbers(f"{name}/shape", *heads)]
        apart = made(f"{name}/heads", "RESHAPE", split, heads, version=1)
        shape = tuple(heads[axis] for axis in order)
        return made(name, "TRANSPOSE", [apart, numbers(f"{name}/order", *order)], shape)

    x = builder.activation("x", np.int8, whole, 0.03, 5)
    center = mean("mean", x, 0.03, 5)
    real, negative = (builder.tensor(name, np.float32, line) for name in ("real", "negative"))
    builder.operator("DEQUANTIZE", [center], [real], version=2)
    builder.operator("NEG", [real], [negative], "NegOptions")
    below = made("below", "QUANTIZE", [negative], line, 0.03, -6)
    square = made("square", "SQUARED_DIFFERENCE", [x, center], whole, 0.03, -128)
    variance = mean("variance", square, 0.02, -128)
    deviation = made("deviation", "RSQRT", [variance], line, 0.06, -128)
    gains = builder.constant("gains", builder.random.integers(40, 128, whole[2]).astype(np.int8),
                             0.008)  # fmt: skip
    gain = made("gain", "MUL", [deviation, gains], whole, 0.06, -128)
    shift = made("shift", "MUL", [below, gain], whole, 0.06)
    scaled = made("scaled", "MUL", [x, gain], whole, 0.06)
    normal = made("normal", "ADD", [scaled, shift], whole)
    queries = turned("queries", dense("q", normal), 0, 2, 1, 3)
    keys = turned("keys", dense("k", normal), 0, 2, 3, 1)
    values = turned("values", dense("v", normal), 0, 2, 1, 3)
    options: dict[str, Any] = {"options": "BatchMatMulOptions"}
    square_shape = (1, HEADS, ROWS, ROWS)
    scores = made("scores", "BATCH_MATMUL", [queries, keys], square_shape, 0.1, **options)
    root = builder.constant("root", np.array(127, np.int8), 0.5 / 127)
    halved = made("halved", "MUL", [scores, root], square_shape, 0.05)
    weights = made(
        "weights", "SOFTMAX", [halved], square_shape, 1 / 256, -128, "SoftmaxOptions", beta=1.0
    )
    mixed_shape = (1, HEADS, ROWS, FEATURES // HEADS)
    mixed = made("mixed", "BATCH_MATMUL", [weights, values], mixed_shape, **options)
    together = made("together", "TRANSPOSE", [mixed, numbers("back", 0, 2, 1, 3)], heads)
    flat = made("flat", "RESHAPE", [together, numbers("flat/shape", *whole)], whole, version=1)
    y = made("y", "ADD", [x, dense("o", flat)], whole, 0.06)
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
    check(NETWORKS[name](), simulator, builds, tmp_path)


@pytest.mark.parametrize("profile", [LITERT, XNNPACK])
def test_attention_equals_the_runtime(profile: str) -> None:
    graph = assert_equal(attention(), profile, samples=20)
    assert [node.title for node in graph.nodes].count("matmul") == 2


def test_attention_at_the_planned_pace(builds: Path, tmp_path: Path) -> None:
    """On one simulator; the circuit of a product alone is on both in `cocotb_tests.layers`."""
    simulator = "icarus" if shutil.which("iverilog") else "verilator"
    check(attention(), simulator, builds, tmp_path)


def check(model: bytes, simulator: str, builds: Path, tmp_path: Path) -> None:
    """Compare a file's circuit with golden, and its cycles with the plan."""
    plan = plan_network(certify(convert_tflite(model)), find_budget("zynq7020"))
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

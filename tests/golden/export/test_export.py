"""Exported graphs, run by ONNX Runtime, against the graphs they were made from."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest

from bittrue.cli import main
from bittrue.golden.digits import quantized_digits
from bittrue.golden.digits.files import GRAPH_FILE
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.export import export_onnx
from bittrue.golden.export.integer import exact_parts
from bittrue.golden.frontends.onnx import convert_onnx, import_onnx
from bittrue.golden.frontends.tflite import convert_tflite, import_tflite
from bittrue.golden.graph import Encoding, Graph, Quantization, Tensor, Window, file
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.requantization import FixedPoint
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from tests.support.digits import QUICK
from tests.support.exported import run
from tests.support.graphs import INT8, codes_of, convolution, fixed_point, single
from tests.support.models import MODELS
from tests.support.onnx_builder import session
from tests.support.onnx_fixtures import BOTH, QDQ, model, random_network
from tests.support.paths import QONNX_EXPORTS
from tests.support.qonnx_networks import NAMES
from tests.support.random_graphs import RandomGraph
from tests.support.tflite_fixtures import FIXTURES

ROUNDINGS = [rounding for rounding in Rounding if rounding is not Rounding.STOCHASTIC]


def assert_equal(
    graph: Graph, style: str = "integer", samples: int = 4, optimized: bool = True
) -> None:
    inputs = {t.name: codes_of(t, samples, seed=i) for i, t in enumerate(graph.inputs)}
    results = run(export_onnx(graph, style).content, graph, inputs, optimized)
    for name, codes in Executor(graph).run(inputs).items():
        assert np.array_equal(results[name], codes), name


@pytest.mark.parametrize("title", FIXTURES)
def test_imported_tflite(title: str) -> None:
    first, *_, last = (FIXTURES[title].profiles * 2)[:4]
    content = FIXTURES[title].model()
    assert_equal(convert_tflite(content, first), "integer", samples=3, optimized=False)
    graph = convert_tflite(content, last)
    if export_onnx(graph, "qdq").qdq:
        assert_equal(graph, "qdq", samples=3)


@pytest.mark.parametrize("title", [*BOTH, *QDQ])
def test_imported_onnx(title: str) -> None:
    proto = model({**BOTH, **QDQ}[title], np.int8, qoperator=False)
    graph = convert_onnx(proto.SerializeToString())
    assert_equal(graph, "qdq" if export_onnx(graph, "qdq").qdq else "integer", samples=3)


@pytest.mark.parametrize("name", NAMES)
def test_imported_qonnx(name: str) -> None:
    assert_equal(import_onnx(QONNX_EXPORTS / f"{name}.onnx"))


@pytest.mark.parametrize("seed", range(3))
def test_random_networks(seed: int) -> None:
    """Every layer with weights that came from ONNX Runtime's float32 goes back to it as QDQ."""
    graph = convert_onnx(random_network(seed).SerializeToString())
    weights = {n.output for n in graph.nodes if isinstance(n, Convolution | FullyConnected)}
    assert set(export_onnx(graph, "qdq").qdq) == weights
    assert_equal(graph, "qdq")


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("exponent", [-31, -9, -4, 0, 3])
def test_every_rounding(rounding: Rounding, exponent: int) -> None:
    random = np.random.default_rng(exponent + 40)
    multiplier = random.integers(1 << 30, 1 << 31, 6)
    multiplier[:2] = 1 << 30, (1 << 31) - 1
    requantization = fixed_point(
        multiplier=multiplier, exponent=np.full(6, exponent), rounding=rounding
    )
    node, x = convolution(requantization=requantization)
    assert_equal(single(node, x))


@pytest.mark.parametrize("seed", range(16))
def test_random_graphs(seed: int) -> None:
    """Every node, of any width; `python -m tests.sweeps.export` runs more."""
    assert_equal(RandomGraph(seed).build(8), optimized=bool(seed % 2))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("exponent", [-31, -20, -6, 0, 8])
def test_products_beyond_62_bits(rounding: Rounding, exponent: int) -> None:
    """A residual sum of 8-bit codes with multipliers of 31 bits, and a requantizer of 31 more."""
    addends = Addend(Encoding(3), (1 << 31) - 1), Addend(Encoding(-9), (1 << 30) + 5, subtract=True)
    spec = RequantSpec(IntegerType(42, True), maximum_exponent=31, roundings=(rounding,))
    channels = RequantChannels(spec, (1 << 31) - 7, exponent, 5)
    tensors = [Tensor.of_type(name, (16, 16, 4), INT8) for name in ("x", "z")]
    node = Add(
        inputs=("x", "z"),
        output="y",
        addends=addends,
        requantization=FixedPoint(channels, rounding),
    )
    assert_equal(single(node, *tensors), samples=8)


def test_ties_beyond_62_bits() -> None:
    """Products that are ties exactly, to even and odd codes, and one beside them."""
    spec = RequantSpec(IntegerType(48, True), roundings=(Rounding.SINGLE_HALF_EVEN,))
    channels = RequantChannels(spec, 1 << 30, -8)
    node = Add(
        inputs=("x", "z"),
        output="y",
        addends=(Addend(multiplier=1 << 8), Addend(multiplier=(1 << 30))),
        requantization=FixedPoint(channels, Rounding.SINGLE_HALF_EVEN),
    )
    x = Tensor.of_type("x", (256, 1, 1), INT8)
    z = Tensor("z", (256, 1, 1), INT8, -5, 5)
    graph = single(node, x, z)
    inputs = {
        "x": np.arange(-128, 128).reshape(1, 256, 1, 1),
        "z": np.zeros((1, 256, 1, 1), np.int64),
    }
    results = run(export_onnx(graph).content, graph, inputs, optimized=True)["y"].reshape(-1)
    expected = [round(Fraction(256 * code, 1 << 9)) for code in range(-128, 128)]
    assert np.array_equal(results, expected)


def test_constants_that_nothing_broadcasts() -> None:
    x = Tensor.of_type("x", (3, 4, 2), INT8)
    values = np.arange(24).reshape(3, 4, 2)
    constant = Constant(inputs=(), output="c", values=values, type=INT8)
    joined = Concat(inputs=("x", "c"), output="y", axis=2)
    assert_equal(Graph((x,), (constant, joined), ("y", "c")))


@pytest.mark.parametrize("optimized", [True, False])
def test_sums_beyond_float32_are_split(optimized: bool) -> None:
    """16-bit codes and weights, whose sums need 38 bits."""
    random = np.random.default_rng(0)
    node = Convolution(
        inputs=("x",),
        output="y",
        weight=random.integers(-(1 << 15), 1 << 15, (3, 3, 3, 50)),
        weight_type=IntegerType(16, True),
        bias=random.integers(-(1 << 30), 1 << 30, 3),
        input_encoding=Encoding(-77),
        window=Window((3, 3), padding=((1, 1), (1, 1))),
    )
    x = Tensor.of_type("x", (5, 5, 50), IntegerType(16, True))
    assert_equal(single(node, x), optimized=optimized)


def test_parts_are_exact_and_add_up() -> None:
    random = np.random.default_rng(0)
    weight = random.integers(-(1 << 15), 1 << 15, (4, 3, 3, 7))
    parts = list(exact_parts(weight, 1 << 15, 1 << 24))
    assert len(parts) > 1
    assert np.array_equal(sum(factor * part for factor, part in parts), weight)
    for _, part in parts:
        assert np.abs(part).reshape(4, -1).sum(axis=1).max() << 15 <= 1 << 24


def test_a_layer_that_float32_does_not_reproduce_is_written_as_integers() -> None:
    """Half to even where the graph rounds half up: ties on both sides of zero decide."""
    spec = fixed_point(multiplier=1 << 30, exponent=-3, rounding=Rounding.SINGLE_HALF_UP)
    node, x = convolution(requantization=spec)
    graph = single(node, x)
    scales = {"x": Fraction(1, 16), "y": Fraction(1, 16)}
    known = Graph(
        graph.inputs,
        graph.nodes,
        graph.outputs,
        {name: Quantization(scale) for name, scale in scales.items()},
    )
    exported = export_onnx(known, "qdq")
    assert exported.exact == {"y": "float32 gives another code for some accumulator"}
    even = dataclasses.replace(
        node, requantization=FixedPoint(spec.channels, Rounding.SINGLE_HALF_EVEN)
    )
    as_qdq = Graph(graph.inputs, (even,), graph.outputs, known.quantization)
    assert export_onnx(as_qdq, "qdq").qdq == ("y",)
    assert_equal(known, "qdq", samples=50)
    assert_equal(as_qdq, "qdq", samples=50)


def test_a_changed_weight_is_noticed() -> None:
    """The comparison fails when the exported model is another one."""
    node, x = convolution(requantization=fixed_point())
    weight = node.weight.copy()
    weight[0, 1, 1, 1] ^= 1
    graph, other = single(node, x), single(dataclasses.replace(node, weight=weight), x)
    inputs = {"x": codes_of(x, 4)}
    results = run(export_onnx(other).content, graph, inputs, optimized=True)
    assert not np.array_equal(results["y"], Executor(graph).run(inputs)["y"])


def test_digits_network(tmp_path: Path) -> None:
    graph = file.load(quantized_digits(tmp_path, QUICK).directory / GRAPH_FILE)
    for style in ("integer", "qdq"):
        assert_equal(graph, style, samples=200)


@pytest.mark.skipif(not MODELS.is_dir(), reason="the official models are not beside the checkout")
@pytest.mark.parametrize("name", ["ad01_int8", "kws_ref_model", "pretrainedResnet_quant"])
@pytest.mark.parametrize("profile", ["litert", "tflite-micro", "xnnpack"])
def test_official_models(name: str, profile: str) -> None:
    graph = import_tflite(MODELS / f"{name}.tflite", profile)
    for style in ("integer", "qdq"):
        assert_equal(graph, style, samples=5)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "network.onnx", tmp_path / "exported.onnx"
    proto = model(BOTH["squeeze and excite"], np.uint8, False)
    source.write_bytes(proto.SerializeToString())
    assert main(["export", str(source), "--output", str(target), "--style", "qdq"]) == 0
    assert "layers in QDQ form" in capsys.readouterr().out
    exported = onnx.load(target)
    onnx.checker.check_model(exported)
    codes = np.random.default_rng(0).integers(0, 256, (3, 6, 9, 8), dtype=np.uint8)
    expected = [session(proto).run(None, {"x": codes[i : i + 1]})[0] for i in range(3)]
    assert np.array_equal(session(exported).run(None, {"x": codes})[0], np.concatenate(expected))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--output", "{}/x.txt"], "suffix is '.txt'"),
        (["--output", "{}/no/x.onnx"], "make it first"),
    ],
)
def test_command_refuses_in_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(model(BOTH["addition"], np.int8, False).SerializeToString())
    assert main(["export", str(path), *(word.format(tmp_path) for word in words)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_unknown_style_is_refused() -> None:
    node, x = convolution()
    with pytest.raises(UserError, match="allowed: integer, qdq"):
        export_onnx(single(node, x), "float")

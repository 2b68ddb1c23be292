"""Imported .tflite networks against the runtimes that their profiles name, tensor by tensor."""

import itertools
import re
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
import tflite
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from golden.errors import UserError
from golden.executor.execute import Executor
from golden.frontends.tflite import PROFILES, convert_tflite, import_tflite
from golden.graph import Clamp, Convolution, FixedPoint, FullyConnected, Graph, file
from golden.graph.passes.cost import graph_cost
from golden.numbers.requant_spec import RequantChannels, RequantSpec
from tests.support import tflite_fixtures as fixtures
from tests.support.fuzz import fuzz
from tests.support.litert import Kernels
from tests.support.models import MODEL_NAMES, MODELS
from tests.support.paths import DOCS
from tests.support.tflite_builder import TfliteBuilder
from tests.support.tflite_fixtures import (
    FIXTURES,
    LITERT,
    MICRO,
    XNNPACK,
    FixtureBuilder,
    activation,
    float_bordered,
)
from tests.support.tflite_micro import MicroInterpreter

Codes = dict[str, NDArray[Any]]


def inputs_of(graph: Graph, samples: int, seed: int = 0) -> Codes:
    """Return codes for every input: random, but the first sample runs through all codes."""
    generator = np.random.default_rng(seed)
    inputs = {}
    for tensor in graph.inputs:
        codes = generator.integers(tensor.minimum, tensor.maximum + 1, (samples, *tensor.shape))
        codes[0] = np.linspace(tensor.minimum, tensor.maximum, tensor.elements).reshape(
            tensor.shape
        )
        dtype = f"{'int' if tensor.type.signed else 'uint'}{tensor.type.width}"
        inputs[tensor.name] = codes.astype(dtype)
    return inputs


class Runtime:
    """The runtime of a profile, with every tensor it lets see."""

    def __init__(self, model: bytes, profile: str) -> None:
        subgraph = tflite.Model.GetRootAs(model, 0).Subgraphs(0)
        count = range(subgraph.TensorsLength())
        self._index = {subgraph.Tensors(index).Name().decode(): index for index in count}
        self._inputs = subgraph.InputsAsNumpy().tolist()
        self._shapes = [tuple(subgraph.Tensors(i).ShapeAsNumpy()) for i in self._inputs]
        outputs = {subgraph.Tensors(index).Name().decode() for index in subgraph.OutputsAsNumpy()}
        self.visible = outputs if profile == XNNPACK else set(self._index)
        self._run: Any
        if profile == MICRO:
            micro = MicroInterpreter(model)
            self._run, self._tensor = micro.run, micro.tensor
            return
        interpreter = Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=(
                Kernels.XNNPACK if profile == XNNPACK else Kernels.REFERENCE
            ).value,
            experimental_preserve_all_tensors=profile == LITERT,
        )
        interpreter.allocate_tensors()

        def run(values: list[NDArray[Any]]) -> None:
            for index, array in zip(self._inputs, values, strict=True):
                interpreter.set_tensor(index, array)
            interpreter.invoke()

        self._run, self._tensor = run, interpreter.get_tensor

    def run(self, inputs: Codes, names: list[str]) -> Codes:
        """Return tensors of one sample after another."""
        arrays = list(inputs.values())
        results: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
        for sample in range(len(arrays[0])):
            pairs = zip(arrays, self._shapes, strict=True)
            self._run([array[sample].reshape(shape) for array, shape in pairs])
            for name in names:
                results[name].append(np.array(self._tensor(self._index[name])))
        return {name: np.concatenate(tensors) for name, tensors in results.items()}


def assert_equal(model: bytes, profile: str, samples: int, seed: int = 0) -> Graph:
    """Compare every tensor that the runtime shows."""
    graph = convert_tflite(model, profile)
    runtime = Runtime(model, profile)
    names = [name for name in graph.tensors if name in runtime.visible]
    assert set(graph.outputs) <= set(names)
    inputs = inputs_of(graph, samples, seed)
    expected, result = runtime.run(inputs, names), Executor(graph).run(inputs, names)
    for name in names:
        # A tensor without dimensions but the batch has none at all in some files.
        wanted = expected[name].reshape(result[name].shape)
        assert np.array_equal(result[name], wanted), name
    return graph


CASES = [(title, profile) for title, f in FIXTURES.items() for profile in f.profiles]


@pytest.mark.parametrize(("title", "profile"), CASES)
def test_fixture_equals_its_runtime(title: str, profile: str) -> None:
    assert_equal(FIXTURES[title].model(), profile, samples=8)


@pytest.mark.parametrize("seed", range(1, 4))
def test_fixtures_of_other_scales_equal_their_runtimes(seed: int) -> None:
    """A few of all; `python -m tests.sweeps.tflite` runs through as many as wanted."""
    for title, profile in CASES[seed::7]:
        assert_equal(FIXTURES[title].model(seed), profile, samples=3, seed=seed)


def near_thresholds(operator: str, dtype: Any, scales: tuple[float, float, float]) -> bytes:
    """Return a layer whose accumulators, all constant, lie at thresholds of its output.

    Accumulators of 24 bits, so that scales that differ by float32's rounding have other thresholds.
    """
    source, weight, output = map(np.float32, scales)
    halves = np.arange(-127, 127) + 0.5
    accumulators = [
        np.ceil(halves / (float(product) / float(output))).astype(np.int32) + step
        for product in (source * weight, float(source) * float(weight))
        for step in (-1, 0, 1)
    ]
    bias = np.unique(np.concatenate(accumulators))
    dense = operator == "FULLY_CONNECTED"
    zero = 0 if dtype == np.int8 else 128
    shape: tuple[int, ...] = (1, 1) if dense else (1, 1, 1, 1)
    builder = TfliteBuilder()
    x = builder.tensor("x", dtype, shape, source, zero)
    codes = np.full((len(bias), *shape[1:]), zero, dtype)
    w = builder.constant("w", codes, weight, zero)
    b = builder.constant("b", bias, source * weight)
    y = builder.tensor("y", dtype, (*shape[:-1], len(bias)), output, zero)
    if dense:
        builder.operator(operator, [x, w, b], [y], "FullyConnectedOptions", version=4)
    else:
        builder.operator(
            operator, [x, w, b], [y], "Conv2DOptions", version=3, strideW=1, strideH=1,
            padding=schema.Padding.VALID,
        )  # fmt: skip
    return builder.build([x], [y])


@pytest.mark.parametrize("scales", [(0.013, 0.00077, 1.3), (0.0171, 0.00059, 1.1)])
@pytest.mark.parametrize("operator", ["FULLY_CONNECTED", "CONV_2D"])
@pytest.mark.parametrize(
    ("dtype", "profile"), [(np.int8, p) for p in PROFILES] + [(np.uint8, LITERT)]
)
def test_scales_are_formed_as_the_runtime_forms_them(
    operator: str, dtype: Any, profile: str, scales: tuple[float, float, float]
) -> None:
    graph = assert_equal(near_thresholds(operator, dtype, scales), profile, samples=1)
    assert graph.tensors["y"].channels > 500


def dense_near_thresholds(scales: tuple[float, float, float], longest: int) -> bytes:
    """Return a layer of 16-bit codes with constant accumulators beside a few thousand thresholds.

    Parameters
    ----------
    scales : (float, float, float)
        Of input, weights and output.
    longest : int
        Magnitude that accumulators reach.
    """
    source, weight, output = (float(np.float32(scale)) for scale in scales)
    levels = np.random.default_rng(1).integers(0, 32767, 700) + 0.5
    points = np.concatenate([np.rint(sign * levels * output / source / weight) for sign in (1, -1)])
    bias = np.unique(np.concatenate([points + step for step in (-1, 0, 1)]).astype(np.int64))
    bias = np.append(bias[np.abs(bias) < longest], [longest, -longest])
    builder = TfliteBuilder()
    x = builder.tensor("x", np.int16, (1, 1), source)
    w = builder.constant("w", np.zeros((len(bias), 1), np.int8), weight)
    b = builder.constant("b", bias, np.float32(source) * np.float32(weight))
    y = builder.tensor("y", np.int16, (1, len(bias)), output)
    builder.operator("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", version=4)
    return builder.build([x], [y])


LONG_SUMS = [
    ((0.00031, 0.0071, 0.0011), 1 << 26),
    ((0.00047, 0.00213, 0.0171), 1 << 34),
    ((0.0000171, 0.000059, 0.0057), 1 << 38),
]


@pytest.mark.parametrize("profile", [LITERT, MICRO])
@pytest.mark.parametrize(("scales", "longest"), LONG_SUMS)
def test_dense_layers_of_16_bit_codes_have_the_thresholds_of_their_runtime(
    scales: tuple[float, float, float], longest: int, profile: str
) -> None:
    graph = assert_equal(dense_near_thresholds(scales, longest), profile, samples=1)
    assert graph.tensors["y"].channels > 1000


def test_thresholds_of_16_bit_codes_tell_31_bits_from_enough() -> None:
    """A multiplier as wide as that of 8-bit codes would be found out above."""
    graph = convert_tflite(dense_near_thresholds(*LONG_SUMS[1]))
    node = graph.nodes[-1]
    assert isinstance(node, FullyConnected)
    assert isinstance(node.requantization, FixedPoint)
    exact = node.requantization.channels
    assert exact.spec.multiplier_width > 31
    spec = RequantSpec(exact.spec.accumulator, exact.spec.output, maximum_exponent=0,
                       roundings=(node.requantization.rounding,))  # fmt: skip
    narrow = exact.multiplier >> (exact.spec.multiplier_width - 31)
    short = FixedPoint(RequantChannels(spec, narrow, exact.exponent), node.requantization.rounding)
    wrong = short.evaluate(node.bias) != node.requantization.evaluate(node.bias)
    assert 0 < np.count_nonzero(wrong) < 0.5 * wrong.size


def test_every_operator_and_activation_has_a_fixture() -> None:
    from golden.frontends.tflite.registry import CONVERTERS

    used = set()
    for fixture in FIXTURES.values():
        model = tflite.Model.GetRootAs(fixture.model(), 0)
        used |= {model.OperatorCodes(i).BuiltinCode() for i in range(model.OperatorCodesLength())}
    names = {code: name for name, code in vars(tflite.BuiltinOperator).items()}
    assert {names[code] for code in used} == set(CONVERTERS)


def test_documentation_lists_the_operators() -> None:
    from golden.frontends.tflite.registry import CONVERTERS

    text = (DOCS / "graph.md").read_text()
    listed = text.split("Operators that are read: ")[1].split(".")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(CONVERTERS)


@pytest.mark.parametrize(
    ("title", "profile"), [("dense, per channel", MICRO), ("conv", XNNPACK), ("add", XNNPACK)]
)
def test_profiles_differ_where_their_runtimes_do(title: str, profile: str) -> None:
    """Were all profiles one arithmetic, the comparisons above could not all hold."""
    model = FIXTURES[title].model()
    graphs = [convert_tflite(model, name) for name in (LITERT, profile)]
    inputs = inputs_of(graphs[0], 200)
    first, second = (Executor(graph).run(inputs)["y"] for graph in graphs)
    assert 0 < np.count_nonzero(first != second) < 0.05 * first.size


def rewritten(model: bytes, **fields: int) -> bytes:
    """Return a model with fields of all its operator codes changed."""
    unpacked = schema.ModelT.InitFromPackedBuf(model, 0)
    for code in unpacked.operatorCodes:
        for field, value in fields.items():
            setattr(code, field, value)
    packed = flatbuffers.Builder(1024)
    packed.Finish(unpacked.Pack(packed), b"TFL3")
    return bytes(packed.Output())


@pytest.mark.parametrize(
    "title",
    ["mul", "mul, uint8", "sub", "residual network", "hard swish", "quantize int8 to uint8"],
)
@pytest.mark.parametrize("field", ["builtinCode", "deprecatedBuiltinCode"])
def test_operators_are_named_by_the_greater_of_two_fields(title: str, field: str) -> None:
    """Some converters write the newer field alone; those of before 2020 wrote the older one."""
    model = rewritten(FIXTURES[title].model(), **{field: 0})
    written = schema.ModelT.InitFromPackedBuf(model, 0).operatorCodes
    assert all(getattr(code, field) == 0 for code in written)
    assert_equal(model, LITERT, samples=4)


def litert_knows(name: str, version: int) -> bool:
    """Ask LiteRT, which looks operators up before anything else."""
    try:
        Interpreter(model_content=one_operator(name, version))
    except ValueError as error:
        if f"Didn't find op for builtin opcode '{name}' version '{version}'" in str(error):
            return False
        raise
    return True


def test_versions_of_operators_are_known_as_far_as_litert_knows_them() -> None:
    from golden.frontends.tflite.known_operators import VERSIONS
    from golden.frontends.tflite.registry import CONVERTERS

    assert set(CONVERTERS) <= set(VERSIONS)
    for name, newest in VERSIONS.items():
        assert litert_knows(name, newest), name
        assert not litert_knows(name, newest + 1), name
        with pytest.raises(
            UserError, match=rf"its version is {newest + 1}; allowed: 1 to {newest},"
        ):
            convert_tflite(one_operator(name, newest + 1))


def test_operators_left_out_have_known_versions_too() -> None:
    model = rewritten(float_bordered(FixtureBuilder(0)), version=10)
    with pytest.raises(UserError, match="operator 0, QUANTIZE 'x codes': its version is 10"):
        convert_tflite(model)


def test_all_obstacles_are_told_at_once(tmp_path: Path) -> None:
    builder = FixtureBuilder(0)
    x, a, b, c, d, y = (vector(builder, name) for name in "xabcdy")
    big = builder.activation("big", np.int8, (2, 24))
    z = builder.tensor("z", np.float32, (1, 24))
    builder.operator("RSQRT", [x], [a])
    builder.operator("RELU", [a], [b], version=9)
    builder.operator("RSQRT", [b], [c])
    builder.operator("ADD", [c, big], [d], "AddOptions", version=2)
    builder.operator("DEQUANTIZE", [d], [z])
    builder.operator("EXP", [z], [y], "ExpOptions")
    path = tmp_path / "bad.tflite"
    path.write_bytes(builder.build([x, big], [y]))
    with pytest.raises(UserError) as caught:
        import_tflite(path)
    message = str(caught.value).replace("docs/graph.md lists the operators that are", "DOCS")
    assert message.split("\n") == [
        f"{path}: 5 obstacles of 4 kinds",
        "  input 'big': tensor 'big' has shape (2, 24); allowed: a batch of 1 first; convert the "
        "model with batch size 1, execution here is batched anyway",
        "  operator 0, RSQRT 'a', and 1 more: it is not supported; DOCS",
        "  operator 1, RELU 'b': its version is 9; allowed: 1 to 3, whose meaning is known; "
        "convert the model with an older converter",
        "  operator 5, EXP 'y': tensor 'z' is FLOAT32; quantize this operator, too; or end the "
        "network before it: --end-at d",
    ]


def test_what_is_known_at_once_is_refused_before_any_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from golden.frontends.tflite import arithmetic

    def search(*arguments: Any) -> None:
        raise AssertionError("a search began")

    monkeypatch.setattr(arithmetic, "integer_requantization", search)
    builder = FixtureBuilder(0)
    x, y, z = vector(builder), builder.activation("y", np.int8, (1, 10)), vector(builder, "z")
    w, scale = builder.weights((10, 24), "int8", True, 0)
    dense = [x, w, builder.bias(10, np.int32, builder.scale(np.int8), scale)]
    builder.operator("FULLY_CONNECTED", dense, [y], "FullyConnectedOptions", version=4)
    with pytest.raises(AssertionError, match="a search began"):
        convert_tflite(builder.build([x], [y]))
    builder.operator("RSQRT", [y], [z])
    with pytest.raises(UserError, match="operator 1, RSQRT 'z': it is not supported"):
        convert_tflite(builder.build([x], [z]))


def test_networks_end_where_they_are_told_to() -> None:
    model = float_tail()
    graph = convert_tflite(model, end_at=("the codes",))
    assert graph.outputs == ("the codes",)
    codes = inputs_of(graph, 4)
    expected = Runtime(model, LITERT).run(codes, ["the codes"])["the codes"]
    assert np.array_equal(Executor(graph).run(codes)["the codes"], expected)
    end = convert_tflite(FIXTURES["residual network"].model(), end_at=("pooled", "branch"))
    assert end.outputs == ("pooled", "branch")
    assert list(end.tensors) == ["x", "stem", "branch", "total", "pooled"]
    with pytest.raises(UserError, match=r"no tensor is named 'pold', .*; did you mean 'pooled'\?"):
        convert_tflite(FIXTURES["residual network"].model(), end_at=("pold",))


def test_operators_that_no_output_depends_on_are_left_out() -> None:
    builder = FixtureBuilder(0)
    x, y, unused = (vector(builder, name) for name in ("x", "y", "unused"))
    builder.operator("RELU", [x], [y])
    builder.operator("RSQRT", [y], [unused])
    assert list(convert_tflite(builder.build([x], [y])).tensors) == ["x", "y"]


def test_float_borders_are_left_out() -> None:
    model = float_bordered(FixtureBuilder(0))
    graph = convert_tflite(model)
    assert [tensor.name for tensor in graph.inputs] == ["x codes"]
    assert graph.outputs == ("y codes",)
    codes = inputs_of(graph, 10)["x codes"]
    quantization = graph.quantization["x codes"]
    scale = np.float32(float(quantization.scale))
    real = scale * (codes.astype(np.float32) - quantization.encoding.zero_point)
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=Kernels.REFERENCE.value,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    index = {d["name"]: d["index"] for d in interpreter.get_tensor_details()}
    result = Executor(graph).run(codes)["y codes"]
    for sample in range(10):
        interpreter.set_tensor(index["x"], real[sample : sample + 1])
        interpreter.invoke()
        assert np.array_equal(interpreter.get_tensor(index["x codes"])[0], codes[sample])
        assert np.array_equal(interpreter.get_tensor(index["y codes"])[0], result[sample])


def test_shape_operators_before_a_reshape_are_left_out() -> None:
    """What Keras' Flatten becomes when the model was exported with a dynamic batch."""
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int8, (1, 2, 2, 3))
    shape = builder.tensor("shape", np.int32, (4,))
    builder.operator("SHAPE", [x], [shape], "ShapeOptions", outType=schema.TensorType.INT32)
    bounds = [
        builder.constant(f"bound {value}", np.array([value], np.int32)) for value in (0, 1, 1)
    ]
    batch = builder.tensor("batch", np.int32, ())
    builder.operator(
        "STRIDED_SLICE", [shape, *bounds], [batch], "StridedSliceOptions", shrinkAxisMask=1
    )
    features = builder.constant("features", np.array(12, np.int32))
    target = builder.tensor("target", np.int32, (2,))
    builder.operator("PACK", [batch, features], [target], "PackOptions", valuesCount=2)
    y = builder.activation("y", np.int8, (1, 12))
    builder.operator("RESHAPE", [x, target], [y])
    graph = convert_tflite(builder.build([x], [y]))
    assert [node.operator() for node in graph.nodes] == ["reshape"]


def test_what_is_known_of_a_network_is_kept(tmp_path: Path) -> None:
    graph = convert_tflite(FIXTURES["residual network"].model())
    assert graph.profile == "litert"
    assert list(graph.tensors) == [
        "x", "stem", "branch", "total", "pooled", "flat", "logits", "probabilities",
    ]  # fmt: skip
    assert graph.inputs[0].shape == (8, 8, 3)
    stem = graph.nodes[0]
    assert isinstance(stem, Convolution)
    assert stem.window.padding == ((1, 1), (1, 1))
    assert graph.tensors["stem"].minimum == graph.quantization["stem"].encoding.zero_point == -11
    assert float(graph.quantization["stem"].scale) == float(np.float32(0.07))
    path = tmp_path / "network.bittrue"
    file.save(graph, path)
    codes = inputs_of(graph, 5)
    expected = Executor(graph).run(codes)["probabilities"]
    assert np.array_equal(Executor(file.load(path)).run(codes)["probabilities"], expected)


@pytest.mark.parametrize("name", MODEL_NAMES)
@pytest.mark.parametrize("profile", PROFILES)
def test_official_networks(name: str, profile: str) -> None:
    """MLPerf Tiny; `benchmarks/golden_equality.py` compares hundreds of samples."""
    path = MODELS / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"no {path}; set BITTRUE_MODELS to the folder of MLPerf Tiny's networks")
    assert_equal(path.read_bytes(), profile, samples=3)


@pytest.mark.parametrize(
    ("name", "millions"),
    [("pretrainedResnet_quant", "12.5"), ("kws_ref_model", "2.7"), ("ad01_int8", "0.3")],
)
def test_costs_are_the_published_ones(name: str, millions: str) -> None:
    """Multiply-accumulates of MLPerf Tiny's networks; weights are the int8 data of the file."""
    path = MODELS / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"no {path}; set BITTRUE_MODELS to the folder of MLPerf Tiny's networks")
    cost = graph_cost(import_tflite(path))
    assert f"{cost.macs / 1e6:.1f}" == millions
    assert cost.bit_operations == 8 * 8 * cost.macs
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    constants = [
        model.buffers[tensor.buffer].data
        for tensor in model.subgraphs[0].tensors
        if tensor.type == schema.TensorType.INT8
    ]
    assert cost.weight_bytes == sum(len(data) for data in constants if data is not None)


def vector(builder: FixtureBuilder, name: str = "x", scale: float | None = None) -> int:
    return builder.activation(name, np.int8, (1, 24), scale)


def one_operator(name: str, version: int = 1) -> bytes:
    builder = FixtureBuilder(0)
    x, y = vector(builder, "x"), vector(builder, "y")
    builder.operator(name, [x], [y], version=version)
    return builder.build([x], [y])


def int32_activations() -> bytes:
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, np.int32, (1, 4), 0.1) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def token_numbers() -> bytes:
    builder = TfliteBuilder()
    x = builder.tensor("x", np.int32, (1, 4))
    y = builder.tensor("y", np.int16, (1, 4), 0.1)
    builder.operator("QUANTIZE", [x], [y])
    return builder.build([x], [y])


def float_in_the_middle() -> bytes:
    builder = FixtureBuilder(0)
    x, y = vector(builder), vector(builder, "y")
    a, b = (builder.tensor(name, np.float32, (1, 24)) for name in "ab")
    builder.operator("DEQUANTIZE", [x], [a])
    builder.operator("TANH", [a], [b])
    builder.operator("QUANTIZE", [b], [y])
    return builder.build([x], [y])


def float_tail() -> bytes:
    """Codes that become real numbers for two operators, one of which is not the last."""
    builder = FixtureBuilder(0)
    x, y = vector(builder), vector(builder, "the codes")
    a, b, c, d = (builder.tensor(name, np.float32, (1, 24)) for name in "abcd")
    builder.operator("RELU", [x], [y])
    builder.operator("DEQUANTIZE", [y], [a])
    builder.operator("TANH", [a], [b])
    builder.operator("EXP", [b], [c], "ExpOptions")
    builder.operator("TANH", [a], [d])
    return builder.build([x], [c, d])


def float_input_read_twice() -> bytes:
    builder = FixtureBuilder(0)
    x = builder.tensor("x", np.float32, (1, 24))
    a, b = vector(builder, "a"), vector(builder, "b", scale=0.5)
    builder.operator("QUANTIZE", [x], [a])
    builder.operator("QUANTIZE", [x], [b])
    return builder.build([x], [a, b])


def custom(name: str) -> bytes:
    builder = FixtureBuilder(0)
    x, b, y = vector(builder, "x"), vector(builder, "b"), vector(builder, "y")
    builder.operator("RELU", [x], [b])
    builder.operator("CUSTOM", [b], [y])
    model = schema.ModelT.InitFromPackedBuf(builder.build([x], [y]), 0)
    model.operatorCodes[1].customCode = name
    packed = flatbuffers.Builder(1024)
    packed.Finish(model.Pack(packed), b"TFL3")
    return bytes(packed.Output())


def recurrent() -> bytes:
    """An operator with a tensor for its own use, whose shape converters leave open."""
    builder = FixtureBuilder(0)
    x, y = (builder.activation(name, np.int8, (1, 4, 6)) for name in "xy")
    own = builder.activation("own", np.int8, (0,))
    builder.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", [x, own], [y])
    return builder.build([x], [y])


def float_network() -> bytes:
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, np.float32, (1, 4)) for name in "xy")
    builder.operator("TANH", [x], [y])
    return builder.build([x], [y])


def batch_of_two() -> bytes:
    builder = FixtureBuilder(0)
    x, y = (builder.activation(name, np.int8, (2, 24)) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def without_scales() -> bytes:
    builder = TfliteBuilder()
    x, y = (builder.tensor(name, np.int8, (1, 4)) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def dynamic_shape() -> bytes:
    builder = FixtureBuilder(0)
    x, y = (builder.activation(name, np.int8, (1, 0, 4)) for name in "xy")
    builder.operator("RELU", [x], [y])
    return builder.build([x], [y])


def dense_with(
    bias: int = 0, weight_shape: tuple[int, ...] = (10, 24), data: bytes | None = None,
    weight_zero_point: int = 0, scales: int = 1, **options: Any,
) -> bytes:  # fmt: skip
    builder = FixtureBuilder(0)
    x = vector(builder)
    codes = np.full(weight_shape, 127, np.int8)
    w = builder.tensor(
        "w", np.int8, weight_shape, [0.01] * scales, weight_zero_point,
        buffer=codes.tobytes() if data is None else data,
    )  # fmt: skip
    b = builder.constant("b", np.full(10, bias, np.int32), 0.0007)
    y = builder.activation("y", np.int8, (1, 10))
    builder.operator(
        "FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", version=4, **options
    )
    return builder.build([x], [y])


def real_transpose() -> bytes:
    builder = FixtureBuilder(0)
    x, y = (builder.activation(name, np.int8, shape) for name, shape in
            (("x", (1, 4, 5)), ("y", (1, 5, 4))))  # fmt: skip
    order = builder.constant("order", np.array([0, 2, 1], np.int32))
    builder.operator("TRANSPOSE", [x, order], [y])
    return builder.build([x], [y])


def concat_of_scales() -> bytes:
    builder = FixtureBuilder(0)
    a, b = vector(builder, "a"), vector(builder, "b", scale=0.5)
    y = builder.activation("y", np.int8, (1, 48))
    builder.operator("CONCATENATION", [a, b], [y], "ConcatenationOptions", axis=1)
    return builder.build([a, b], [y])


def unconnected() -> bytes:
    builder = FixtureBuilder(0)
    x, z, y = (vector(builder, name) for name in "xzy")
    builder.operator("RELU", [z], [y])
    return builder.build([x], [y])


def too_wide() -> bytes:
    """16-bit accumulators that 48 bits do not bound."""
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int16, (1, 24))
    w = builder.constant("w", np.full((4, 24), 127, np.int8), 0.01)
    b = builder.constant("b", np.full(4, (1 << 47) - 1, np.int64), 0.000003)
    y = builder.activation("y", np.int16, (1, 4))
    builder.operator("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", version=4)
    return builder.build([x], [y])


def convolution_without_stride() -> bytes:
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int8, (1, 4, 4, 1))
    w = builder.constant("w", np.ones((1, 1, 1, 1), np.int8), 0.01)
    y = builder.activation("y", np.int8, (1, 4, 4, 1))
    builder.operator("CONV_2D", [x, w, -1], [y], "Conv2DOptions", version=3)
    return builder.build([x], [y])


GOOD = FIXTURES["conv"].model()

REFUSED = {
    "empty": (lambda: b"", "bytes 4 to 7 must be TFL3"),
    "another format": (lambda: b"\x89HDF" + GOOD[4:4] + bytes(100), "bytes 4 to 7 must be TFL3"),
    "cut": (lambda: GOOD[: len(GOOD) // 2], "the flatbuffer is malformed|must be TFL3"),
    "head only": (lambda: GOOD[:8], "the flatbuffer is malformed"),
    "unsupported operator": (
        lambda: one_operator("RSQRT"), "operator 0, RSQRT 'y': it is not supported; docs/graph"),
    "custom operator": (
        lambda: custom("Foo"), "operator 1, custom operator 'Foo' 'y': it is a custom operator, "
        "which has no public meaning; or end the network before it: --end-at b$"),
    "Edge TPU": (
        lambda: custom("edgetpu-custom-op"), "a part of the network compiled for an Edge TPU; "),
    "Ethos-U": (lambda: custom("ethos-u"), "a part of the network compiled for an Ethos-U; import"),
    "float network": (
        float_network, "operator 0, TANH 'y': tensor 'x' is FLOAT32, as is all of the network;"),
    "float in the middle": (
        float_in_the_middle, "operator 1, TANH 'b': tensor 'a' is FLOAT32; quantize this operator"),
    "float tail": (
        float_tail, "operator 2, TANH 'b', and 1 more: tensor 'a' is FLOAT32; quantize this "
        "operator, too; or end the network before it: --end-at 'the codes'$"),
    "float input, read twice": (
        float_input_read_twice, "and 1 more: tensor 'x' is FLOAT32; allowed: an input that only"),
    "recurrent": (
        recurrent, "UNIDIRECTIONAL_SEQUENCE_LSTM 'y': it is not supported; docs/graph.md lists"),
    "batch": (batch_of_two, r"tensor 'x' has shape \(2, 24\); allowed: a batch of 1"),
    "no scales": (without_scales, "tensor 'x' has 0 scales; allowed: one"),
    "dynamic shape": (dynamic_shape, "allowed: fixed sizes of at least 1"),
    "int32 activations": (
        int32_activations, "allowed: INT8, UINT8, INT16; only QUANTIZE takes and makes codes of"),
    "int32 of int8": (
        lambda: fixtures.quantize(FixtureBuilder(0), output=np.int32),
        "it makes int32 of int8, which the kernels refuse; allowed with 32 bits: int32 of int16"),
    "token numbers": (
        token_numbers, "'x' has 0 scales; allowed: one; its integers have no scale, so that"),
    "accumulators overflow": (
        lambda: dense_with(bias=(1 << 31) - 1), "computes in int32 and would overflow"),
    "accumulators too wide": (too_wide, "which takes 49 bits; allowed: 48 bits"),
    "weight shape": (lambda: dense_with(weight_shape=(10, 23)), "must hold the 24 elements"),
    "weight bytes": (lambda: dense_with(data=b"abc"), "tensor 'w' has 3 bytes"),
    "no weights": (lambda: dense_with(data=b""), "tensor 'w' is no constant"),
    "weight zero point": (lambda: dense_with(weight_zero_point=3), "a zero point that is not 0"),
    "weight scales": (lambda: dense_with(scales=7), "tensor 'w' has 7 scales"),
    "shuffled weights": (lambda: dense_with(weightsFormat=1), "its weights are shuffled"),
    "fused tanh": (
        lambda: dense_with(fusedActivationFunction=activation("TANH")),
        "the fused activation is TANH; allowed: NONE, RELU"),
    "transpose": (real_transpose, r"it reorders the dimensions .* export the model channels-last"),
    "concat of scales": (concat_of_scales, "they must be equal"),
    "unconnected": (unconnected, "its input 'z' is made by no operator before it"),
    "stride 0": (convolution_without_stride, "has a size below 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_imported_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    make, message = REFUSED[case]
    path = tmp_path / "bad.tflite"
    path.write_bytes(make())
    with pytest.raises(UserError, match=message) as caught:
        import_tflite(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_wrong_paths_and_profiles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.tflite: No such file"):
        import_tflite(tmp_path / "none.tflite")
    with pytest.raises(UserError, match="profile is 'tf'; allowed: litert, tflite-micro, xnnpack"):
        convert_tflite(GOOD, "tf")
    with pytest.raises(UserError, match="XNNPACK has no 16-bit addition"):
        convert_tflite(FIXTURES["add, int16"].model(), "xnnpack")


def convolution_beyond_32_bits() -> bytes:
    builder = FixtureBuilder(0)
    x = builder.activation("x", np.int8, (1, 2, 2, 3))
    w = builder.constant("w", np.full((2, 1, 1, 3), 127, np.int8), 0.01)
    b = builder.constant("b", np.full(2, (1 << 31) - 1, np.int32), 0.0007)
    y = builder.activation("y", np.int8, (1, 2, 2, 2))
    builder.operator(
        "CONV_2D", [x, w, b], [y], "Conv2DOptions", version=3, strideW=1, strideH=1,
        padding=schema.Padding.VALID,
    )  # fmt: skip
    return builder.build([x], [y])


BEYOND_32_BITS = {
    "dense": lambda: dense_with(bias=(1 << 31) - 1),
    "convolution": convolution_beyond_32_bits,
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("operator", BEYOND_32_BITS)
def test_accumulators_beyond_32_bits_are_refused(operator: str, profile: str) -> None:
    with pytest.raises(UserError, match=r"reach .* computes in int32 and would overflow"):
        convert_tflite(BEYOND_32_BITS[operator](), profile)


@pytest.mark.parametrize("profile", [LITERT, XNNPACK])
@pytest.mark.parametrize("operator", BEYOND_32_BITS)
def test_runtimes_overflow_where_accumulators_are_refused(operator: str, profile: str) -> None:
    """The sum is positive and far beyond the highest code; the runtimes give the lowest."""
    model = BEYOND_32_BITS[operator]()
    runtime = Runtime(model, profile)
    shape = tflite.Model.GetRootAs(model, 0).Subgraphs(0).Tensors(0).ShapeAsNumpy()
    codes = {"x": np.full(tuple(shape), 127, np.int8)}
    assert (runtime.run(codes, ["y"])["y"] == -128).all()


def test_tensors_may_lack_names_and_share_them() -> None:
    builder = FixtureBuilder(0)
    tensors = [vector(builder, name) for name in ("", "same", "same")]
    for source, target in itertools.pairwise(tensors):
        builder.operator("RELU", [source], [target])
    graph = convert_tflite(builder.build(tensors[:1], tensors[2:]))
    assert list(graph.tensors) == ["tensor 0", "same", "same#2"]
    assert isinstance(graph.nodes[0], Clamp)


def test_a_fully_connected_layer_flattens_its_input() -> None:
    graph = convert_tflite(FIXTURES["dense of an image"].model())
    assert list(graph.tensors) == ["x", "y/flat", "y"]
    assert isinstance(graph.nodes[1], FullyConnected)


def test_mutated_files_are_imported_or_refused() -> None:
    """`python -m tests.support.fuzz tflite` runs 20,000."""
    outcomes, failures, _ = fuzz("tflite", 500, seed=1)
    assert failures == []
    assert min(outcomes["taken"], outcomes["refused"]) > 40

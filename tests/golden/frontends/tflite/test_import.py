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

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.tflite import PROFILES, convert_tflite, import_tflite
from bittrue.golden.graph import FixedPoint, file
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.passes.cost import graph_cost
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from tests.support.fuzz import fuzz
from tests.support.litert import Kernels
from tests.support.models import MODEL_NAMES, MODELS
from tests.support.paths import DOCS
from tests.support.tflite_builder import TfliteBuilder
from tests.support.tflite_comparison import CASES, Runtime, assert_equal, inputs_of
from tests.support.tflite_fixtures import (
    FIXTURES,
    LITERT,
    MICRO,
    XNNPACK,
    FixtureBuilder,
    float_bordered,
)
from tests.support.tflite_refused import GOOD, REFUSED, dense_with, float_tail, one_operator, vector
from tests.support.tflite_states import STREAMING


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
    from bittrue.golden.frontends.tflite.registry import CONVERTERS

    used = set()
    models = [fixture.model() for fixture in FIXTURES.values()]
    for content in (*models, *(make() for make in STREAMING.values())):
        model = tflite.Model.GetRootAs(content, 0)
        used |= {model.OperatorCodes(i).BuiltinCode() for i in range(model.OperatorCodesLength())}
    names = {code: name for name, code in vars(tflite.BuiltinOperator).items()}
    assert {names[code] for code in used} - {"DEQUANTIZE"} == set(CONVERTERS)


def test_documentation_lists_the_operators() -> None:
    from bittrue.golden.frontends.tflite.registry import CONVERTERS

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


@pytest.mark.parametrize("title", [name for name in FIXTURES if name.startswith("dilation by")])
def test_what_a_runtime_leaves_in_memory_is_refused(title: str) -> None:
    """TensorFlow Lite Micro does not set the code that SPACE_TO_BATCH_ND adds."""
    with pytest.raises(UserError, match="adds codes around an image, which this runtime leaves"):
        convert_tflite(FIXTURES[title].model(), MICRO)


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
    from bittrue.golden.frontends.tflite.known_operators import VERSIONS
    from bittrue.golden.frontends.tflite.registry import CONVERTERS

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
    builder.operator("SIN", [x], [a])
    builder.operator("RELU", [a], [b], version=9)
    builder.operator("SIN", [b], [c])
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
        "  operator 0, SIN 'a', and 1 more: it is not supported; DOCS",
        "  operator 1, RELU 'b': its version is 9; allowed: 1 to 3, whose meaning is known; "
        "convert the model with an older converter",
        "  operator 5, EXP 'y': tensor 'z' is FLOAT32; quantize this operator, too; or end the "
        "network before it: --outputs d",
    ]


def test_what_is_known_at_once_is_refused_before_any_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bittrue.golden.frontends.tflite import arithmetic

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
    builder.operator("SIN", [y], [z])
    with pytest.raises(UserError, match="operator 1, SIN 'z': it is not supported"):
        convert_tflite(builder.build([x], [z]))


def test_networks_end_where_they_are_told_to() -> None:
    model = float_tail()
    graph = convert_tflite(model, outputs=("the codes",))
    assert graph.outputs == ("the codes",)
    codes = inputs_of(graph, 4)
    expected = Runtime(model, LITERT).run(codes, ["the codes"])["the codes"]
    assert np.array_equal(Executor(graph).run(codes)["the codes"], expected)
    end = convert_tflite(FIXTURES["residual network"].model(), outputs=("pooled", "branch"))
    assert end.outputs == ("pooled", "branch")
    assert list(end.tensors) == ["x", "stem", "branch", "total", "pooled"]
    with pytest.raises(UserError, match=r"--outputs names 'pold', .*; did you mean 'pooled'\?"):
        convert_tflite(FIXTURES["residual network"].model(), outputs=("pold",))


def test_operators_that_no_output_depends_on_are_left_out() -> None:
    builder = FixtureBuilder(0)
    x, y, unused = (vector(builder, name) for name in ("x", "y", "unused"))
    builder.operator("RELU", [x], [y])
    builder.operator("SIN", [y], [unused])
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
    graph = assert_equal(builder.build(tensors[:1], tensors[2:]), LITERT, samples=2)
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

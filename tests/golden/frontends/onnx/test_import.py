"""Imported .onnx networks against ONNX Runtime, tensor by tensor."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bittrue.cli import main
from bittrue.golden.errors import UserError
from bittrue.golden.export import export_onnx
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.integer_type import IntegerType
from tests.support.fuzz import fuzz
from tests.support.onnx_builder import (
    OnnxBuilder,
    QuantizedBuilder,
    Tensor,
    kernels_saturate,
    session,
)
from tests.support.onnx_comparison import (
    CASES,
    Codes,
    assert_equal,
    inputs_of,
    run_graph,
    run_runtime,
)
from tests.support.onnx_fixtures import BOTH, model, random_network


@pytest.mark.parametrize(("build", "dtype", "qoperator"), CASES)
def test_fixture_equals_onnxruntime(build: Any, dtype: Any, qoperator: bool) -> None:
    assert_equal(model(build, dtype, qoperator), samples=6)


def with_small_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model of which no two products with uint8 add up to more than 16 bits hold."""
    small = onnx.ModelProto()
    small.CopyFrom(proto)
    for tensor in small.graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT8 and tensor.dims:
            codes = np.clip(onnx.numpy_helper.to_array(tensor), -64, 64)
            tensor.CopyFrom(onnx.numpy_helper.from_array(codes, tensor.name))
    return small


@pytest.mark.parametrize("optimized", [True, False])
def test_default_sessions_equal(optimized: bool) -> None:
    """Without settings: integer operators always, QDQ of uint8 when it is optimized."""
    for qoperator in (False, True) if optimized else (True,):
        for title, build in BOTH.items():
            proto = model(build, np.uint8, qoperator, seed=1)
            if not optimized and kernels_saturate():  # Only optimized sessions avoid them.
                proto = with_small_weights(proto)
            graph = convert_onnx(proto.SerializeToString(), "onnxruntime")
            inputs = inputs_of(proto, graph, 3)
            outputs = list(graph.outputs)
            options = {"optimized": optimized, "int8": False}
            expected = run_runtime(proto, graph, inputs, outputs, **options)
            results = run_graph(graph, inputs)
            for name in outputs:
                assert np.array_equal(results[name], expected[name]), title


def test_seeds_differ() -> None:
    """A comparison with the runtime's answer to another network fails."""
    build = BOTH["convolution"]
    graph = convert_onnx(model(build, np.int8, False).SerializeToString())
    other = model(build, np.int8, False, seed=5)
    inputs = inputs_of(other, graph, 2)
    (output,) = graph.outputs
    expected = run_runtime(other, graph, inputs, [output])
    assert not np.array_equal(run_graph(graph, inputs)[output], expected[output])


def test_inputs_keep_their_order() -> None:
    """Whichever is quantized first."""
    b = QuantizedBuilder(np.uint8, False, 2)
    b.inputs = dict.fromkeys(("first", "second"), (np.float32, ("batch", 4)))
    second, first = b.quantized("second", (4,)), b.quantized("first", (4,))
    graph = convert_onnx(b.model(b.binary("Sub", first, second)).SerializeToString())
    assert [tensor.name for tensor in graph.inputs] == [first.name, second.name]


@pytest.mark.parametrize("seed", range(12))
def test_random_network_equals_onnxruntime(seed: int) -> None:
    assert_equal(random_network(seed), samples=4, seed=seed)


# What is refused


def broken(change: Callable[[onnx.ModelProto], object]) -> bytes:
    proto = model(BOTH["convolution"], np.int8, False)
    change(proto)
    return proto.SerializeToString()


def _dimension(proto: onnx.ModelProto, axis: int) -> Any:
    size = proto.graph.input[0].type.tensor_type.shape.dim[axis]
    size.Clear()
    return size


def _external(proto: onnx.ModelProto) -> None:
    tensor = proto.graph.initializer[2]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../outside")


def _set_scale(value: float) -> Callable[[onnx.ModelProto], object]:
    def change(proto: onnx.ModelProto) -> None:
        tensor = proto.graph.initializer[0]
        tensor.CopyFrom(numpy_helper.from_array(np.array(value, np.float32), tensor.name))

    return change


def _branch(proto: onnx.ModelProto) -> None:
    body = onnx.GraphProto()
    body.CopyFrom(proto.graph)
    proto.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=body))


def _float_middle(b: QuantizedBuilder) -> Tensor:
    y = b.convolution(b.input(3, 8, 8), 4)
    return b.quantized(b.builder.operator("Sqrt", b.real(y)), y.shape)


def _overflow(b: QuantizedBuilder) -> Tensor:
    weight = b.real_constant(np.full((200_000, 1), 127, np.int8), np.float32(0.1))
    y = b.builder.operator("MatMul", b.real(b.input(200_000)), weight)
    return b.quantized(y, (1,))


def _softmax(b: QuantizedBuilder) -> Tensor:
    return b.unary("Softmax", b.input(10))


def _bias_of_another_scale(b: QuantizedBuilder) -> Tensor:
    weight = b.real_constant(b.codes(2, 3, 3, 3, dtype=np.int8), np.float32(0.01))
    bias = b.real_constant(np.array([1, 2], np.int32), np.float32(0.5))
    return b.quantized(
        b.builder.operator("Conv", b.real(b.input(3, 5, 5)), weight, bias), (2, 3, 3)
    )


def _relu_behind_padding(b: QuantizedBuilder) -> Tensor:
    pads = b.builder.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    filling = b.builder.constant(np.float32(-1))
    padded = b.builder.operator("Pad", b.real(b.input(3, 5, 5)), pads, filling)
    return b.quantized(b.builder.operator("Relu", padded), (3, 7, 7))


def _cast_to_integers(b: QuantizedBuilder) -> Tensor:
    cast = b.builder.operator("Cast", b.real(b.input(5)), to=TensorProto.INT8)
    return Tensor(cast, np.float32(1), 0, (5,))


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "no operators"),
    "other content": (b"PK\3\4 something else", "no intact ONNX file"),
    "truncated": (broken(lambda p: None)[:-40], "no intact ONNX file"),
    "data in another file": (broken(_external), "'constant_4' lies in another file"),
    "enormous constant": (
        broken(lambda p: p.graph.initializer[2].dims.insert(0, 1 << 60)),
        "allowed: up to",
    ),
    "enormous input": (
        broken(lambda p: setattr(_dimension(p, 2), "dim_value", 1 << 50)),
        "input 'x' has shape",
    ),
    "batch of 4": (
        broken(lambda p: setattr(_dimension(p, 0), "dim_value", 4)),
        "input 'x' has a batch of 4",
    ),
    "dynamic height": (
        broken(lambda p: setattr(_dimension(p, 2), "dim_param", "height")),
        "export the model with fixed shapes",
    ),
    "cycle": (
        broken(lambda p: p.graph.node[0].input.__setitem__(0, p.graph.node[-1].output[0])),
        "operator 0, DequantizeLinear: its input 'quantizelinear_15' is made by no operator before",
    ),
    "control flow": (broken(_branch), "operator 5, If: its attribute 'then_branch' is a graph"),
    "functions": (broken(lambda p: p.functions.add(name="f")), "functions of its own"),
    "unknown operator": (
        broken(lambda p: p.graph.node.append(helper.make_node("Foo", ["x"], ["y"], domain="d"))),
        "operator 5, d.Foo 'y': it is not supported",
    ),
    "missing scale": (
        broken(lambda p: p.graph.node[0].input.__delitem__(slice(1, None))),
        "operator 0, DequantizeLinear 'dequantizelinear_3': its input 1 is missing",
    ),
    "negative scale": (broken(_set_scale(-1)), "is -1; allowed: positive numbers"),
    "scale that is no number": (
        broken(_set_scale(np.nan)),
        "is nan; allowed: positive numbers",
    ),
    "half precision": (
        broken(
            lambda p: setattr(p.graph.input[0].type.tensor_type, "elem_type", TensorProto.FLOAT16)
        ),
        "input 'x' has type FLOAT16",
    ),
    "real numbers in the middle": (
        model(_float_middle, np.int8, False).SerializeToString(),
        "operator 6, Sqrt 'sqrt_19': it is not supported but on constants",
    ),
    "bias of another scale": (
        model(_bias_of_another_scale, np.uint8, False).SerializeToString(),
        "its bias has another scale",
    ),
    "activation behind padding": (
        model(_relu_behind_padding, np.uint8, False).SerializeToString(),
        "a border that is not quantized",
    ),
    "cast to integers": (
        model(_cast_to_integers, np.int8, False).SerializeToString(),
        "casts to another type",
    ),
    "softmax": (
        model(_softmax, np.int8, False).SerializeToString(),
        "classes stays the same: --outputs ",
    ),
    "overflow": (model(_overflow, np.int8, False).SerializeToString(), "would overflow"),
    "flattened image": (
        model(lambda b: b.flattened(b.input(3, 4, 4)), np.int8, False).SerializeToString(),
        "flattened or reordered image",
    ),
    "activation that ONNX Runtime does not fuse": (
        model(
            lambda b: b.quantized(
                b.builder.operator(
                    "Relu",
                    b.builder.operator(
                        "Conv",
                        b.real(b.input(3, 5, 5)),
                        b.real_constant(b.codes(2, 3, 3, 3), np.float32(0.01)),
                    ),
                ),
                (2, 3, 3),
                zero_point=7,
            ),
            np.int8,
            False,
        ).SerializeToString(),
        "import with profile onnx",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_refused_in_one_line(title: str) -> None:
    content, expected = REFUSED[title]
    with pytest.raises(UserError) as caught:
        convert_onnx(content, "onnxruntime")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["onnx", "qonnx"])
def test_mutated_files_are_imported_or_refused(name: str) -> None:
    """`python -m tests.support.fuzz onnx` runs 20,000."""
    outcomes, failures, _ = fuzz(name, 300, seed=1)
    assert failures == []
    assert min(outcomes["taken"], outcomes["refused"]) > 40


def test_unknown_profile_is_refused() -> None:
    with pytest.raises(UserError, match="allowed: onnxruntime, onnx"):
        convert_onnx(broken(lambda p: None), "litert")


# The command line


def test_command_takes_and_gives_codes_in_the_models_own_layout(tmp_path: Path) -> None:
    proto = model(BOTH["squeeze and excite"], np.uint8, False)
    path, x, y = (tmp_path / name for name in ("network.onnx", "x.npy", "y.npy"))
    path.write_bytes(proto.SerializeToString())
    codes = np.random.default_rng(0).integers(0, 256, (5, 6, 9, 8), dtype=np.uint8)
    np.save(x, codes)
    words = ["--input", str(x), "--output", str(y), "--profile", "onnxruntime"]
    assert main(["run", str(path), *words]) == 0
    runner = session(proto, int8=False)
    expected = [runner.run(None, {"x": codes[i : i + 1]})[0] for i in range(5)]
    assert np.array_equal(np.load(y), np.concatenate(expected))
    assert np.load(y).dtype == np.uint8


def test_command_refuses_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(b"no network")
    assert main(["show", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"bittrue show: {path}: ")
    assert captured.err.count("\n") == 1


# Codes that ONNX Runtime has no integer kernels for


class WideBuilder(OnnxBuilder):
    """QDQ of any type, with powers of two as scales: float32 then rounds no number."""

    domains: tuple[tuple[str, int], ...] = (("", 21),)

    def coded(self, kind: str, codes: NDArray[Any]) -> str:
        element = getattr(TensorProto, kind.upper())
        flat = codes.reshape(-1).tolist()
        return self.constant(helper.make_tensor("c", element, codes.shape, flat))

    def dequantized(self, codes: str, scale: float, zero_point: int, kind: str) -> str:
        zero = self.coded(kind, np.array(zero_point))
        return self.operator("DequantizeLinear", codes, self.constant(np.float32(scale)), zero)

    def quantized(self, real: str, scale: float, zero_point: int, kind: str) -> str:
        zero = self.coded(kind, np.array(zero_point))
        return self.operator("QuantizeLinear", real, self.constant(np.float32(scale)), zero)


@pytest.mark.parametrize("weights", ["int4", "uint4", "int8", "uint8"])
@pytest.mark.parametrize("activations", ["int8", "uint8", "int16", "uint16"])
def test_all_types_of_profile_onnx(activations: str, weights: str) -> None:
    """Exact real numbers equal ONNX Runtime's float32 where that is exact."""
    random = np.random.default_rng(7)
    b = WideBuilder()
    info = IntegerType.parse(weights)
    weight = random.integers(info.minimum, info.maximum + 1, (4, 3, 2, 2))
    zero = {"int8": 3, "uint8": 130, "int16": -3, "uint16": 450}[activations]
    x = b.dequantized("x", 2.0**-9, zero, activations)
    zero_point = 0 if info.signed else 7
    w = b.dequantized(b.coded(weights, weight), 2.0**-6, zero_point, weights)
    y = b.operator("Conv", x, w, b.constant(np.array([0.5, -0.25, 0.125, 2.0], np.float32)))
    y = b.quantized(b.operator("Relu", y), 2.0**-6, 5, activations)
    dtype = np.dtype(activations)
    proto = b.model({"x": (dtype, ("batch", 3, 6, 5))}, [y])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    codes = random.integers(-900 if "u" not in activations else 0, 900, (5, 3, 6, 5))
    codes = np.clip(codes, np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)
    runner = session(proto, int8=False)
    expected = np.concatenate([runner.run(None, {"x": codes[i : i + 1]})[0] for i in range(5)])
    assert len(np.unique(expected)) > 10
    assert np.array_equal(run_graph(graph, {"x": codes.astype(np.int64)})[y], expected)


@pytest.mark.parametrize("kind", ["int16", "uint16"])
def test_sums_of_16_bits(kind: str) -> None:
    random = np.random.default_rng(3)
    b = WideBuilder()
    first = b.dequantized("x", 2.0**-10, 40, kind)
    second = b.dequantized("other", 2.0**-7, 11, kind)
    y = b.quantized(b.operator("Add", first, second), 2.0**-8, 100, kind)
    dtype = np.dtype(kind)
    shape = ("batch", 30)
    proto = b.model({"x": (dtype, shape), "other": (dtype, shape)}, [y])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    inputs = {name: random.integers(0, 2000, (4, 30)).astype(dtype) for name in ("x", "other")}
    expected = session(proto).run(None, inputs)[0]
    wide = {name: codes.astype(np.int64) for name, codes in inputs.items()}
    assert np.array_equal(run_graph(graph, wide)[y], expected)


@pytest.mark.parametrize("seed", range(6))
def test_profile_onnx_rounds_the_exact_number(seed: int) -> None:
    """One layer with any scales, against rational arithmetic."""
    random = np.random.default_rng(seed)
    b = WideBuilder()
    scales = [float(np.float32(s)) for s in random.uniform(0.01, 0.1, 3)]
    weight = random.integers(-128, 128, (12, 4))
    x = b.dequantized("x", scales[0], 3, "int8")
    w = b.dequantized(b.coded("int8", weight), scales[1], 0, "int8")
    bias = random.uniform(-1, 1, 4).astype(np.float32)
    y = b.operator("Add", b.operator("MatMul", x, w), b.constant(bias))
    y = b.quantized(y, scales[2], -7, "int8")
    proto = b.model({"x": (np.int8, ("batch", 12))}, [y])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    codes = random.integers(-20, 20, (50, 12))
    results = run_graph(graph, {"x": codes})[y]
    accumulators = (codes - 3) @ weight
    for sample in range(50):
        for channel in range(4):
            number = (
                int(accumulators[sample, channel]) * Fraction(scales[0]) * Fraction(scales[1])
                + Fraction(float(bias[channel]))
            ) / Fraction(scales[2])
            assert results[sample, channel] == min(max(round(number) - 7, -128), 127)


@pytest.mark.parametrize("kind", ["int16", "uint16"])
def test_profile_onnx_rounds_the_exact_number_to_16_bits(kind: str) -> None:
    """Any scales, in the operators that ONNX Runtime's quantizer writes for 16 bits."""
    random = np.random.default_rng(5)
    b = WideBuilder()
    b.domains = (("", 17), ("com.microsoft", 1))

    def coded(operator: str, x: str, scale: float, zero_point: int) -> str:
        constants = b.constant(np.float32(scale)), b.coded(kind, np.array(zero_point))
        return b.operator(operator, x, *constants, domain="com.microsoft")

    scales = [float(np.float32(s)) for s in (0.00137, 0.0213, 0.00049)]
    zero = {"int16": -77, "uint16": 31000}[kind]
    weight = random.integers(-128, 128, (12, 2))
    x = coded("DequantizeLinear", "x", scales[0], zero)
    w = b.dequantized(b.coded("int8", weight), scales[1], 0, "int8")
    y = coded("QuantizeLinear", b.operator("MatMul", x, w), scales[2], zero + 5)
    dtype = np.dtype(kind)
    proto = b.model({"x": (dtype, ("batch", 12))}, [y])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    codes = np.clip(random.normal(zero, 2500, (300, 12)).astype(np.int64), low, high)
    results = run_graph(graph, {"x": codes})[y]
    assert len(np.unique(results)) > 300
    ratio = Fraction(scales[0]) * Fraction(scales[1]) / Fraction(scales[2])
    accumulators = ((codes - zero) @ weight).reshape(-1).tolist()
    expected = [min(max(round(a * ratio) + zero + 5, low), high) for a in accumulators]
    assert np.array_equal(results.reshape(-1), expected)
    assert_exported_equal(graph, {"x": codes})


def assert_exported_equal(graph: Graph, inputs: Codes) -> None:
    """Compare an exported graph of one input and output with the graph."""
    (output,) = graph.outputs
    (name,) = inputs
    feeds = {name: inputs[name].astype(str(graph.inputs[0].type))}
    exported = session(export_onnx(graph).content).run(None, feeds)[0]
    assert np.array_equal(exported, run_graph(graph, inputs)[output])

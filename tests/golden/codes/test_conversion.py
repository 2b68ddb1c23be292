"""Codes of real values against ONNX Runtime, LiteRT and torch."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from bittrue.golden.codes.conversion import QuantizeRounding, dequantized, quantized
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import QuantType
from tests.support.litert import Kernels, run_litert
from tests.support.tflite_builder import TfliteBuilder

INT8 = IntegerType(8, True)
ONNX_TYPES = {
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16,
}


def values_with_ties(scales: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """Return float32 values (rows, channels): random, saturating, and near every tie and code."""
    generator = np.random.default_rng(seed)
    halves = generator.integers(-600, 600, size=(rows, scales.size)) / 2
    values = (halves * scales).astype(np.float32)
    nudge = generator.integers(-1, 2, size=values.shape).astype(np.float32)
    values = np.nextafter(values, values + nudge, dtype=np.float32)
    values[0], values[1], values[2] = 0.0, 1e30, -1e30
    return values


def onnx_quantize(x: np.ndarray, kind: QuantType) -> np.ndarray:
    """Run QuantizeLinear of ONNX Runtime."""
    graph = helper.make_graph(
        [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"])],
        "quantize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", ONNX_TYPES[str(kind.type)], x.shape)],
        [
            numpy_helper.from_array(np.asarray(kind.scale32), "s"),
            numpy_helper.from_array(np.asarray(kind.zero_point, dtype=str(kind.type)), "z"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": x})[0]


def litert_quantize(x: np.ndarray, kind: QuantType, kernels: Kernels) -> np.ndarray:
    builder = TfliteBuilder()
    i = builder.tensor("x", np.float32, x.shape)
    o = builder.tensor(
        "y",
        np.dtype(str(kind.type)),
        x.shape,
        np.array([kind.scale32]),
        np.array([kind.zero_point]),
    )
    builder.operator("QUANTIZE", [i], [o], version=2)
    return run_litert(builder.build([i], [o]), [x], kernels)[0]


@pytest.mark.parametrize("name", ONNX_TYPES)
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_quantize_equals_onnx_runtime(name: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    codes = IntegerType.parse(name)
    scale = np.float32(generator.uniform(0.01, 0.3))
    zero_point = int(generator.integers(codes.minimum, codes.maximum, endpoint=True))
    kind = QuantType.affine(codes, scale, zero_point)
    x = values_with_ties(np.repeat(scale, 5), 4000, seed=1)
    expected = onnx_quantize(x, kind)
    assert np.array_equal(quantized(torch.from_numpy(x), kind).numpy(), expected)
    wrong = quantized(torch.from_numpy(x), kind, QuantizeRounding.HALF_AWAY).numpy()
    assert not np.array_equal(wrong, expected), "the data cannot tell the roundings apart"


@pytest.mark.parametrize("name", ["int8", "uint8", "int16"])
def test_quantize_equals_litert(name: str) -> None:
    codes = IntegerType.parse(name)
    kind = QuantType.affine(codes, 0.0371, 0 if codes.width == 16 else codes.minimum + 117)
    x = values_with_ties(np.repeat(kind.scale32, 5), 4000, seed=2).clip(-1e4, 1e4)
    rounding = {
        Kernels.REFERENCE: QuantizeRounding.HALF_AWAY,
        Kernels.OPTIMIZED: QuantizeRounding.HALF_EVEN_RECIPROCAL,
    }
    for kernels, right in rounding.items():
        expected = litert_quantize(x, kind, kernels)
        for candidate in QuantizeRounding:
            got = quantized(torch.from_numpy(x), kind, candidate).numpy()
            assert np.array_equal(got, expected) == (candidate is right), (kernels, candidate)


def test_quantize_equals_xnnpack_and_torch() -> None:
    kind = QuantType.affine(INT8, 0.0371, -11)
    x = values_with_ties(np.repeat(kind.scale32, 5), 4000, seed=3).clip(-1e4, 1e4)
    real = torch.from_numpy(x)
    got = quantized(real, kind, QuantizeRounding.HALF_EVEN_RECIPROCAL).numpy()
    assert np.array_equal(got, litert_quantize(x, kind, Kernels.XNNPACK))
    fake = torch.fake_quantize_per_tensor_affine(real, kind.scale, -11, -128, 127)
    assert torch.equal(dequantized(torch.from_numpy(got), kind), fake)
    assert not np.array_equal(quantized(real, kind).numpy(), got)


def test_dequantize_equals_litert() -> None:
    kind = QuantType.affine(INT8, 0.0371, -11)
    codes = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
    builder = TfliteBuilder()
    i = builder.tensor("x", np.int8, codes.shape, np.array([kind.scale32]), np.array([-11]))
    o = builder.tensor("y", np.float32, codes.shape)
    builder.operator("DEQUANTIZE", [i], [o], version=2)
    expected = run_litert(builder.build([i], [o]), [codes], Kernels.REFERENCE)[0]
    assert np.array_equal(dequantized(torch.from_numpy(codes), kind).numpy(), expected)


@pytest.mark.parametrize("width", range(1, 17))
@pytest.mark.parametrize("signed", [True, False])
def test_every_code_survives_the_round_trip(width: int, signed: bool) -> None:
    codes = IntegerType(width, signed)
    kind = QuantType.affine(codes, 0.1, codes.minimum + (1 << width) // 3)
    every = torch.arange(codes.minimum, codes.maximum + 1)
    for rounding in QuantizeRounding:
        assert torch.equal(quantized(dequantized(every, kind), kind, rounding), every)


def test_signs_are_bipolar() -> None:
    kind = QuantType.signs(0.5)
    codes = quantized(torch.tensor([-3.0, -0.0, 0.0, 1e-9]), kind)
    assert codes.tolist() == [0, 1, 1, 1]
    assert dequantized(codes, kind).tolist() == [-0.5, 0.5, 0.5, 0.5]
    assert kind.steps == (-1, 1)


def test_what_is_no_number_has_no_code() -> None:
    with pytest.raises(UserError, match="NaN"):
        quantized(torch.tensor([torch.nan]), QuantType.affine(INT8, 1.0))

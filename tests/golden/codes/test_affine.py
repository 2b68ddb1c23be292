"""The affine map against ONNX Runtime, LiteRT and torch."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from bittrue.golden.codes.affine import AffineMap, QuantizeRounding
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from tests.support.litert import Kernels, run_litert
from tests.support.tflite_builder import TfliteBuilder

INT8, UINT8 = IntegerType(8, True), IntegerType(8, False)
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


def onnx_quantize(x: np.ndarray, mapping: AffineMap) -> np.ndarray:
    """Run QuantizeLinear of ONNX Runtime; per channel along the map's axis."""
    scalar = mapping.axis is None
    scale = mapping.scale[0] if scalar else mapping.scale
    code_type = np.dtype(str(mapping.codes))
    zero = mapping.zero_point.astype(code_type)
    graph = helper.make_graph(
        [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"], axis=mapping.axis or 0)],
        "quantize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", ONNX_TYPES[str(mapping.codes)], x.shape)],
        [
            numpy_helper.from_array(np.asarray(scale), "s"),
            numpy_helper.from_array(np.asarray(zero[0] if scalar else zero), "z"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": x})[0]


def litert_quantize(x: np.ndarray, mapping: AffineMap, kernels: Kernels) -> np.ndarray:
    builder = TfliteBuilder()
    i = builder.tensor("x", np.float32, x.shape)
    o = builder.tensor(
        "y",
        np.dtype(str(mapping.codes)),
        x.shape,
        mapping.scale,
        mapping.zero_point,
        mapping.axis or 0,
    )
    builder.operator("QUANTIZE", [i], [o], version=2)
    return run_litert(builder.build([i], [o]), [x], kernels)[0]


@pytest.mark.parametrize("name", ONNX_TYPES)
@pytest.mark.parametrize("axis", [None, 1])
def test_quantize_equals_onnx_runtime(name: str, axis: int | None) -> None:
    generator = np.random.default_rng(7)
    codes = IntegerType.parse(name)
    channels = 1 if axis is None else 5
    scale = generator.uniform(0.01, 0.3, channels).astype(np.float32)
    zero_point = generator.integers(codes.minimum, codes.maximum, channels, endpoint=True)
    mapping = AffineMap(codes, scale, zero_point, axis)
    x = values_with_ties(scale if axis else np.repeat(scale, 5), 4000, seed=1)
    expected = onnx_quantize(x, mapping)
    assert np.array_equal(mapping.quantize(torch.from_numpy(x)).numpy(), expected)
    wrong = mapping.quantize(torch.from_numpy(x), QuantizeRounding.HALF_AWAY).numpy()
    assert not np.array_equal(wrong, expected), "the data cannot tell the roundings apart"


@pytest.mark.parametrize("name", ["int8", "uint8", "int16"])
def test_quantize_equals_litert(name: str) -> None:
    codes = IntegerType.parse(name)
    mapping = AffineMap(codes, 0.0371, 0 if codes.width == 16 else codes.minimum + 117)
    x = values_with_ties(np.repeat(mapping.scale, 5), 4000, seed=2).clip(-1e4, 1e4)
    rounding = {
        Kernels.REFERENCE: QuantizeRounding.HALF_AWAY,
        Kernels.OPTIMIZED: QuantizeRounding.HALF_EVEN_RECIPROCAL,
    }
    for kernels, right in rounding.items():
        expected = litert_quantize(x, mapping, kernels)
        for candidate in QuantizeRounding:
            got = mapping.quantize(torch.from_numpy(x), candidate).numpy()
            assert np.array_equal(got, expected) == (candidate is right), (kernels, candidate)


def test_quantize_equals_xnnpack_and_torch() -> None:
    mapping = AffineMap(INT8, 0.0371, -11)
    x = values_with_ties(np.repeat(mapping.scale, 5), 4000, seed=3).clip(-1e4, 1e4)
    got = mapping.quantize(torch.from_numpy(x), QuantizeRounding.HALF_EVEN_RECIPROCAL).numpy()
    assert np.array_equal(got, litert_quantize(x, mapping, Kernels.XNNPACK))
    fake = torch.fake_quantize_per_tensor_affine(
        torch.from_numpy(x), float(mapping.scale[0]), -11, -128, 127
    )
    assert torch.equal(mapping.dequantize(torch.from_numpy(got)), fake)
    assert not np.array_equal(mapping.quantize(torch.from_numpy(x)).numpy(), got)


def test_dequantize_equals_litert() -> None:
    mapping = AffineMap(INT8, 0.0371, -11)
    codes = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
    builder = TfliteBuilder()
    i = builder.tensor("x", np.int8, codes.shape, mapping.scale, mapping.zero_point)
    o = builder.tensor("y", np.float32, codes.shape)
    builder.operator("DEQUANTIZE", [i], [o], version=2)
    expected = run_litert(builder.build([i], [o]), [codes], Kernels.REFERENCE)[0]
    assert np.array_equal(mapping.dequantize(torch.from_numpy(codes)).numpy(), expected)


@pytest.mark.parametrize("width", range(1, 17))
@pytest.mark.parametrize("signed", [True, False])
def test_every_code_survives_the_round_trip(width: int, signed: bool) -> None:
    codes = IntegerType(width, signed)
    mapping = AffineMap(codes, 0.1, codes.minimum + (1 << width) // 3)
    every = torch.arange(codes.minimum, codes.maximum + 1)
    for rounding in QuantizeRounding:
        assert torch.equal(mapping.quantize(mapping.dequantize(every), rounding), every)


def test_symmetric_reaches_the_magnitude_with_the_highest_code() -> None:
    magnitudes = np.array([0.3, 5.0, 0.0])
    mapping = AffineMap.symmetric(magnitudes, INT8, axis=1)
    real = torch.from_numpy(np.stack([magnitudes, -magnitudes])).float()
    assert mapping.quantize(real).tolist() == [[127, 127, 0], [-127, -127, 0]]
    assert mapping.quantize(real * 2).tolist() == [[127, 127, 0], [-127, -127, 0]]
    assert mapping.scale.tolist() == [np.float32(0.3 / 127), np.float32(5 / 127), 1.0]
    assert mapping.zero_point.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("magnitude", "exponent"), [(127.0, 0), (127.01, 1), (1.0, -6), (63, -1)])
def test_power_of_two_scale(magnitude: float, exponent: int) -> None:
    assert AffineMap.power_of_two(magnitude, INT8).scale.tolist() == [2.0**exponent]


@pytest.mark.parametrize(
    ("low", "high", "codes", "scale", "zero_point"),
    [
        (-1.0, 1.55, INT8, 0.01, -28),
        (0.0, 5.1, UINT8, 0.02, 0),
        (0.0, 5.1, INT8, 0.02, -128),
        (2.0, 5.1, INT8, 0.02, -128),  # Widened to hold zero.
        (-2.55, -1.0, INT8, 0.01, 127),
        (0.0, 0.0, INT8, 1.0, -128),
        (-0.8, 0.7, IntegerType(4, True), 0.1, 0),
    ],
)
def test_asymmetric_spans_the_range(
    low: float, high: float, codes: IntegerType, scale: float, zero_point: int
) -> None:
    mapping = AffineMap.asymmetric(low, high, codes)
    assert mapping.scale.tolist() == [np.float32(scale)]
    assert mapping.zero_point.tolist() == [zero_point]
    assert mapping.dequantize(mapping.quantize(torch.zeros(1))).item() == 0.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AffineMap(IntegerType(17, True), 0.1), "codes is int17; allowed: 1 to 16 bits"),
        (lambda: AffineMap(INT8, 0.0), "scale of channel 0 is 0.0; allowed: positive and finite"),
        (lambda: AffineMap(INT8, [1, np.inf], axis=0), "scale of channel 1 is inf"),
        (lambda: AffineMap(INT8, 1.0, 128), "zero_point of channel 0 is 128; allowed: -128 to 127"),
        (lambda: AffineMap(INT8, 1.0, -128, narrow=True), "allowed: -127 to 127"),
        (lambda: AffineMap(INT8, 1.0, 0.5), "zero_point has type float64; allowed: integers"),
        (lambda: AffineMap(INT8, [1.0, 2.0]), r"shapes \(2,\) and \(1,\) with axis None"),
        (lambda: AffineMap(INT8, [1, 2, 3], [0, 1], axis=0), r"shapes \(3,\) and \(2,\) with"),
        (lambda: AffineMap(INT8, [], axis=0), r"shapes \(0,\) and \(1,\) with axis 0"),
        (lambda: AffineMap.symmetric(-1.0, INT8), "magnitude is -1.0; allowed: finite"),
        (lambda: AffineMap.symmetric(1.0, IntegerType(1, True)), "int1, which has no positive"),
        (lambda: AffineMap.asymmetric(1.0, 0.0, INT8), "range is 1.0 to 0.0; allowed: finite and"),
        (lambda: AffineMap(INT8, 1.0).quantize(torch.tensor([torch.nan])), "NaN"),
        (lambda: AffineMap(INT8, [1, 2], axis=1).quantize(torch.zeros(2, 3)), "axis 1 must have"),
    ],
)
def test_unusable_parameters_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make()

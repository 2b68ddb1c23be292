"""The executor against plain sums over indices, torch's integer operators and closed forms."""

import itertools
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Encoding, Graph, Node, Tensor, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.arg_max import ArgMax
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.slice import Slice
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.graph.sum_pool import SumPool
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.integer_type import IntegerType
from tests.support.graphs import (
    INT8,
    codes_of,
    convolution,
    convolve,
    fixed_point,
    integer_type,
    single,
)

IMAGE = Tensor.of_type("x", (5, 6, 3), INT8)
VECTOR = Tensor.of_type("x", (40,), INT8)
ONE: dict[str, Any] = {"inputs": ("x",), "output": "y"}
BIPOLAR = Encoding(bipolar=True)

CONVOLUTIONS = {
    "plain": {},
    "stride and dilation": {
        "shape": (9, 11, 2),
        "window": Window((3, 3), (2, 3), (2, 1), ((2, 1), (0, 2))),
    },
    "padding beyond the window": {"window": Window((1, 1), padding=((2, 0), (0, 3)))},
    "groups": {"groups": 2},
    "depthwise": {"groups": 4, "outputs": 4},
    "depthwise, multiplier 3": {"groups": 4, "outputs": 12},
    "zero points": {
        "input_type": "uint8",
        "weight_type": "uint8",
        "input_encoding": Encoding(131),
        "weight_encoding": Encoding(7),
    },
    "input zero point, one-sided padding": {
        "input_encoding": Encoding(-77),
        "window": Window((3, 2), (2, 1), (1, 2), ((0, 1), (2, 0))),
    },
    "one tap": {"window": Window((1, 1), (2, 3)), "input_encoding": Encoding(9)},
    "one tap, one channel": {"shape": (4, 4, 1), "window": Window((1, 1))},
    "4-bit": {"input_type": "uint4", "weight_type": "int4"},
    "3 by 3, many channels": {"shape": (6, 6, 32), "window": Window((3, 3), (1, 1))},
    "16-bit": {"input_type": "int16", "weight_type": "int16", "shape": (5, 4, 20)},
    "bipolar": {
        "input_type": "uint1",
        "weight_type": "uint1",
        "input_encoding": BIPOLAR,
        "weight_encoding": BIPOLAR,
    },
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_accumulates_exactly(case: str) -> None:
    node, x = convolution(**CONVOLUTIONS[case])  # type: ignore[arg-type]
    codes = codes_of(x, 7)
    result = Executor(single(node, x)).run(codes)["y"]
    assert (result == convolve(node, codes)).all()


def test_convolution_in_float32_is_exact_at_its_limit() -> None:
    """All products positive and just within 2**24: any rounded partial sum would show."""
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    taps = 9 * 57
    node, x = convolution((8, 8, 57), 16, input_type="uint8", window=window)
    weight = np.full(node.weight.shape, 127) - (np.arange(node.weight.size) % 3 == 0).reshape(
        node.weight.shape
    )
    bias = np.full(16, (1 << 23) - 255 * 127 * taps // 2 - 1)
    graph = single(
        type(node)(**ONE, weight=weight, weight_type=INT8, bias=bias, window=window), x
    )  # fmt: skip
    assert graph.accumulators["y"].maximum.max() > 1 << 23
    codes = 255 - codes_of(x, 4) % 2
    assert (Executor(graph).run(codes)["y"] == convolve(graph.nodes[0], codes)).all()  # type: ignore[arg-type]


def test_fully_connected_applies_to_the_last_dimension() -> None:
    generator = np.random.default_rng(3)
    x = Tensor.of_type("x", (3, 300), integer_type("int16"))
    weight = generator.integers(-(1 << 15), 1 << 15, (20, 300))
    bias = generator.integers(-(1 << 40), 1 << 40, 20)
    node = FullyConnected(**ONE, weight=weight, weight_type=integer_type("int16"), bias=bias)
    codes = codes_of(x, 9)
    expected = codes.astype(object) @ weight.T.astype(object) + bias
    assert (Executor(single(node, x)).run(codes)["y"] == expected).all()


@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 1), (0, 1))])
@pytest.mark.parametrize("code", ["int8", "uint8", "int16", "uint4"])
def test_pooling(padding: tuple[tuple[int, int], tuple[int, int]], code: str) -> None:
    x = Tensor.of_type("x", (5, 6, 3), integer_type(code))
    window = Window((3, 2), (2, 1), padding=padding)
    limits: dict[str, Any] = {"minimum": x.minimum + 1, "maximum": x.maximum - 1}
    codes = codes_of(x, 6)
    (top, bottom), (left, right) = padding
    padded = np.full((6, 5 + top + bottom, 6 + left + right, 3), np.nan)
    padded[:, top : top + 5, left : left + 6] = codes
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 2), (1, 2))[:, ::2]
    largest = np.nanmax(windows, axis=(-2, -1)).astype(int)
    total = np.nansum(windows, axis=(-2, -1)).astype(int)
    count = np.isfinite(windows).sum(axis=(-2, -1))
    mean = np.sign(total) * ((2 * np.abs(total) + count) // (2 * count))

    def run(node: Node) -> NDArray[Any]:
        return Executor(single(node, x)).run(codes)["y"]

    low, high = limits.values()
    assert (run(MaxPool(**ONE, window=window, **limits)) == np.clip(largest, low, high)).all()
    assert (run(AveragePool(**ONE, window=window, **limits)) == np.clip(mean, low, high)).all()
    sums = SumPool(**ONE, window=window, encoding=Encoding(2), requantization=None)
    assert (run(sums) == total - 2 * count).all()


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [(0, 1), (1,), (2,), (0, 1, 2)])
def test_mean_sums_over_any_axes(axes: tuple[int, ...], keep: bool) -> None:
    node = Mean(**ONE, axes=axes, keep_dimensions=keep, encoding=Encoding(-3), requantization=None)
    codes = codes_of(IMAGE, 5)
    expected = (codes + 3).sum(axis=tuple(axis + 1 for axis in axes), keepdims=keep)
    result = Executor(single(node, IMAGE)).run(codes)["y"]
    assert result.shape == expected.shape
    assert (result == expected).all()


def test_add_rounds_each_operand_as_tflite_does() -> None:
    """RDBPOT(SRDHM(value << 20, M), 3) in arbitrary-precision integers, for every code."""
    x = Tensor.of_type("x", (256,), INT8)
    multiplier = 1234567891
    addend = Addend(Encoding(5), multiplier, half_up_shift=11, half_away_shift=3, subtract=True)
    codes = np.arange(-128, 128)[None]
    result = Executor(single(Add(**ONE, addends=(addend,)), x)).run(codes)["y"][0]
    for code, value in zip(codes[0].tolist(), result.tolist(), strict=True):
        high = (((code - 5) << 20) * multiplier + (1 << 30)) >> 31
        magnitude = (abs(high) + 4) >> 3
        assert value == (magnitude if high < 0 else -magnitude)


def test_operands_broadcast_behind_the_batch() -> None:
    row = Tensor.of_type("r", (3,), INT8)
    inputs = {"x": codes_of(IMAGE, 4), "r": codes_of(row, 4, seed=1)}
    spread = inputs["r"][:, None, None]
    add = Add(inputs=("r", "x"), output="y", addends=(Addend(multiplier=3), Addend(Encoding(1))))
    multiply = Multiply(inputs=("x", "r"), output="y", encodings=(Encoding(4), Encoding()))
    results = [Executor(single(node, IMAGE, row)).run(inputs)["y"] for node in (add, multiply)]
    assert (results[0] == 3 * spread + inputs["x"] - 1).all()
    assert (results[1] == (inputs["x"] - 4) * spread).all()


def test_nodes_that_move_or_map_codes() -> None:
    generator = np.random.default_rng(5)
    values = generator.integers(0, 1 << 16, 256)
    graph = Graph(
        (IMAGE,),
        (
            Pad(inputs=("x",), output="padded", padding=((1, 0), (0, 2), (0, 1)), code=-7),
            Concat(inputs=("padded", "padded"), output="joined", axis=1),
            Reshape(inputs=("joined",), output="flat", shape=(6 * 16 * 4,)),
            Table(inputs=("flat",), output="mapped", values=values, type=integer_type("uint16")),
            Clamp(inputs=("x",), output="clamped", minimum=-5, maximum=60),
            Slice(
                inputs=("padded",),
                output="part",
                begin=(1, 0, 1),
                size=(3, 2, 1),
                stride=(1, 3, 5),
            ),
        ),
        ("mapped", "clamped", "part"),
    )
    codes = codes_of(IMAGE, 3)
    padded = np.pad(codes, ((0, 0), (1, 0), (0, 2), (0, 1)), constant_values=-7)
    joined = np.concatenate([padded, padded], axis=2)
    results = Executor(graph).run(codes)
    assert (results["mapped"] == values[joined.reshape(3, -1) + 128]).all()
    assert results["mapped"].dtype == np.uint16
    assert (results["clamped"] == np.clip(codes, -5, 60)).all()
    assert (results["part"] == padded[:, 1:4, 0:4:3, 1:2]).all()


def test_argmax_names_the_first_of_equals() -> None:
    x = Tensor.of_type("x", (2, 4), integer_type("int2"))
    codes = np.array(list(itertools.product(range(-2, 2), repeat=4)))
    pairs = np.stack([codes, codes[::-1]], axis=1)
    assert (Executor(single(ArgMax(**ONE), x)).run(pairs)["y"] == pairs.argmax(axis=-1)).all()


def test_requantized_convolution_is_the_composition() -> None:
    scaler = fixed_point(multiplier=np.arange(1, 7) << 28, exponent=-9, zero_point=3)
    node, x = convolution(requantization=scaler)
    codes = codes_of(x, 7)
    expected = scaler.evaluate(convolve(node, codes))
    assert len(np.unique(expected)) > 50
    assert (Executor(single(node, x)).run(codes)["y"] == expected).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_of_any_size_give_the_same(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    node, x = convolution(requantization=fixed_point())
    codes = codes_of(x, 23)
    whole = Executor(single(node, x)).run(codes, keep=["y", "x"])
    monkeypatch.setattr("bittrue.golden.executor.execute._BATCH_BYTES", 8 * 5 * 4 * 6 * 5)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        parts = Executor(single(node, x)).run(codes, keep=["y", "x"])
    finally:
        torch.set_num_threads(before)
    assert (whole["y"] == parts["y"]).all()
    assert (parts["x"] == codes).all()
    assert parts["x"].dtype == np.int8
    assert Executor(single(node, x)).run(codes[:0])["y"].shape == (0, *whole["y"].shape[1:])


def test_global_precision_settings_do_not_reach_the_arithmetic() -> None:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        x = Tensor.of_type("x", (512,), INT8)
        weight = np.random.default_rng(0).integers(-128, 128, (64, 512))
        node = FullyConnected(**ONE, weight=weight, weight_type=INT8, bias=np.zeros(64, int))
        codes = codes_of(x, 64)
        assert (Executor(single(node, x)).run(codes)["y"] == codes @ weight.T).all()
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize(
    ("codes", "keep", "message"),
    [
        (np.zeros((2, 39), int), None, r"allowed: integers of shape \('samples', 40\)"),
        (np.zeros((2, 40)), None, "type float64"),
        (np.full((2, 40), 128), None, "spans 128 to 128; allowed: -128 to 127"),
        (np.zeros((2, 40), int), ["z"], "tensor 'z' is asked for"),
        ({"z": np.zeros((2, 40), int)}, None, r"inputs are \['z'\]; allowed: \['x'\]"),
    ],
)
def test_wrong_inputs_are_refused(codes: Any, keep: list[str] | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Executor(single(Clamp(**ONE, minimum=0, maximum=1), VECTOR)).run(codes, keep)


def test_softmax_is_close_to_softmax() -> None:
    """A sanity check in real numbers; equality with LiteRT is in the importer's tests."""
    from bittrue.golden.numbers.softmax import softmax_exponential

    scale = 0.07
    node = Softmax(**ONE, exponential=softmax_exponential(scale, 1.0, 8), type=INT8)
    codes = codes_of(VECTOR, 100)
    real = torch.softmax(torch.from_numpy(codes) * scale, dim=-1).numpy()
    result = Executor(single(node, VECTOR)).run(codes)["y"].astype(int)
    assert np.abs((result + 128) / 256 - real).max() < 0.5 / 256 + 1e-4


def test_integer_types_of_results_are_the_smallest() -> None:
    graph = single(ArgMax(**ONE), Tensor.of_type("x", (300,), INT8))
    assert graph.tensors["y"].type == IntegerType(9, False)
    assert Executor(graph).run(np.zeros((1, 300), int))["y"].dtype == np.uint16


def test_loops_compile_where_nothing_can_be_kept() -> None:
    """As in a container whose user owns no folder: of Numba's locators one that finds none."""
    program = (
        "from bittrue.golden.executor.loops import look_up; import numpy as np; x = np.arange(3); "
    )
    program += "y = x.copy(); look_up(x[::-1].copy(), x, y); print(y, look_up.stats.cache_path)"
    environment = os.environ | {"NUMBA_CACHE_LOCATOR_CLASSES": "IPythonCacheLocator"}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[2 1 0] None\n"

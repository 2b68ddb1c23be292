"""Integer products at the limits of their widths, on this processor and in code for others."""

import os
import platform
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from bittrue.golden.compiled import compiled
from bittrue.golden.executor import products
from bittrue.golden.executor.execute import Executor
from bittrue.golden.executor.tile import LANES, fastest_multiply, matrix_tile, multiply_pairs
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import Encoding
from bittrue.golden.numbers.rounding import Rounding
from tests.support.graphs import (
    INT8,
    codes_of,
    convolution,
    convolve,
    fixed_point,
    integer_type,
    single,
)

ONE: dict[str, Any] = {"inputs": ("x",), "output": "y"}
INT16 = integer_type("int16")


def extreme_rows(inputs: int) -> FullyConnected:
    """Return a layer that reaches 2**22 for each of its inputs, and as much below zero."""
    weight = np.full((20, inputs), -128)
    weight[1::2] = 127
    bias = np.where(np.arange(20) % 2, -3, 5)
    return FullyConnected(**ONE, weight=weight, weight_type=INT8, bias=bias)


def sums_of(node: FullyConnected, codes: np.ndarray) -> np.ndarray:
    return codes.astype(object) @ node.weight.T.astype(object) + node.bias


@pytest.mark.parametrize(("inputs", "integers"), [(511, True), (512, False), (9000, False)])
def test_sums_are_exact_on_both_sides_of_32_bits(inputs: int, integers: bool) -> None:
    x = Tensor.of_type("x", (inputs,), INT16)
    node = extreme_rows(inputs)
    graph = single(node, x)
    assert products.takes_integers(node, x, graph.accumulators["y"]) is integers
    codes = np.repeat([[-32768], [32767], [-1], [0], [3]], inputs, axis=1)
    codes[2:, ::3] = -32768
    assert (Executor(graph).run(codes)["y"] == sums_of(node, codes)).all()


def test_a_bias_may_move_sums_into_32_bits() -> None:
    """Without it they have 33; they start from it."""
    x = Tensor("x", (700,), INT16, 0, 32767)
    weight = np.full((3, 700), 127)
    node = FullyConnected(
        **ONE, weight=weight, weight_type=INT8, bias=np.full(3, -1_500_000_000, dtype=np.int64)
    )
    graph = single(node, x)
    assert products.takes_integers(node, x, graph.accumulators["y"])
    codes = np.repeat([[32767], [0], [1], [20_000]], 700, axis=1)
    assert (Executor(graph).run(codes)["y"] == sums_of(node, codes)).all()


def floats_used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of what computes in floating point from now on."""
    used: list[str] = []
    for name in ("_float_products", "_float_convolution"):
        honest = getattr(products, name)

        def noted(*arguments: Any, honest: Any = honest, name: str = name) -> Any:
            used.append(name)
            return honest(*arguments)

        monkeypatch.setattr(products, name, noted)
    return used


@pytest.mark.parametrize(("magnitude", "floats"), [(6_000, []), (32_767, ["_float_products"])])
def test_wide_sums_are_those_of_halves_or_of_floats(
    magnitude: int, floats: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes of 16-bit values, where 255 times the weights of a channel fit 32 bits."""
    used = floats_used(monkeypatch)
    generator = np.random.default_rng(magnitude)
    weight = np.where(generator.random((4, 300)) < 0.5, -magnitude, magnitude)
    weight[0] = magnitude
    bias = generator.integers(-(1 << 30), 1 << 30, 4)
    node = FullyConnected(**ONE, weight=weight, weight_type=INT16, bias=bias)
    graph = single(node, Tensor.of_type("x", (300,), INT16))
    largest, smallest = np.where(weight > 0, 32767, -32768), np.where(weight > 0, -32768, 32767)
    codes = np.concatenate([largest, smallest, generator.integers(-32768, 32768, (9, 300))])
    assert graph.accumulators["y"].type.width > 32
    assert (Executor(graph).run(codes)["y"] == sums_of(node, codes)).all()
    assert used == floats


@pytest.mark.parametrize("groups", [1, 2, 8])
def test_convolutions_by_halves(groups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """16-bit weights; padding stands for the value zero, which is not the code zero."""
    used = floats_used(monkeypatch)
    node, x = convolution(
        shape=(5, 4, 8), outputs=8, groups=groups, input_type="uint15", weight_type="int16",
        input_encoding=Encoding(16_000),
    )  # fmt: skip
    graph = single(node, x)
    codes = codes_of(x, samples=3)
    wide = graph.accumulators["y"].type.width > 32
    assert wide or groups == 8
    assert (Executor(graph).run(codes)["y"] == convolve(node, codes)).all()
    assert not used


def test_halves_with_the_narrowest_sums() -> None:
    """No weights to speak of below a bias of 40 bits: sums of halves lie in memory as bytes."""
    weight = np.array([[0, 0], [0, 1], [-1, 1]])
    bias = np.array([-(1 << 40), 1 << 40, -7])
    node = FullyConnected(**ONE, weight=weight, weight_type=INT8, bias=bias)
    graph = single(node, Tensor.of_type("x", (2,), INT16))
    codes = np.array([[0, 0], [-32768, 32767], [1, -1], [255, -256]])
    assert (Executor(graph).run(codes)["y"] == sums_of(node, codes)).all()


def test_sums_beyond_32_bits_would_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the limit is where it must be."""
    monkeypatch.setattr(products, "takes_integers", lambda *_: True)
    node, codes = extreme_rows(512), np.full((4, 512), -32768)
    result = Executor(single(node, Tensor.of_type("x", (512,), INT16))).run(codes)["y"]
    assert (result != sums_of(node, codes)).any()


def test_every_product_of_bytes() -> None:
    x = Tensor.of_type("x", (1,), INT8)
    every = np.arange(-128, 128)
    node = FullyConnected(**ONE, weight=every[:, None], weight_type=INT8, bias=0 * every)
    assert (Executor(single(node, x)).run(every[:, None])["y"] == np.outer(every, every)).all()


@pytest.mark.parametrize("multiply", [fastest_multiply(), multiply_pairs])
@pytest.mark.parametrize("rows", [1, 3])
def test_tiles_add_the_largest_pairs(multiply, rows: int) -> None:  # type: ignore[no-untyped-def]
    """Both ways to multiply, on pairs that saturate where pairs are added in 16 bits."""
    tile, runs, steps = matrix_tile(rows, multiply), np.array([0, 9]), 2

    @compiled
    def run(values, weights, bias, sums):  # type: ignore[no-untyped-def]
        tile(values, 0, 20, runs, steps, weights, 0, bias, 0, sums, 0, LANES)

    generator = np.random.default_rng(0)
    corners = np.array([-32768, 32767, -1, 0, 255, -255])
    values = generator.choice(corners, 80).astype(np.int16)
    # Two products of -2**15 with itself would be 2**31.
    weights = generator.choice([-16384, 16383, 128, -128], (2, steps, LANES, 2)).astype(np.int16)
    bias, sums = np.arange(LANES, dtype=np.int32), np.zeros(rows * LANES, dtype=np.int32)
    run(values, weights.reshape(-1), bias, sums)
    seen = np.array(
        [[values[20 * row + at : 20 * row + at + 4] for at in runs] for row in range(rows)]
    ).reshape(rows, 2, steps, 2)
    exact = np.einsum("rtsp,tsnp->rn", seen.astype(np.int64), weights.astype(np.int64)) + bias
    assert (np.abs(exact) < 1 << 31).all()
    assert (sums.reshape(rows, LANES) == exact).all()


def rounded(product: np.ndarray, shift: int, rounding: Rounding) -> np.ndarray:
    """Return products below 2**50, divided by ``2**shift``, in floating point that is exact."""

    def half_up(value: np.ndarray, bits: int) -> np.ndarray:
        return np.floor(value / 2.0**bits + 0.5) if bits else value

    def half_away(value: np.ndarray, bits: int) -> np.ndarray:
        return np.sign(value) * half_up(np.abs(value), bits)

    first = min(shift, 31)
    return {
        Rounding.TFLITE_DOUBLE: lambda: half_away(half_up(product, first), shift - first),
        Rounding.RUY: lambda: half_up(half_up(product, first), shift - first),
        Rounding.SINGLE_HALF_UP: lambda: half_up(product, shift),
        Rounding.SINGLE_HALF_AWAY: lambda: half_away(product, shift),
        Rounding.SINGLE_HALF_EVEN: lambda: np.rint(product / 2.0**shift),
        Rounding.FLOOR: lambda: np.floor(product / 2.0**shift),
        Rounding.TRUNCATE: lambda: np.trunc(product / 2.0**shift),
    }[rounding]()


@pytest.mark.parametrize("rounding", [r for r in Rounding if r is not Rounding.STOCHASTIC])
@pytest.mark.parametrize("exponent", [-9, -1, 0, 4])
def test_every_accumulator_of_16_bits_is_rounded_as_defined(
    rounding: Rounding, exponent: int
) -> None:
    multiplier = np.array([1 << 30, (1 << 31) - 1, (1 << 30) + 1, 3 << 29, 1 << 24, 7, 1, 0])
    scaler = fixed_point(multiplier=multiplier, exponent=exponent, zero_point=-7, rounding=rounding)
    weight = np.ones((8, 1), dtype=int)
    node = FullyConnected(
        **ONE, weight=weight, weight_type=INT8, bias=np.zeros(8, int), requantization=scaler
    )
    codes = np.arange(-(1 << 15), 1 << 15)[:, None]
    result = Executor(single(node, Tensor.of_type("x", (1,), INT16))).run(codes)["y"]
    exact = rounded((codes * multiplier).astype(float), 31 - exponent, rounding)
    kind = IntegerType(8, True)
    assert (result == np.clip(exact - 7, kind.minimum, kind.maximum)).all()


CODE = """
from numba import njit, types
from bittrue.golden.executor.tile import ROWS, fastest_multiply, matrix_tile
tile = matrix_tile(ROWS, fastest_multiply())
shorts, words, indices = (types.Array(t, 1, "C") for t in (types.int16, types.int32, types.int64))
def run(values, runs, weights, bias, sums):
    tile(values, 0, 64, runs, 32, weights, 0, bias, 0, sums, 0, 16)
compiled = njit((shorts, indices, shorts, words, words))(run)
text = "".join(compiled.inspect_asm().values())
print([name for name in ("vpmaddwd", "vpdpwssd") if name in text])
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the instructions are those of x86-64")
@pytest.mark.parametrize(
    ("processor", "features", "expected"),
    [("haswell", "+avx2", "['vpmaddwd']"),
     ("icelake-server", "+avx2,+avx512f,+avx512vl,+avx512bw,+avx512vnni",
      "['vpdpwssd']")],
)  # fmt: skip
def test_processors_are_used_for_what_they_can(
    processor: str, features: str, expected: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What the compiler makes of the same loop; the processor need not be this one."""
    environment = os.environ | {
        "NUMBA_CPU_NAME": processor,
        "NUMBA_CPU_FEATURES": features,
        "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("numba")),
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == expected, done.stderr

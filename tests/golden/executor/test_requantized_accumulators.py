"""Codes of requantized accumulators, executed, against exact rational arithmetic and floats."""

from typing import Any

import numpy as np
import pytest

from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Certified, Encoding, FixedPoint, Requantization, Tensor
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from tests.support.exact_requantization import decisive_accumulators, exact
from tests.support.exceptional_scales import EXCEPTIONAL, exceptional
from tests.support.graphs import INT8, single

DETERMINISTIC = [rounding for rounding in Rounding if rounding is not Rounding.STOCHASTIC]

SETTINGS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "multipliers that make ties": ([1 << 30, 3 << 29, 1 << 30, 5 << 28], [-6, -8, -7, -9], {}),
    "any multipliers": ([0x5A827999, 0x7FFFFFFF, 0x40000001, 0x6DB6DB6D], [-7, -11, -9, -8], {}),
    "relu": ([0x5A827999, 1 << 30], [-7, -6], {"zero_point": -128}),
    "relu6": ([0x5A827999, 1 << 30], [-7, -6], {"zero_point": -90, "minimum": -90, "maximum": 70}),
    "exponents far apart": ([0x5A827999, 0x7FFFFFFF, 0, 1], [-27, 3, -5, 20], {}),
    "clamps that differ": ([1 << 30, 1 << 30], [-7, -6], {"minimum": [-128, -3]}),
    "products are shifted left": ([1 << 30, 0x7FFFFFFF], [0, 5], {}),
}


def accumulating(bias: np.ndarray, requantization: Requantization) -> tuple[FullyConnected, Tensor]:
    """Return a node whose accumulators are a bias plus its input, one of -1, 0 and 1."""
    x = Tensor("x", (1,), IntegerType(2, True), -1, 1)
    node = FullyConnected(
        inputs=("x",),
        output="y",
        weight=np.ones((len(bias), 1), int),
        weight_type=IntegerType(2, True),
        bias=bias,
        requantization=requantization,
    )
    return node, x


@pytest.mark.parametrize("output", [INT8, IntegerType(8, False), IntegerType(14, True)])
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("rounding", DETERMINISTIC)
def test_fixed_point_equals_rational_arithmetic(
    rounding: Rounding, name: str, output: IntegerType
) -> None:
    multiplier, exponent, clamp = SETTINGS[name]
    if not output.signed:
        clamp = {key: np.add(value, 128) for key, value in clamp.items()}
    spec = RequantSpec(output=output, maximum_exponent=31, roundings=tuple(DETERMINISTIC))
    few = RequantChannels(spec, multiplier, exponent, **clamp)
    decisive = decisive_accumulators(few, np.random.default_rng(1), 60)
    bias = np.clip(decisive, -(1 << 31) + 1, (1 << 31) - 2)
    channels = np.tile(np.arange(len(few)), len(bias))
    many = RequantChannels(
        spec, *(getattr(few, field)[channels] for field in (
            "multiplier", "exponent", "zero_point", "minimum", "maximum"
        ))
    )  # fmt: skip
    node, x = accumulating(bias.reshape(-1), FixedPoint(many, rounding))
    codes = Executor(single(node, x)).run(np.array([[-1], [0], [1]]))["y"]
    expected = [
        [exact(int(value) + code, few, channel, rounding, 0)
         for value, channel in zip(node.bias, channels, strict=True)]
        for code in (-1, 0, 1)
    ]  # fmt: skip
    assert codes.tolist() == expected


@pytest.mark.parametrize("name", EXCEPTIONAL)
@pytest.mark.parametrize("per_channel", [False, True])
def test_exceptions_of_a_certificate_are_corrected(name: str, per_channel: bool) -> None:
    reference, limit = exceptional(name)
    one = find_certificate(reference, [-limit], [limit], 0, -128, 127)
    excepted = one.exception[one.correction != 0]
    bias = np.concatenate([excepted, one.steps.thresholds[0], [-1, 0]]).clip(1 - limit, limit - 1)
    if per_channel:
        bias = bias[:20]
    channels = len(bias) if per_channel else 1
    certificate = find_certificate(reference, [-limit] * channels, [limit], 0, -128, 127)
    node, x = accumulating(bias, Certified(certificate, INT8))
    steps = np.array([[-1], [0], [1]])
    codes = Executor(single(node, x)).run(steps)["y"]
    assert (codes == reference(bias + steps)).all()


@pytest.mark.parametrize("kinds", [("int8", "uint8"), ("uint3", "int8"), ("int16", "int5")])
def test_sums_and_products_of_every_pair_of_codes(kinds: tuple[str, str]) -> None:
    """Tabulated up to 8 bits and computed beyond, equal to the sums themselves."""
    first, second = (Tensor.of_type(name, (1,), IntegerType.parse(kind))
                     for name, kind in zip("ab", kinds, strict=True))  # fmt: skip
    a, b = (np.arange(t.minimum, t.maximum + 1) for t in (first, second))
    generator = np.random.default_rng(2)
    pairs = {"a": np.repeat(a, len(b))[:, None], "b": np.tile(b, len(a))[:, None]}
    if len(pairs["a"]) > 1 << 17:
        pairs = {name: codes[generator.integers(len(codes), size=5000)]
                 for name, codes in pairs.items()}  # fmt: skip
    scaler = FixedPoint(
        RequantChannels(RequantSpec(), 3 << 29, -3, 7), Rounding.SINGLE_HALF_AWAY
    )  # 3 / 32
    names: dict[str, Any] = {"inputs": ("a", "b"), "output": "y", "requantization": scaler}
    add = Add(**names, addends=(Addend(Encoding(1), 5), Addend(subtract=True)))
    multiply = Multiply(**names, encodings=(Encoding(1), Encoding()))
    for node, value in (
        (add, 5 * (pairs["a"] - 1) - pairs["b"]),
        (multiply, (pairs["a"] - 1) * pairs["b"]),
    ):
        magnitude = (3 * np.abs(value) + 16) >> 5
        expected = np.clip(np.sign(value) * magnitude + 7, -128, 127)
        assert (Executor(single(node, first, second)).run(pairs)["y"] == expected).all()


@pytest.mark.parametrize("kind", ["int8", "uint5", "int16"])
def test_requantize_of_every_code(kind: str) -> None:
    x = Tensor.of_type("x", (), IntegerType.parse(kind))
    channels = RequantChannels(RequantSpec(), 0x5A827999, -5, 3)
    node = Requantize(
        inputs=("x",),
        output="y",
        encoding=Encoding(2),
        requantization=FixedPoint(channels, Rounding.TFLITE_DOUBLE),
    )
    codes = np.arange(x.minimum, x.maximum + 1)
    expected = [exact(code - 2, channels, 0, Rounding.TFLITE_DOUBLE, 0) for code in codes.tolist()]
    assert Executor(single(node, x)).run(codes)["y"].tolist() == expected

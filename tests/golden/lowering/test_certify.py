"""Certified graphs against the graphs they come from."""

import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from bittrue.golden.certificates.certificate import CertificateError
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph import (
    AccumulatingNode,
    Certified,
    FixedPoint,
    Graph,
    Node,
    Requantization,
    Tensor,
)
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.tensor import Encoding
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.float_requant import requantize_float32_half_even
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.units.requant import requantize
from tests.support.graphs import codes_of, convolution, fixed_point, integer_type, single
from tests.support.models import MODEL_NAMES, MODELS


def graph_of_convolution(channels: int) -> Graph:
    rng = np.random.default_rng(channels)
    requantization = fixed_point(
        multiplier=rng.integers(1 << 30, 1 << 31, channels),
        exponent=rng.integers(-9, -5, channels),
        zero_point=-7,
        minimum=-100,
        maximum=120,
    )
    return single(*convolution(requantization=requantization))


def requantization_of(node: Node) -> Requantization | None:
    """Return how a node that accumulates makes codes; None for other nodes."""
    return node.requantization if isinstance(node, AccumulatingNode) else None


@pytest.mark.parametrize("channels", [1, 6])
def test_every_reachable_accumulator_gives_the_same_code(channels: int) -> None:
    graph = graph_of_convolution(channels)
    original = requantization_of(graph.nodes[0])
    replaced = requantization_of(certify(graph).nodes[0])
    assert isinstance(original, FixedPoint)
    assert isinstance(replaced, Certified)
    assert len(replaced) == channels
    assert replaced.certificate.multiplier_width < 31
    bounds = graph.accumulators["y"]
    every = np.arange(bounds.minimum.min(), bounds.maximum.max() + 1)[:, None]
    if channels > 1:
        every = np.clip(every, bounds.minimum, bounds.maximum)
    expected = requantize(torch.from_numpy(every), original.channels, original.rounding)
    np.testing.assert_array_equal(replaced.evaluate(every), expected.numpy())


def test_graphs_execute_equally() -> None:
    graph = graph_of_convolution(6)
    certified = certify(graph)
    codes = codes_of(graph.inputs[0], samples=20)
    expected = Executor(graph).run(codes)["y"]
    np.testing.assert_array_equal(Executor(certified).run(codes)["y"], expected)
    assert certified.tensors["y"] == graph.tensors["y"]


def requantize_graph(requantization: FixedPoint, channels: int, kind: str = "int16") -> Graph:
    tensor = Tensor.of_type("x", (channels,), integer_type(kind))
    node = Requantize(inputs=("x",), output="y", encoding=Encoding(), requantization=requantization)
    return single(node, tensor)


def test_what_has_no_certificate_stays_as_it_is() -> None:
    """Ties to even go up and down in turn; no rounding constant does that."""
    ties = fixed_point(multiplier=1 << 30, exponent=-6, rounding=Rounding.SINGLE_HALF_EVEN)
    graph = requantize_graph(ties, 3)
    with pytest.raises(CertificateError):
        find_certificate(ties.evaluate, -(1 << 15), (1 << 15) - 1, 0, -128, 127, exceptions=4)
    assert requantization_of(certify(graph).nodes[0]) is ties


def test_what_was_found_serves_the_same_content_only() -> None:
    """Other multipliers, clamps or roundings of the same shape have certificates of their own."""
    halves = [Rounding.SINGLE_HALF_UP, Rounding.FLOOR]
    kinds = [fixed_point(multiplier=m, exponent=-8, rounding=r) for m in (3 << 29, 7 << 28)
             for r in halves]  # fmt: skip
    every = np.arange(-(1 << 15), 1 << 15)[:, None]
    for kind in kinds + kinds:
        found = requantization_of(certify(requantize_graph(kind, 3)).nodes[0])
        again = requantization_of(certify(requantize_graph(kind, 3)).nodes[0])
        assert isinstance(found, Certified)
        assert found is again
        expected = requantize(torch.from_numpy(every), kind.channels, kind.rounding).numpy()
        np.testing.assert_array_equal(found.evaluate(every), expected)


def test_many_channels_of_wide_codes_stay_as_they_are() -> None:
    wide = fixed_point("int16", np.full(40, 1 << 30), -1)
    assert requantization_of(certify(requantize_graph(wide, 40)).nodes[0]) is wide


def test_channels_of_a_certificate_can_be_taken() -> None:
    scale = np.random.default_rng(0).uniform(0.0005, 0.004, 64).astype(np.float32)
    bounds = np.full(64, 300_000)
    certificate = find_certificate(
        lambda acc: requantize_float32_half_even(acc, scale, -128, -128, 127),
        -bounds, bounds, -128, -128, 127,
    )  # fmt: skip
    chosen = [5, 0, 63]
    some = certificate.select(chosen)
    some.check()
    assert len(some.exception) == len(certificate.exception) > 0
    accumulator = np.random.default_rng(1).integers(-300_000, 300_001, (5000, 3))
    everything = np.zeros((5000, 64), dtype=np.int64)
    everything[:, chosen] = accumulator
    np.testing.assert_array_equal(
        some.evaluate(accumulator), certificate.evaluate(everything)[:, chosen]
    )


def test_torch_is_not_imported() -> None:
    program = "import sys, bittrue.golden.lowering.certify; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.skipif(not MODELS.is_dir(), reason="set BITTRUE_MODELS to MLPerf Tiny's networks")
@pytest.mark.parametrize("name", MODEL_NAMES)
def test_convolutions_and_dense_layers_of_real_networks_are_certified(name: str) -> None:
    graph = load_network(MODELS / f"{name}.tflite")
    started = time.process_time()
    certified = certify(graph)
    assert time.process_time() - started < 10
    for before, after in zip(graph.nodes, certified.nodes, strict=True):
        original = requantization_of(before)
        if original is None:
            continue
        assert isinstance(original, FixedPoint)
        replaced = requantization_of(after)
        if before.operator() in ("convolution", "fully_connected"):
            assert isinstance(replaced, Certified)
        if isinstance(replaced, Certified):
            rounded = original

            def reference(accumulator: np.ndarray, rounded: FixedPoint = rounded) -> np.ndarray:
                codes = requantize(
                    torch.from_numpy(accumulator.copy()), rounded.channels, rounded.rounding
                )
                return codes.numpy()

            replaced.certificate.check(reference)

"""Sums of tensors whose scales are round decimal numbers, which put pairs of codes beside ties."""

from fractions import Fraction

import numpy as np
import pytest

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import OnnxBuilder

Scales = tuple[float, float, float]


def differing(scales: Scales, reference: Scales, kind: str = "Add") -> int:
    """Return how many of all pairs of codes differ from the exact sum, rounded half to even."""
    exact = [Fraction(float(np.float32(scale))) for scale in reference]
    b = OnnxBuilder()
    reals = []
    for name, scale, zero in (("x", scales[0], 100), ("z", scales[1], 5)):
        constants = [b.constant(np.float32(scale)), b.constant(np.uint8(zero))]
        reals.append(b.operator("DequantizeLinear", name, *constants))
    constants = [b.constant(np.float32(scales[2])), b.constant(np.uint8(50))]
    y = b.operator("QuantizeLinear", b.operator(kind, *reals), *constants)
    proto = b.model(dict.fromkeys(("x", "z"), (np.uint8, (1, 1))), [y])
    graph = convert_onnx(proto.SerializeToString(), "onnx")
    first, second = (codes.reshape(-1, 1) for codes in np.mgrid[0:256, 0:256])
    results = Executor(graph).run({"x": first, "z": second})[y].reshape(-1)
    # In integers: the codes are those of numerator / divisor.
    divisor = np.lcm.reduce([(scale / exact[2]).denominator for scale in exact[:2]], dtype=object)
    a, c = (int(scale / exact[2] * divisor) for scale in exact[:2])
    sign = -1 if kind == "Sub" else 1
    values = zip((first - 100).ravel().tolist(), (second - 5).ravel().tolist(), strict=True)
    rounded = [round(Fraction(a * x + sign * c * z, int(divisor))) for x, z in values]
    return int((np.clip(np.array(rounded) + 50, 0, 255) != results).sum())


@pytest.mark.parametrize(
    ("scales", "kind"),
    [
        ((0.05, 0.3, 0.2), "Add"),
        ((0.1, 0.2, 0.3), "Sub"),
        ((0.15, 0.05, 0.2), "Add"),
        ((0.02, 0.05, 0.07), "Sub"),
    ],
)
def test_exact_sum(scales: Scales, kind: str) -> None:
    assert differing(scales, scales, kind) == 0


def test_sums_of_other_scales_differ() -> None:
    """The comparison sees what it is for."""
    assert differing((0.05, 0.3, 0.2), (0.05, 0.301, 0.2)) > 100

"""Resize by interpolation, against ONNX Runtime's float operator."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.frontends.onnx.no_integer_kernel import FloatingPointWarning
from tests.support.onnx_builder import QuantizedBuilder, Tensor
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime


def network(
    scales: tuple[float, ...] = (), sizes: tuple[int, ...] = (), **modes: str
) -> onnx.ModelProto:
    """Return one with scales that are powers of two, so that no number of float32 is rounded."""
    b = QuantizedBuilder(np.uint8, False, 3)
    given = b.input(2, 4, 5)
    x = Tensor(given.name, np.float32(2.0**-5), 100, given.shape)
    if scales:
        how = ["", b.builder.constant(np.array([1, 1, *scales], np.float32))]
    else:
        how = ["", "", b.builder.constant(np.array([1, 2, *sizes], np.int64))]
    y = b.builder.operator("Resize", b.real(x), *how, mode="linear", **modes)
    return b.model(b.quantized(y, (), np.float32(2.0**-4), 90))


HALF, CORNER = "half_pixel", "asymmetric"
CASES: dict[str, dict[str, Any]] = {
    "twice": {"scales": (2, 2)},
    "four times": {"scales": (4, 1), "coordinate_transformation_mode": "pytorch_half_pixel"},
    "half": {"scales": (0.5, 1), "coordinate_transformation_mode": HALF},
    "from the corner": {"scales": (2, 4), "coordinate_transformation_mode": CORNER},
    "to a size": {"sizes": (8, 5), "coordinate_transformation_mode": CORNER},
    "corners": {"sizes": (7, 9), "coordinate_transformation_mode": "align_corners"},
    "one row": {"sizes": (1, 5), "coordinate_transformation_mode": "pytorch_half_pixel"},
}


@pytest.mark.parametrize("name", CASES)
def test_equals_onnxruntime(name: str) -> None:
    proto = network(**CASES[name])
    with pytest.warns(FloatingPointWarning):
        graph = convert_onnx(proto.SerializeToString())
    inputs, (output,) = inputs_of(proto, graph, 12), graph.outputs
    expected = run_runtime(proto, graph, inputs, [output], optimized=False)[output]
    assert len(np.unique(expected)) > 10
    assert np.array_equal(run_graph(graph, inputs)[output], expected)


def test_the_way_of_counting_places_matters() -> None:
    """Negative control: another mode is another network."""
    graphs = [
        convert_onnx(
            network((2, 2), coordinate_transformation_mode=mode).SerializeToString(), "onnx"
        )
        for mode in (HALF, CORNER)
    ]
    proto = network((2, 2))
    results = [run_graph(graph, inputs_of(proto, graph, 4)) for graph in graphs]
    first, second = (made[graph.outputs[0]] for made, graph in zip(results, graphs, strict=True))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("modes", "message"),
    [
        ({"sizes": (1 << 40, 10)}, "it resizes to .*allowed: up to 1,048,576 rows or columns"),
        ({"sizes": (8, 10), "coordinate_transformation_mode": "align_corners"}, "1/4096"),
        (
            {"scales": (2, 2), "coordinate_transformation_mode": "tf_crop_and_resize"},
            "allowed: half",
        ),
    ],
)
def test_refused(modes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        convert_onnx(network(**modes).SerializeToString())

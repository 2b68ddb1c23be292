"""Parts of .onnx files, between tensors that are named."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from bittrue.cli import main
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from tests.support.onnx_builder import QuantizedBuilder
from tests.support.onnx_comparison import inputs_of, run_graph, run_runtime


def network() -> tuple[onnx.ModelProto, dict[str, str]]:
    """Return three convolutions in a row, and what their codes are called."""
    b = QuantizedBuilder(np.uint8, False, 6)
    first = b.convolution(b.input(3, 7, 7), 4)
    second = b.convolution(first, 5, relu=True)
    third = b.convolution(second, 6, size=1)
    return b.model(third), {"first": first.name, "second": second.name, "third": third.name}


def test_a_part_makes_what_onnxruntime_makes_in_the_whole() -> None:
    proto, names = network()
    whole = convert_onnx(proto.SerializeToString())
    content = onnx.shape_inference.infer_shapes(proto).SerializeToString()
    part = convert_onnx(content, inputs=(names["first"],), outputs=(names["second"],))
    assert [tensor.name for tensor in part.inputs] == [names["first"]]
    assert part.outputs == (names["second"],)
    assert part.tensors[names["first"]].shape == whole.tensors[names["first"]].shape
    inputs = inputs_of(proto, whole, 4)
    made = run_runtime(proto, whole, inputs, [names["first"], names["second"]])
    results = run_graph(part, {names["first"]: made[names["first"]]})
    assert np.array_equal(results[names["second"]], made[names["second"]])


def test_the_command_cuts_and_keeps_the_files_layout(tmp_path: Path) -> None:
    proto, names = network()
    path = tmp_path / "net.onnx"
    path.write_bytes(onnx.shape_inference.infer_shapes(proto).SerializeToString())
    whole = convert_onnx(proto.SerializeToString())
    inputs = inputs_of(proto, whole, 3)
    made = run_runtime(proto, whole, inputs, list(names.values()))
    np.save(tmp_path / "x.npy", made[names["first"]])
    words = ["run", str(path), "--inputs", names["first"], "--input", str(tmp_path / "x.npy")]
    assert main([*words, "--output", str(tmp_path / "y.npy")]) == 0
    assert np.array_equal(np.load(tmp_path / "y.npy"), made[names["third"]])


def test_an_input_whose_shape_is_not_known_is_refused() -> None:
    b = QuantizedBuilder(np.uint8, False, 6)
    x = b.convolution(b.input(3, 7, 7), 4)
    # An operator of a domain that ONNX's inference does not know hides what follows.
    hidden = b.builder.operator("Hidden", x.name, domain="somewhere.else")
    proto = b.model(b.convolution(b.quantized(hidden, x.shape), 5))
    with pytest.raises(UserError, match="whose shape is not known; run ONNX's shape inference"):
        convert_onnx(proto.SerializeToString(), inputs=(hidden,))


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (("firts",), (), "--inputs names 'firts', which is no tensor of the file"),
        ((), ("third", "third"), "--outputs names 'third'"),
    ],
)
def test_ends_that_are_none_are_refused(
    inputs: tuple[str, ...], outputs: tuple[str, ...], message: str
) -> None:
    proto, _ = network()
    with pytest.raises(UserError, match=message):
        convert_onnx(proto.SerializeToString(), inputs=inputs, outputs=outputs)

"""Inputs in real numbers whose codes the user says, against ONNX Runtime and qonnx."""

from typing import Any

import numpy as np
import onnx
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.onnx_builder import QuantizedBuilder, session
from tests.support.onnx_comparison import run_graph
from tests.support.qonnx_networks import QonnxBuilder, differences, with_shape

IMAGE = (3, 4, 5)


def preprocessed(by_channel: bool) -> onnx.ModelProto:
    """Bytes divided by 255, shifted and scaled, before the first quantizer."""
    b = QuantizedBuilder(np.uint8, False, 3)
    x = b.builder.operator("Div", "x", b.builder.constant(np.float32(255)))
    shape = (1, 3, 1, 1) if by_channel else ()
    mean, deviation = (b.random.uniform(0.2, 0.6, shape).astype(np.float32) for _ in range(2))
    x = b.builder.operator("Sub", x, b.builder.constant(mean))
    x = b.builder.operator("Div", x, b.builder.constant(deviation))
    b.inputs["x"] = (np.float32, ("batch", *IMAGE))
    return b.model(b.convolution(b.quantized(x, IMAGE, np.float32(0.021), 99), 4))


@pytest.mark.parametrize("by_channel", [False, True])
def test_bytes_are_what_onnxruntime_makes_of_them(by_channel: bool) -> None:
    """All bytes in every channel."""
    proto = preprocessed(by_channel)
    graph = convert_onnx(proto.SerializeToString(), input_types=("uint8:1",))
    (given,), (output,) = graph.inputs, graph.outputs
    assert (given.name, str(given.type), graph.profile) == ("x", "uint8", "onnxruntime")
    codes = np.arange(256 * 60).reshape(-1, *IMAGE) % 256
    codes = np.concatenate([codes, codes[:, ::-1], codes[:, :, ::-1] + codes[:, :, :1] & 255])
    runner = session(proto)
    expected = np.concatenate(
        [runner.run([output], {"x": each[None].astype(np.float32)})[0] for each in codes]
    )
    results = run_graph(graph, {"x": codes})[output]
    assert len(np.unique(expected)) > 50
    assert np.array_equal(results, expected)
    # Another scale is another network.
    other = convert_onnx(proto.SerializeToString(), input_types=("uint8:1/2",))
    assert not np.array_equal(run_graph(other, {"x": codes})[other.outputs[0]], expected)


def unquantized() -> tuple[onnx.ModelProto, str]:
    """A convolution of real numbers."""
    b, random = QonnxBuilder(), np.random.default_rng(0)
    weight = random.integers(-7, 8, (4, *IMAGE[:1], 3, 3)).astype(np.float32) / 8
    y = b.operator("Conv", "x", b.quant(b.constant(weight), 0.125, 4), pads=[1] * 4)
    y = b.quant(b.operator("Relu", y), 0.5, 4, signed=0)
    return b.model({"x": (np.float32, (1, *IMAGE))}, [y]), y


@pytest.mark.parametrize(
    ("text", "codes_of_zero"), [("int8:0.0625", 0), ("x=uint4:1/4:7", 7), ("int2:0.5", 0)]
)
def test_a_convolution_of_given_codes_is_qonnxs(text: str, codes_of_zero: int) -> None:
    proto, y = unquantized()
    graph = convert_onnx(proto.SerializeToString(), input_types=(text,))
    (given,) = graph.inputs
    assert graph.quantization["x"].encoding.zero_point == codes_of_zero
    random = np.random.default_rng(1)
    codes = random.integers(given.minimum, given.maximum + 1, (6, *IMAGE))
    numbers = (codes - codes_of_zero) * float(graph.quantization["x"].scale)
    expected = run(with_shape(proto, graph), numbers.astype(np.float32))
    results = run_graph(graph, {"x": codes})
    assert len(np.unique(expected[y])) > 2
    assert differences(graph, y, results[y], expected[y]) == 0


def test_without_a_type_the_message_says_what_to_write() -> None:
    with pytest.raises(UserError, match="say what its codes are, such as --input-type uint8:1/255"):
        convert_onnx(unquantized()[0].SerializeToString())


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("uint8",), "input type is 'uint8'; allowed: .NAME=.TYPE:SCALE"),
        (("uint8:0",), "its scale is 0; allowed: 2"),
        (("uint8:1/0",), "input type is 'uint8:1/0'; allowed"),
        (("uint8:nan",), "input type is 'uint8:nan'; allowed"),
        (("int8:1:200",), "its zero point is 200; allowed: a code of int8"),
        (("int32:1",), "allowed: up to 16 bits"),
        (("y=int8:1",), "for no input in real numbers; the model's are 'x'"),
        (("int8:1", "int8:2"), "'int8:2' is the second for the same input"),
        (("x=int8:1", "int8:2"), "'int8:2': the model has no other input in real numbers"),
    ],
)
def test_refused(texts: tuple[str, ...], message: str) -> None:
    content: Any = unquantized()[0].SerializeToString()
    with pytest.raises(UserError, match=message):
        convert_onnx(content, input_types=texts)

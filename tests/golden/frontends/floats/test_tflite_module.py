"""Float .tflite files as torch modules, against LiteRT; and their integers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from bittrue.cli import main
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.tflite_call import channels_first, channels_last
from bittrue.golden.frontends.floats.tflite_module import tflite_module
from bittrue.golden.frontends.load import load_network
from tests.support.tflite_builder import TfliteBuilder

SHAPE = (1, 6, 8, 4)

Shape = tuple[int, ...]
Build = Callable[[TfliteBuilder, int], int]


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def lists(*numbers: Any) -> np.ndarray:
    return np.array(numbers, np.int32)


def op(
    name: str, shape: Shape, *constants: Any, options: str | None = None, **fields: Any
) -> Build:
    """Return an operator on the input, with constants behind it."""

    def build(b: TfliteBuilder, x: int) -> int:
        rest = [b.constant(f"c{n}", np.asarray(each)) for n, each in enumerate(constants)]
        y = b.tensor("y", np.float32, shape)
        b.operator(name, [x, *rest], [y], options, **fields)
        return y

    return build


def conv(shape: Shape, weight: np.ndarray, **fields: Any) -> Build:
    bias = weights(len(weight))
    return op("CONV_2D", shape, weight, bias, options="Conv2DOptions", **fields)


def pool(name: str, shape: Shape, **fields: int) -> Build:
    sizes = {"filterHeight": 3, "filterWidth": 3, "strideH": 2, "strideW": 2, **fields}
    return op(name, shape, options="Pool2DOptions", **sizes)


def half(b: TfliteBuilder, x: int) -> int:
    """Weights of half precision, as converters write them."""
    values = weights(5, 1, 1, 4).astype(np.float16)
    kind = schema.TensorType.FLOAT16
    stored = b.tensor("h", np.float32, values.shape, tensor_type=kind, buffer=values.tobytes())
    weight = b.tensor("w", np.float32, values.shape)
    b.operator("DEQUANTIZE", [stored], [weight])
    y = b.tensor("y", np.float32, (1, 6, 8, 5))
    bias = b.constant("bias", weights(5))
    b.operator("CONV_2D", [x, weight, bias], [y], "Conv2DOptions", strideH=1, strideW=1)
    return y


def transposed(b: TfliteBuilder, x: int) -> int:
    shape, weight = b.constant("s", lists(1, 12, 16, 3)), b.constant("w", weights(3, 3, 3, 4))
    y = b.tensor("y", np.float32, (1, 12, 16, 3))
    b.operator(
        "TRANSPOSE_CONV", [shape, weight, x], [y], "TransposeConvOptions", strideH=2, strideW=2
    )
    return y


def joined(b: TfliteBuilder, x: int) -> int:
    z, y = b.tensor("z", np.float32, SHAPE), b.tensor("y", np.float32, (1, 6, 8, 8))
    b.operator("LOGISTIC", [x], [z])
    b.operator("CONCATENATION", [x, z], [y], "ConcatenationOptions", axis=3)
    return y


ONE = {"strideH": 1, "strideW": 1}
TWO = {"strideH": 2, "strideW": 2}
RESIZED = {"options": "ResizeBilinearOptions"}
OPERATORS: dict[str, Build] = {
    "conv": conv((1, 4, 6, 5), weights(5, 3, 3, 4), padding=1, fusedActivationFunction=1, **ONE),
    "conv, uneven border": conv((1, 3, 4, 5), weights(5, 3, 3, 4), padding=0, **TWO),
    "depthwise": op(
        "DEPTHWISE_CONV_2D", (1, 6, 8, 8), weights(1, 3, 3, 8), weights(8),
        options="DepthwiseConv2DOptions", depthMultiplier=2, fusedActivationFunction=3, **ONE,
    ),
    "halves": half,
    "transposed": transposed,
    "matrix": op(
        "FULLY_CONNECTED", (1, 3), weights(3, 192), weights(3), options="FullyConnectedOptions"
    ),
    "max pool": pool("MAX_POOL_2D", (1, 3, 4, 4)),
    "average pool": pool("AVERAGE_POOL_2D", (1, 3, 4, 4)),
    "average pool inside": pool("AVERAGE_POOL_2D", (1, 2, 3, 4), padding=1),
    "mean": op("MEAN", (1, 4), lists(1, 2), options="ReducerOptions", keepDims=False),
    "mean of channels": op("MEAN", (1, 6, 8, 1), lists(3), options="ReducerOptions", keepDims=True),
    "add channels": op("ADD", SHAPE, weights(4), options="AddOptions", fusedActivationFunction=3),
    "scale": op("MUL", SHAPE, np.float32(0.3), options="MulOptions"),
    "relu6": op("RELU6", SHAPE),
    "hard swish": op("HARD_SWISH", SHAPE),
    "leaky": op("LEAKY_RELU", SHAPE, options="LeakyReluOptions", alpha=0.2),
    "softmax": op("SOFTMAX", SHAPE, options="SoftmaxOptions", beta=1.0),
    "reshape": op("RESHAPE", (1, 48, 4), lists(1, 48, 4)),
    "flatten": op("RESHAPE", (1, 192), lists(1, 192)),
    "transpose": op("TRANSPOSE", (1, 8, 4, 6), lists(0, 2, 3, 1)),
    "pad": op("PAD", (1, 9, 9, 4), lists([0, 0], [1, 2], [0, 1], [0, 0])),
    "join": joined,
    "nearest": op(
        "RESIZE_NEAREST_NEIGHBOR", (1, 12, 16, 4), lists(12, 16),
        options="ResizeNearestNeighborOptions",
    ),
    "bilinear": op(
        "RESIZE_BILINEAR", (1, 12, 16, 4), lists(12, 16), halfPixelCenters=True, **RESIZED
    ),
    "corners": op("RESIZE_BILINEAR", (1, 9, 5, 4), lists(9, 5), alignCorners=True, **RESIZED),
    "blocks": op("DEPTH_TO_SPACE", (1, 12, 16, 1), options="DepthToSpaceOptions", blockSize=2),
    "channels": op("SPACE_TO_DEPTH", (1, 3, 4, 16), options="SpaceToDepthOptions", blockSize=2),
}  # fmt: skip


def written(build: Build, folder: Path) -> Path:
    b = TfliteBuilder()
    x = b.tensor("x", np.float32, SHAPE)
    path = folder / "float.tflite"
    path.write_bytes(b.build([x], [build(b, x)]))
    return path


def litert(path: Path, samples: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    results = []
    for sample in samples:
        interpreter.set_tensor(given["index"], sample[None])
        interpreter.invoke()
        results.append(interpreter.get_tensor(made["index"]))
    return np.concatenate(results)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_compute_as_litert_does(name: str, tmp_path: Path) -> None:
    path = written(OPERATORS[name], tmp_path)
    samples = np.random.default_rng(1).normal(size=(3, *SHAPE[1:])).astype(np.float32)
    made = channels_last(tflite_module(path)(channels_first(torch.from_numpy(samples))))
    expected = litert(path, samples)
    assert tuple(made.shape) == expected.shape
    np.testing.assert_allclose(made.numpy(), expected, rtol=1e-4, atol=1e-5)


def network(b: TfliteBuilder, x: int) -> int:
    """A convolution with an uneven border, and a matrix behind the flattened image."""
    y = b.tensor("first", np.float32, (1, 3, 4, 5))
    kernel, bias = b.constant("k", weights(5, 3, 3, 4)), b.constant("kb", weights(5))
    b.operator("CONV_2D", [x, kernel, bias], [y], "Conv2DOptions", fusedActivationFunction=1, **TWO)
    flat, scores = b.tensor("flat", np.float32, (1, 60)), b.tensor("scores", np.float32, (1, 3))
    b.operator("RESHAPE", [y, b.constant("s", lists(1, 60))], [flat])
    matrix, offset = b.constant("m", weights(3, 60)), b.constant("mb", weights(3))
    b.operator("FULLY_CONNECTED", [flat, matrix, offset], [scores], "FullyConnectedOptions")
    return scores


def test_a_file_is_quantized_and_keeps_its_layout(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No transpose is in the network, whose input and samples have the channels last."""
    path, output = written(network, tmp_path), tmp_path / "net.bittrue"
    samples = np.random.default_rng(1).normal(size=(40, *SHAPE[1:])).astype(np.float32)
    np.save(tmp_path / "x.npy", samples)
    command = ["quantize", str(path), "--calibration", str(tmp_path / "x.npy")]
    assert main([*command, "--output", str(output)]) == 0
    assert " 0 differ" in capfd.readouterr().out
    graph = load_network(output)
    assert graph.inputs[0].shape == SHAPE[1:]
    assert not graph.layouts
    assert "transpose" not in {node.operator() for node in graph.nodes}
    words = ["run", str(output), "--input", str(tmp_path / "x.npy")]
    assert main([*words, "--output", str(tmp_path / "y.npy")]) == 0
    scale = float(graph.quantization[graph.outputs[0]].scale)
    zero_point = graph.quantization[graph.outputs[0]].encoding.zero_point
    made = (np.load(tmp_path / "y.npy").astype(float) - zero_point) * scale
    expected = litert(path, samples)
    assert (made - expected).std() < 0.05 * expected.std()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (op("FLOOR", SHAPE), "FLOOR 'y': it is not supported in floating point"),
        (op("RESIZE_BILINEAR", (1, 12, 16, 4), lists(12, 16), **RESIZED), "it has neither align"),
    ],
)
def test_refused(build: Build, message: str, tmp_path: Path) -> None:
    path = written(build, tmp_path)
    with pytest.raises(UserError, match=message):
        tflite_module(path)(torch.zeros(1, 4, 6, 8))


def test_a_quantized_file_is_refused(tmp_path: Path) -> None:
    b = TfliteBuilder()
    x, y = (b.tensor(name, np.int8, SHAPE, 0.1) for name in "xy")
    b.operator("RELU", [x], [y])
    path = tmp_path / "quantized.tflite"
    path.write_bytes(b.build([x], [y]))
    with pytest.raises(UserError, match="is INT8; allowed: FLOAT32; bittrue build and run take"):
        tflite_module(path)

"""Float .onnx files as torch modules, against ONNX Runtime; and their integers."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.cli import main
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.floats.onnx_module import onnx_module
from bittrue.golden.frontends.load import load_network
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.frontends.torch.trace import trace
from tests.support.onnx_builder import OnnxBuilder

SHAPE = (4, 6, 8)

Build = Callable[[OnnxBuilder, str], str]


def op(kind: str, *constants: object, **attributes: Any) -> Build:
    """Return an operator on the input, with constants behind it."""

    def build(b: OnnxBuilder, x: str) -> str:
        rest = ["" if each is None else b.constant(np.asarray(each)) for each in constants]
        return b.operator(kind, x, *rest, **attributes)

    return build


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def floats(numbers: list[float]) -> np.ndarray:
    return np.array(numbers, np.float32)


def lists(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def positive(kind: str) -> Build:
    return lambda b, x: b.operator(kind, b.operator("Exp", x))


def shaped(b: OnnxBuilder, x: str) -> str:
    """Reshape to what is computed of the shape, as exporters write ``view(x.size(0), -1)``."""
    size = b.operator("Gather", b.operator("Shape", x), b.constant(np.int64(0)))
    first = b.operator("Unsqueeze", size, b.constant(lists(0)))
    return b.operator("Reshape", x, b.operator("Concat", first, b.constant(lists(-1)), axis=0))


SAME = {"kernel_shape": (3, 3), "strides": (2, 2)}
OPERATORS: dict[str, Build] = {
    "conv": op("Conv", weights(5, 4, 3, 3), weights(5), pads=(1, 0, 1, 2), strides=(2, 1)),
    "grouped": op("Conv", weights(4, 2, 1, 3), group=2, dilations=(1, 2)),
    "same": op("Conv", weights(5, 4, 3, 3), auto_pad="SAME_UPPER", **SAME),
    "transposed": op("ConvTranspose", weights(4, 3, 3, 3), strides=(2, 2), pads=(1, 1, 0, 1)),
    "padded transposed": op(
        "ConvTranspose", weights(4, 3, 3, 3), strides=(2, 2), pads=(1,) * 4, output_padding=(1, 1)
    ),
    "matrix": op("MatMul", weights(8, 3)),
    "batch norm": op("BatchNormalization", *weights(3, 4), floats([1, 2, 0.5, 3])),
    "max pool": op("MaxPool", kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1)),
    "max pool, ceiling": op("MaxPool", kernel_shape=(3, 3), strides=(2, 2), ceil_mode=1),
    "max pool, one row behind": op("MaxPool", auto_pad="SAME_UPPER", **SAME),
    "average pool": op("AveragePool", kernel_shape=(2, 3), pads=(1, 1, 1, 1)),
    "counted": op("AveragePool", count_include_pad=1, kernel_shape=(2, 2), pads=(0, 0, 1, 1)),
    "global average": op("GlobalAveragePool"),
    "global max": op("GlobalMaxPool"),
    "mean": op("ReduceMean", axes=(2, 3), keepdims=0),
    "clip": op("Clip", np.float32(-0.5), np.float32(0.75)),
    "clip above": op("Clip", None, np.float32(0.5)),
    "leaky": op("LeakyRelu", alpha=0.2),
    "slope": op("PRelu", weights(1, 1, 1)),
    "hard sigmoid": op("HardSigmoid", alpha=0.3),
    "elu": op("Elu", alpha=0.7),
    "softmax": op("Softmax", axis=1),
    "add channels": op("Add", weights(4, 1, 1)),
    "divide": op("Div", np.float32(0.3)),
    "square": op("Pow", np.float32(2)),
    "silu": lambda b, x: b.operator("Mul", x, b.operator("Sigmoid", x)),
    "gelu": lambda b, x: b.operator(
        "Mul", x, b.operator("Add", b.operator("Erf", x), b.constant(np.float32(1)))
    ),
    "roots": positive("Sqrt"),
    "logarithms": positive("Log"),
    "greatest": lambda b, x: b.operator("Max", x, b.operator("Neg", x)),
    "sum": lambda b, x: b.operator("Sum", x, b.operator("Abs", x), x),
    "concatenation": lambda b, x: b.operator("Concat", x, b.operator("Relu", x), axis=1),
    "backwards": op("Slice", lists(-1), lists(-100), lists(3), lists(-2)),
    "part": op("Slice", lists(1, 0), lists(5, 1 << 40), lists(2, 3), lists(2, 1)),
    "gather": op("Gather", lists(3, 0, 0), axis=1),
    "one row": op("Gather", np.int64(2), axis=2),
    "split": lambda b, x: b.operators("Split", 2, x, b.constant(lists(1, 3)), axis=1)[1],
    "reflect": op("Pad", lists(0, 0, 1, 2, 0, 0, 2, 1), mode="reflect"),
    "border": op("Pad", lists(0, 0, 1, 0, 0, 0, 0, 1), np.float32(0.5)),
    "transpose": op("Transpose", perm=(0, 2, 3, 1)),
    "shaped": shaped,
    "flatten": op("Flatten"),
    "tile": op("Tile", lists(1, 2, 1, 1)),
    "unsqueeze and back": lambda b, x: b.operator(
        "Squeeze", b.operator("Unsqueeze", x, b.constant(lists(1))), b.constant(lists(1))
    ),
    "blocks of channels": op("DepthToSpace", blocksize=2),
    "blocks, columns first": op("DepthToSpace", blocksize=2, mode="CRD"),
    "channels of blocks": op("SpaceToDepth", blocksize=2),
    "nearest": op(
        "Resize", None, floats([1, 1, 2, 2]), coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    ),
    "linear": op("Resize", None, floats([1, 1, 2, 2]), mode="linear"),
    "corners": op(
        "Resize", None, None, lists(1, 4, 9, 5), mode="linear",
        coordinate_transformation_mode="align_corners",
    ),
}  # fmt: skip


def written(build: Build, folder: Path) -> Path:
    b = OnnxBuilder()
    proto = b.model({"x": (np.float32, (1, *SHAPE))}, [build(b, "x")])
    path = folder / "float.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def runtime(path: Path, samples: Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: each[None].numpy()})[0] for each in samples])


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_compute_as_onnxruntime_does(name: str, tmp_path: Path) -> None:
    path = written(OPERATORS[name], tmp_path)
    samples = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(1))
    made = onnx_module(path)(samples)
    expected = runtime(path, samples)
    assert made.shape == expected.shape
    np.testing.assert_allclose(made.numpy(), expected, rtol=1e-4, atol=1e-5)


class Network(nn.Module):
    """What networks have: a border, a residual, a gate, a shape that is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU6())
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Hardswish())
        self.gate, self.last = nn.Conv2d(8, 8, 1), nn.Linear(8 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = x + self.second(x)
        x = x * torch.sigmoid(self.gate(functional.adaptive_avg_pool2d(x, 1)))
        scores: Tensor = self.last(functional.max_pool2d(x, 2).view(x.size(0), -1))
        return scores


@pytest.mark.parametrize("dynamo", [False, True])
def test_an_export_is_quantized_as_its_module_is(
    dynamo: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(3)
    module, path = Network().eval(), tmp_path / "net.onnx"
    samples = torch.randn(30, 3, 8, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (samples[:1],), str(path), input_names=["image"], dynamo=dynamo, verbose=False
        )
    np.save(tmp_path / "x.npy", samples.numpy())
    output = tmp_path / "net.bittrue"
    command = ["quantize", str(path), "--calibration", str(tmp_path / "x.npy")]
    assert main([*command, "--output", str(output)]) == 0
    assert " 0 differ" in capfd.readouterr().out
    graph = load_network(output)
    (scores,) = graph.outputs
    real = to_real(graph, scores, Executor(graph).run(to_codes(graph, samples))[scores])
    expected = runtime(path, samples)
    assert (real.numpy() - expected).std() < 0.05 * expected.std()


def test_weights_of_half_precision(tmp_path: Path) -> None:
    """As converters write them: halves that a Cast makes float32 of."""
    b = OnnxBuilder()
    half = weights(5, 4, 3, 3).astype(np.float16)
    weight = b.operator("Cast", b.constant(half), to=onnx.TensorProto.FLOAT)
    proto = b.model({"x": (np.float32, (1, *SHAPE))}, [b.operator("Conv", "x", weight)])
    path = tmp_path / "half.onnx"
    path.write_bytes(proto.SerializeToString())
    samples = torch.randn(2, *SHAPE)
    expected = functional.conv2d(samples, torch.from_numpy(half.astype(np.float32)))
    assert torch.equal(onnx_module(path)(samples), expected)
    assert len(trace(onnx_module(path), (samples,)).matrices) == 1


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (op("Det"), r"float\.onnx: operator 0, Det: it is not supported in floating point"),
        (op("Resize", None, floats([1, 1, 2, 2]), mode="cubic"), "its mode is 'cubic'"),
        (op("QuantizeLinear", np.float32(1)), "it has QuantizeLinear, as a quantized network has"),
        (lambda b, x: b.operator("MatMul", x, x), "its second matrix is computed"),
    ],
)
def test_refused(build: Build, message: str, tmp_path: Path) -> None:
    path = written(build, tmp_path)
    with pytest.raises(UserError, match=message):
        onnx_module(path)(torch.zeros(1, *SHAPE))


def test_weights_beside_a_file_that_has_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(op("Relu"), tmp_path)
    np.save(tmp_path / "x.npy", np.zeros((2, *SHAPE), np.float32))
    command = ["quantize", str(path), "--calibration", str(tmp_path / "x.npy"), "--weights", "w"]
    assert main([*command, "--output", str(tmp_path / "y.bittrue")]) == 2
    assert "holds its own" in capsys.readouterr().err

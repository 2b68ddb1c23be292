"""Small networks of one operator each, from torch and from FINN, as users have them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph import Graph
from bittrue.golden.quantize import quantize

Shape = tuple[int, ...]

_FINN = "qonnx.custom_op.general"


class Computed(nn.Module):
    """A function of a module's parts and its input."""

    def __init__(self, function: Callable[..., Tensor], **parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


class Token(nn.Module):
    """A constant row before a sequence."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.row = nn.Parameter(torch.randn(1, 1, features))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.row.expand(len(x), -1, -1), x], 1)


class Attention(nn.Module):
    """Self-attention of two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.heads(x, x, x, need_weights=False)[0]
        return result


def _prelu() -> nn.Module:
    slopes = nn.PReLU(4)
    slopes.weight.data = torch.tensor([0.25, -0.3, 1.2, 0.0])
    return _between(slopes)


def _between(*middle: nn.Module, channels: int = 4) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), *middle, nn.Conv2d(channels, 2, 1))


def _rows(*middle: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), *middle, nn.Linear(8, 3))


def _matrices(parts: Any, x: Tensor) -> Tensor:
    return torch.matmul(parts.a(x), parts.b(x).transpose(1, 2))


def _resized(parts: Any, x: Tensor) -> Tensor:
    return functional.interpolate(parts.a(x), size=(5, 7), mode="nearest")


_IMAGE, _SEQUENCE = (3, 6, 6), (4, 6)

MODULES: dict[str, tuple[Callable[[], nn.Module], Shape]] = {
    "PReLU by channel": (_prelu, _IMAGE),
    "softmax in the middle": (lambda: _rows(nn.Softmax(-1)), _SEQUENCE),
    "log-softmax": (lambda: nn.Sequential(nn.Linear(6, 5), nn.LogSoftmax(-1)), (6,)),
    "product of matrices": (
        lambda: Computed(_matrices, a=nn.Linear(6, 4), b=nn.Linear(6, 4)),
        _SEQUENCE,
    ),
    "attention": (lambda: _rows(Attention()), _SEQUENCE),
    "layer normalization": (lambda: _rows(nn.LayerNorm(8)), _SEQUENCE),
    "RMS normalization": (lambda: _rows(nn.RMSNorm(8)), _SEQUENCE),
    "instance normalization": (lambda: _between(nn.InstanceNorm2d(4)), _IMAGE),
    "group normalization": (lambda: _between(nn.GroupNorm(2, 4)), _IMAGE),
    "adaptive average": (lambda: _between(nn.AdaptiveAvgPool2d((3, 2))), _IMAGE),
    "adaptive maximum": (lambda: _between(nn.AdaptiveMaxPool2d((3, 2))), _IMAGE),
    "class token": (lambda: _rows(Token(8)), _SEQUENCE),
    "nearest, any size": (lambda: Computed(_resized, a=nn.Conv2d(3, 2, 3)), _IMAGE),
    "bilinear": (lambda: _between(nn.Upsample(scale_factor=2, mode="bilinear")), _IMAGE),
    "transposed convolution": (
        lambda: _between(nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1)),
        _IMAGE,
    ),
    "pixel shuffle": (lambda: _between(nn.PixelShuffle(2), channels=1), _IMAGE),
    "gated linear unit": (lambda: nn.Sequential(nn.Conv1d(4, 6, 3), nn.GLU(1)), (4, 8)),
}
"""What makes each module, and the shape of its input without the batch."""


def multi_threshold() -> Graph:
    """Return what FINN makes of a layer and a quantizer with thresholds of no one scale."""
    random = np.random.default_rng(3)
    constants = {
        "first": _thresholds(random, 6),
        "weight": random.integers(-2, 2, (6, 4)).astype(np.float32),
        "second": _thresholds(random, 4),
    }
    step: dict[str, Any] = {"domain": _FINN, "out_dtype": "UINT2"}
    nodes = [
        helper.make_node("MultiThreshold", ["x", "first"], ["codes"], **step),
        helper.make_node("MatMul", ["codes", "weight"], ["sums"]),
        helper.make_node("MultiThreshold", ["sums", "second"], ["y"], **step),
    ]
    given, made = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (1, size))
        for name, size in (("x", 6), ("y", 4))
    )
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "thresholds", [given], [made], initializers)
    for name, integers in (("x", "INT4"), ("weight", "INT2")):
        pair = onnx.StringStringEntryProto(key="finn_datatype", value=integers)
        annotation = onnx.TensorAnnotation(tensor_name=name, quant_parameter_tensor_names=[pair])
        graph.quantization_annotation.append(annotation)
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(_FINN, 1)]
    proto = helper.make_model(graph, opset_imports=versions, ir_version=8)
    return convert_onnx(proto.SerializeToString())


def _thresholds(random: np.random.Generator, channels: int) -> Any:
    return np.sort(random.integers(-6, 8, (channels, 3)), axis=1).astype(np.float32)


def network(name: str) -> Graph:
    """Return one of them in integers, with random weights."""
    if name == "multi-threshold":
        return multi_threshold()
    make, shape = MODULES[name]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return quantize(make().eval(), torch.randn(64, *shape)).graph


NAMES = (*MODULES, "multi-threshold")

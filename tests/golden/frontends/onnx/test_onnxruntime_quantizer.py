"""Trained networks, quantized by ONNX Runtime's own quantizer, on real images."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.digits.data import load
from bittrue.golden.digits.network import DigitsNetwork, train
from bittrue.golden.digits.settings import Training
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.onnx import import_onnx
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Float32
from tests.support.onnx_builder import kernels_saturate, session

Numbers = Float32

FORMATS = [QuantFormat.QDQ, QuantFormat.QOperator]


class Branches(nn.Module):
    """Depthwise convolution, residual, squeeze and excite, concatenation: what networks have."""

    def __init__(self, activation: type[nn.Module]) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1), nn.BatchNorm2d(8), activation())
        self.depthwise = nn.Sequential(
            nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.BatchNorm2d(8), activation()
        )
        self.pointwise = nn.Conv2d(8, 8, 1)
        self.reduce, self.expand = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.last = nn.Conv2d(16, 12, 3)
        self.dense = nn.Linear(12, 10)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)
        x = functional.relu(x + self.pointwise(self.depthwise(x)))
        gate = functional.adaptive_avg_pool2d(x, 1)
        gate = torch.sigmoid(self.expand(functional.relu(self.reduce(gate))))
        x = functional.max_pool2d(torch.cat([x, x * gate], 1), 2)
        x = functional.adaptive_avg_pool2d(functional.relu(self.last(x)), 1)
        scores: Tensor = self.dense(torch.flatten(x, 1))
        return scores


class Calibration(CalibrationDataReader):
    def __init__(self, images: Numbers) -> None:
        self._images: Iterator[Numbers] = iter(images)

    def get_next(self) -> dict[str, Numbers] | None:
        image = next(self._images, None)
        return None if image is None else {"image": image[None]}


@pytest.fixture(scope="module")
def images() -> tuple[Numbers, Numbers]:
    """Images to calibrate with, and to compare on."""
    training, test = load()
    return training.images[:100].numpy(), test.images.numpy()


def prepared(module: nn.Module, folder: Path) -> Path:
    """Export a module, ready to be quantized."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The exporter that writes GlobalAveragePool is old.
        torch.onnx.export(
            module.eval(),
            (torch.zeros(1, 1, 8, 8),),
            str(folder / "float.onnx"),
            input_names=["image"],
            output_names=["scores"],
            dynamo=False,
        )
        quant_pre_process(str(folder / "float.onnx"), str(folder / "prepared.onnx"))
    return folder / "prepared.onnx"


def scores_of(graph: Graph, images: Numbers) -> Numbers:
    """Quantize images as the model does, execute, and dequantize as the model does."""
    (tensor,), (output,) = graph.inputs, graph.outputs
    meaning = graph.quantization[tensor.name]
    scaled = np.rint(images / np.float32(float(meaning.scale))) + meaning.encoding.zero_point
    codes = np.clip(scaled, tensor.minimum, tensor.maximum).astype(np.int64)
    results = Executor(graph).run(codes.transpose(0, 2, 3, 1))[output]
    meaning = graph.quantization[output]
    real: Any = meaning.encoding.decode(results).astype(np.float32)
    return real * np.float32(float(meaning.scale))


def assert_equal(path: Path, images: Numbers) -> None:
    """Compare with the default session."""
    runner = session(onnx.load(path), int8=False)
    expected = np.concatenate([runner.run(None, {"image": image[None]})[0] for image in images])
    assert np.array_equal(scores_of(import_onnx(path), images), expected)


@pytest.mark.parametrize("activation", [QuantType.QUInt8, QuantType.QInt8])
def test_digits(activation: QuantType, images: tuple[Numbers, Numbers], tmp_path: Path) -> None:
    calibration, test = images
    network = train(load()[0], Training(epochs=1))
    assert isinstance(network, DigitsNetwork)
    source, target = prepared(network, tmp_path), tmp_path / "quantized.onnx"
    for quant_format in FORMATS:
        for per_channel in (False, True):
            quantize_static(
                source,
                target,
                Calibration(calibration),
                quant_format=quant_format,
                per_channel=per_channel,
                activation_type=activation,
                weight_type=QuantType.QInt8,
                # The setting that avoids saturation has no kernels of int8.
                reduce_range=activation is QuantType.QInt8 and kernels_saturate(),
            )
            assert_equal(target, test)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU])
def test_branches(
    activation: type[nn.Module], images: tuple[Numbers, Numbers], tmp_path: Path
) -> None:
    calibration, test = images
    torch.manual_seed(0)
    network = Branches(activation).train()
    network(torch.from_numpy(calibration))
    source, target = prepared(network, tmp_path), tmp_path / "quantized.onnx"
    for quant_format in FORMATS:
        quantize_static(
            source,
            target,
            Calibration(calibration),
            quant_format=quant_format,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        assert_equal(target, test[:100])

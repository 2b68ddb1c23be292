"""Export small Brevitas networks as QONNX: what is kept in ``tests/data/qonnx``.

    pip install brevitas==0.13.4 qonnx==1.0.0 onnxoptimizer==0.4.2
    python -m tests.support.brevitas_export

in ``tests``. Each network is calibrated on random images, exported, and run in Brevitas; inputs
and outputs are kept beside it.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import brevitas.nn as qnn
import numpy as np
import onnx
import torch
from brevitas.export import export_qonnx
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloat,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
    Int16Bias,
    SignedBinaryActPerTensorConst,
    SignedBinaryWeightPerTensorConst,
    SignedTernaryWeightPerTensorConst,
    Uint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFloat,
)
from torch import Tensor, nn

from tests.support.paths import QONNX_EXPORTS as FOLDER

IMAGES = 20


def convolutional(
    bits: int,
    weight: type = Int8WeightPerTensorFloat,
    activation: type = Uint8ActPerTensorFloat,
    border: type = Int8ActPerTensorFloat,
    normalized: bool = True,
    bias: bool = False,
) -> nn.Module:
    """Two convolutions, the second depthwise, with batch normalization, and a dense layer."""

    def options() -> dict[str, object]:
        return {"weight_quant": weight, "weight_bit_width": bits}

    def normalization() -> nn.Module:
        return nn.BatchNorm2d(8) if normalized else nn.Identity()

    return nn.Sequential(
        qnn.QuantIdentity(act_quant=border, bit_width=8, return_quant_tensor=True),
        qnn.QuantConv2d(3, 8, 3, padding=1, bias=bias, **options()),
        normalization(),
        qnn.QuantReLU(act_quant=activation, bit_width=bits, return_quant_tensor=True),
        nn.MaxPool2d(2),
        qnn.QuantConv2d(8, 8, 3, groups=8, bias=bias, **options()),
        normalization(),
        qnn.QuantReLU(act_quant=activation, bit_width=bits, return_quant_tensor=True),
        nn.Flatten(),
        qnn.QuantLinear(8 * 2 * 2, 10, bias=True, **options()),
        qnn.QuantIdentity(act_quant=border, bit_width=8),
    )


def binary(weight: type) -> nn.Module:
    """Weights of one bit (or three values) and activations of one bit."""
    options = {"weight_quant": weight, "bias": False}
    return nn.Sequential(
        qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, return_quant_tensor=True),
        qnn.QuantConv2d(3, 8, 3, **options),
        nn.BatchNorm2d(8),
        qnn.QuantIdentity(act_quant=SignedBinaryActPerTensorConst, return_quant_tensor=True),
        qnn.QuantConv2d(8, 8, 3, **options),
        nn.BatchNorm2d(8),
        qnn.QuantIdentity(act_quant=SignedBinaryActPerTensorConst, return_quant_tensor=True),
        nn.Flatten(),
        qnn.QuantLinear(8 * 4 * 4, 10, **options),
        qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint),
    )


class Residual(nn.Module):
    """A branch that is added back on a common scale, and an average that drops bits."""

    def __init__(self) -> None:
        super().__init__()
        weight = {"weight_quant": Int8WeightPerChannelFloat, "weight_bit_width": 4}
        self.input = qnn.QuantIdentity(bit_width=8, return_quant_tensor=True)
        self.stem = qnn.QuantConv2d(3, 6, 3, padding=1, bias=False, **weight)
        self.relu = qnn.QuantReLU(bit_width=4, return_quant_tensor=True)
        self.branch = qnn.QuantConv2d(6, 6, 3, padding=1, bias=True, bias_quant=Int16Bias, **weight)
        self.common = qnn.QuantIdentity(bit_width=5, return_quant_tensor=True)
        self.sum = qnn.QuantIdentity(bit_width=5, return_quant_tensor=True)
        self.pool = qnn.TruncAvgPool2d(2, bit_width=4)
        self.dense = qnn.QuantLinear(6 * 4 * 4, 5, bias=False, **weight)
        self.output = qnn.QuantIdentity(bit_width=8)

    def forward(self, images: Tensor) -> Tensor:
        features = self.relu(self.stem(self.input(images)))
        total = self.common(features) + self.common(self.branch(features))
        pooled = self.pool(self.sum(total))
        scores: Tensor = self.output(self.dense(torch.flatten(pooled, 1)))
        return scores


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "float_scales_4": lambda: convolutional(4),
    "float_scales_8_bias": lambda: convolutional(8, bias=True),
    "powers_of_two_4": lambda: convolutional(
        4, Int8WeightPerTensorFixedPoint, Uint8ActPerTensorFixedPoint, Int8ActPerTensorFixedPoint
    ),
    "powers_of_two_5_plain": lambda: convolutional(
        5,
        Int8WeightPerTensorFixedPoint,
        Uint8ActPerTensorFixedPoint,
        Int8ActPerTensorFixedPoint,
        normalized=False,
    ),
    "per_channel_3": lambda: convolutional(3, Int8WeightPerChannelFloat),
    "per_channel_2": lambda: convolutional(2, Int8WeightPerChannelFloat),
    "binary": lambda: binary(SignedBinaryWeightPerTensorConst),
    "ternary": lambda: binary(SignedTernaryWeightPerTensorConst),
    "residual": Residual,
}


def export(name: str, network: nn.Module) -> None:
    """Calibrate, export and run one network."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, -1.5, 1.5)  # Negative ones turn inequalities round.
            nn.init.uniform_(module.bias, -1, 1)
    for _ in range(10):
        network(torch.randn(16, 3, 8, 8))
    network.eval()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        export_qonnx(network, torch.randn(1, 3, 8, 8), str(path))
        onnx.save(without_metadata(onnx.load(path)), FOLDER / f"{name}.onnx")
    images = torch.randn(IMAGES, 3, 8, 8)
    with torch.no_grad():
        outputs = torch.cat([network(image[None]) for image in images])
    np.savez_compressed(FOLDER / f"{name}.npz", images=images.numpy(), outputs=outputs.numpy())


def without_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what the exporter notes of the machine it ran on."""
    for item in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del item.metadata_props[:]
        item.ClearField("doc_string")
    for item in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del item.metadata_props[:]
        item.ClearField("doc_string")
    return model


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for title, build in NETWORKS.items():
        torch.manual_seed(1)
        export(title, build())

"""Quantization without training beside Brevitas and torchao, on one float model, data and bits.

    pip install -c constraints.txt -e ".[peers]"
    python -m benchmarks.peers [--seed N]

The digits network is trained once, and its folded weights go to all of them. First weights alone:
for each layer's scales the largest relative difference, how many codes are equal, the
signal-to-noise ratio of all weights, and the accuracy with float activations. Then weights and
activations together, with what each tool offers to correct them: the network's input has 8 bits,
and its scores are left as they are by Brevitas and get 8 bits here. Results also go to
sim_build/peers.json.
"""

import argparse
import copy
import json
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from bittrue.golden.digits.data import Digits, load
from bittrue.golden.digits.network import accuracy, train
from bittrue.golden.digits.settings import Training
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.quantize import (
    ActivationScheme,
    CorrectionScheme,
    Scheme,
    WeightScheme,
    quantize,
)
from bittrue.golden.quantize.weight_types import WEIGHT_TYPES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # About GPU libraries that are not there.
    import brevitas.nn as qnn
    from brevitas.fx import symbolic_trace
    from brevitas.graph.calibrate import bias_correction_mode, calibration_mode
    from brevitas.graph.equalize import EqualizeGraph
    from brevitas.graph.gptq import gptq_mode
    from brevitas.quant.scaled_int import (
        Int8WeightPerChannelFloat,
        Int8WeightPerChannelFloatHQO,
        Int8WeightPerChannelFloatMSE,
        Int8WeightPerTensorFloat,
        Int8WeightPerTensorFloatMSE,
        Uint8ActPerTensorFloat,
        Uint8ActPerTensorFloatMSE,
    )
    from torchao.quantization.quant_primitives import (
        MappingType,
        choose_qparams_affine,
        quantize_affine,
    )

REPORT = Path("sim_build/peers.json")
FIRST_BITS = 8


@dataclass(frozen=True)
class Weights:
    """Quantized weights of one layer: integers, and a scale for each output channel."""

    codes: Tensor
    scale: Tensor

    def real(self) -> Tensor:
        """Return what the integers stand for."""
        return self.codes * self.scale.reshape(-1, *[1] * (self.codes.ndim - 1))


@dataclass(frozen=True)
class WeightRow:
    """Ours beside a peer's."""

    peer: str
    method: str
    bits: int
    equal_codes: int
    codes: int
    scale_difference: float
    sqnr: float
    peer_sqnr: float
    accuracy: float
    peer_accuracy: float


@dataclass(frozen=True)
class NetworkRow:
    """The accuracies that several tools reach with weights and activations of so many bits."""

    bits: int
    tool: str
    method: str
    accuracy: float


def folded(network: nn.Module, images: Tensor) -> nn.Sequential:
    """Return the network as layers with batch normalization folded into them."""
    conv1, conv2, dense = (
        layer
        for layer in simplify(trace(network, (images[:2],))).layers
        if isinstance(layer, Matrix)
    )
    made = [
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10),
    ]
    with torch.no_grad():
        for module, layer in zip(made[::2][:2] + made[5:], (conv1, conv2, dense), strict=True):
            module.weight.copy_(layer.weight)
            module.bias.copy_(layer.bias)
    return nn.Sequential(*made).eval()


def weighted(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]


def ours(weight: Tensor, bits: int, granularity: str, how: str) -> Weights:
    scheme = WeightScheme(bits=bits, granularity=granularity, range=how)
    quantizer = WEIGHT_TYPES["symmetric"](weight, scheme, torch.full((len(weight),), 1e-30))
    integers = quantizer.integers(weight)
    return Weights(torch.from_numpy(integers.values).float(), torch.from_numpy(integers.scale))


def brevitas_weights(weight: Tensor, bits: int, quantizer: type) -> Weights:
    layer: nn.Module
    if weight.ndim == 4:
        outputs, inputs, *size = weight.shape
        layer = qnn.QuantConv2d(
            inputs, outputs, size[0], weight_quant=quantizer, weight_bit_width=bits
        )
    else:
        outputs, inputs = weight.shape
        layer = qnn.QuantLinear(
            inputs, outputs, bias=False, weight_quant=quantizer, weight_bit_width=bits
        )
    with torch.no_grad():
        layer.weight.copy_(weight)
        quantized = layer.eval().quant_weight()
    codes, scale = quantized.int().float(), quantized.scale
    return Weights(codes, scale.detach().reshape(-1).expand(len(weight)))


def torchao_weights(weight: Tensor, bits: int, granularity: str) -> Weights:
    block = tuple(weight.shape) if granularity == "tensor" else (1, *weight.shape[1:])
    largest = 2 ** (bits - 1) - 1
    scale, zero_point = choose_qparams_affine(
        weight, MappingType.SYMMETRIC, block, torch.int8, quant_min=-largest, quant_max=largest
    )
    codes = quantize_affine(weight, block, scale, zero_point, torch.int8, -largest, largest)
    return Weights(codes.float(), scale.reshape(-1).expand(len(weight)))


def sqnr(exact: list[Tensor], quantized: list[Tensor]) -> float:
    """Return the signal-to-noise ratio of all tensors together, in decibels."""
    noise = sum((a - b).square().sum() for a, b in zip(exact, quantized, strict=True))
    return float(10 * torch.log10(sum(a.square().sum() for a in exact) / noise))


def with_weights(network: nn.Sequential, weights: list[Tensor], data: Digits) -> float:
    """Return the accuracy in percent with other weights, activations in floating point."""
    layers = weighted(network)
    kept = [layer.weight.detach().clone() for layer in layers]
    with torch.no_grad():
        for layer, weight in zip(layers, weights, strict=True):
            layer.weight.copy_(weight)
        result = 100 * accuracy(network(data.images), data.labels)
        for layer, weight in zip(layers, kept, strict=True):
            layer.weight.copy_(weight)
    return result


def compare_weights(network: nn.Sequential, data: Digits) -> list[WeightRow]:
    peers: list[tuple[str, str, str, str, Callable[[Tensor, int], Weights]]] = []
    for granularity in ("tensor", "channel"):
        peers.append(
            (
                "torchao",
                f"min_max, {granularity}",
                granularity,
                "min_max",
                partial(torchao_weights, granularity=granularity),
            )
        )
    for quantizer, granularity, how, name in (
        (Int8WeightPerTensorFloat, "tensor", "min_max", "min_max, tensor"),
        (Int8WeightPerChannelFloat, "channel", "min_max", "min_max, channel"),
        (Int8WeightPerTensorFloatMSE, "tensor", "mse", "mse, tensor"),
        (Int8WeightPerChannelFloatMSE, "channel", "mse", "mse, channel"),
        (Int8WeightPerChannelFloatHQO, "channel", "mse", "HQO (ours mse), channel"),
    ):
        peers.append(
            (
                "Brevitas",
                name,
                granularity,
                how,
                partial(brevitas_weights, quantizer=quantizer),
            )
        )
    exact = [layer.weight.detach() for layer in weighted(network)]
    rows = []
    for bits in (8, 4, 3, 2):
        for peer, method, granularity, how, make in peers:
            mine = [ours(weight, bits, granularity, how) for weight in exact]
            theirs = [make(weight, bits) for weight in exact]
            real, peer_real = ([each.real() for each in side] for side in (mine, theirs))
            rows.append(
                WeightRow(
                    peer,
                    method,
                    bits,
                    sum(int((a.codes == b.codes).sum()) for a, b in zip(mine, theirs, strict=True)),
                    sum(weight.numel() for weight in exact),
                    max(
                        float((a.scale / b.scale - 1).abs().max())
                        for a, b in zip(mine, theirs, strict=True)
                    ),
                    sqnr(exact, real),
                    sqnr(exact, peer_real),
                    with_weights(network, real, data),
                    with_weights(network, peer_real, data),
                )
            )
    return rows


def brevitas_network(float_network: nn.Module, bits: int, mse: bool) -> nn.Sequential:
    """Return the network with Brevitas's quantizers, not yet calibrated."""
    weight = Int8WeightPerChannelFloatMSE if mse else Int8WeightPerChannelFloat
    act = Uint8ActPerTensorFloatMSE if mse else Uint8ActPerTensorFloat
    options = {"weight_quant": weight, "weight_bit_width": bits, "bias": True}
    made = nn.Sequential(
        qnn.QuantIdentity(act_quant=act, bit_width=FIRST_BITS, return_quant_tensor=True),
        qnn.QuantConv2d(1, 16, 3, padding=1, **options),
        qnn.QuantReLU(act_quant=act, bit_width=bits, return_quant_tensor=True),
        qnn.QuantConv2d(16, 16, 3, stride=2, padding=1, **options),
        qnn.QuantReLU(act_quant=act, bit_width=bits, return_quant_tensor=True),
        nn.Flatten(),
        qnn.QuantLinear(256, 10, **options),
    )
    with torch.no_grad():
        for target, source in zip(weighted(made), weighted(float_network), strict=True):
            target.weight.copy_(source.weight)
            target.bias.copy_(source.bias)
    return made.eval()


def brevitas_accuracy(
    network: nn.Sequential, bits: int, method: str, train_images: Tensor, data: Digits
) -> float:
    """Return the accuracy in percent after calibration and one of Brevitas's corrections."""
    source: nn.Module = network
    if "equalization" in method:
        graph = symbolic_trace(copy.deepcopy(network))  # Equalized in place.
        source = EqualizeGraph(iterations=50).apply(graph)
    model = brevitas_network(source, bits, mse="mse" in method)
    with torch.no_grad():
        with calibration_mode(model):
            for batch in train_images.split(256):
                model(batch)
        model(train_images[:2])  # GPTQ reads scales that a pass has made.
        if "GPTQ" in method:
            with gptq_mode(model, use_quant_activations=True) as gptq:
                for _ in range(gptq.num_layers):
                    for batch in train_images.split(256):
                        gptq.model(batch)
                    gptq.update()
        if "bias correction" in method:
            with bias_correction_mode(model):
                for batch in train_images.split(256):
                    model(batch)
        scores = model(data.images)
    return 100 * accuracy(getattr(scores, "value", scores), data.labels)


def our_accuracy(
    network: nn.Module,
    bits: int,
    how: str,
    corrections: tuple[str, ...],
    train_images: Tensor,
    data: Digits,
) -> float:
    """Return the accuracy in percent after quantization and corrections."""
    scheme = Scheme(
        WeightScheme(bits=bits, range=how),
        ActivationScheme("symmetric", bits=bits, range=how),
        input=ActivationScheme("symmetric"),
        corrections=corrections,
        correction=CorrectionScheme(iterations=500),
    )
    fake = quantize(network, train_images, scheme).fake
    with torch.no_grad():
        scores = fake(data.images)
    assert isinstance(scores, Tensor)
    return 100 * accuracy(scores, data.labels)


def compare_networks(network: nn.Sequential, train: Tensor, data: Digits) -> list[NetworkRow]:
    rows = []
    for bits in (8, 4, 3, 2):
        for method in (
            "percentile",
            "mse",
            "mse, bias correction",
            "mse, equalization, bias correction",
            "mse, GPTQ",
            "mse, GPTQ, bias correction",
        ):
            score = brevitas_accuracy(network, bits, method, train, data)
            rows.append(NetworkRow(bits, "Brevitas", method, score))
        for how, corrections in (
            ("percentile", ()),
            ("mse", ()),
            ("mse", ("bias_correction",)),
            ("mse", ("cross_layer_equalization", "bias_correction")),
            ("mse", ("adaround",)),
            ("mse", ("bias_correction", "adaround")),
            ("mse", ("reconstruction",)),
        ):
            score = our_accuracy(network, bits, how, corrections, train, data)
            rows.append(NetworkRow(bits, "bittrue", ", ".join((how, *corrections)), score))
    return rows


def show(rows: list[WeightRow], networks: list[NetworkRow], exact: float) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table(title="Weights alone (accuracy with float activations, %)")
    for name in ("bits", "peer", "method", "equal", "codes", "scales differ"):
        table.add_column(name)
    for name in ("dB", "theirs", "accuracy", "theirs"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            str(row.bits),
            row.peer,
            row.method,
            str(row.equal_codes),
            str(row.codes),
            f"{row.scale_difference:.0e}",
            f"{row.sqnr:.2f}",
            f"{row.peer_sqnr:.2f}",
            f"{row.accuracy:.2f}",
            f"{row.peer_accuracy:.2f}",
        )
    console.print(table)
    table = Table(title=f"Weights and activations (accuracy, %; float {exact:.2f})")
    for name in ("bits", "tool", "method", "accuracy"):
        table.add_column(name)
    for each in networks:
        table.add_row(str(each.bits), each.tool, each.method, f"{each.accuracy:.2f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the training")
    arguments = parser.parse_args()
    training, test = load()
    warnings.simplefilter("ignore")  # Brevitas's, about torch.
    network = folded(train(training, Training(seed=arguments.seed)), training.images)
    exact = 100 * accuracy(network(test.images), test.labels)
    rows = compare_weights(network, test)
    networks = compare_networks(network, training.images, test)
    show(rows, networks, exact)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "float": exact,
        "weights": [asdict(row) for row in rows],
        "networks": [asdict(row) for row in networks],
    }
    REPORT.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

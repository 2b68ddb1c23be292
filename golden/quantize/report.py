"""What a quantized network is like, layer by layer and as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.frontends.torch.evaluation import evaluation_copy, outputs_of
from bittrue.golden.graph import Graph
from bittrue.golden.metrics import Accuracy
from bittrue.golden.quantize.agreement import compare_layers
from bittrue.golden.quantize.quantized_network import QuantizedNetwork


@dataclass(frozen=True)
class LayerReport:
    """One layer of a quantized network.

    Parameters
    ----------
    name : str
    weight_type : str
        Of the weights' codes; empty without weights.
    weight_bits : float
        That one weight takes in a memory.
    output_type : str
        Of the codes it makes.
    output_scale : float
        What one step of them stands for.
    sqnr : float
        Signal to quantization noise of its output in dB, everything before it quantized too;
        against the float network.
    compared, differing : int
        Codes, against the fake-quantized layer fed the same inputs.
    """

    name: str
    weight_type: str
    weight_bits: float
    output_type: str
    output_scale: float
    sqnr: float
    compared: int
    differing: int


def layer_reports(quantized: QuantizedNetwork, *samples: Tensor) -> list[LayerReport]:
    """Run samples through the float, the fake-quantized and the integer network.

    Parameters
    ----------
    quantized : QuantizedNetwork
    samples : Tensor
        One for each input.
    """
    fake, graph = quantized.fake.eval(), quantized.graph
    exact = dict(quantized.float_network.run(*samples))
    with torch.no_grad():
        noisy = dict(fake.run(*samples))
    reports = []
    for agreement in compare_layers(fake, graph, *samples):
        name = agreement.layer
        matrix = fake.matrices.get(name)
        weight = None if matrix is None else matrix.integers()
        reports.append(
            LayerReport(
                name,
                "" if weight is None else str(weight.type),
                0.0 if weight is None else float(weight.bits),
                str(graph.tensors[name].type),
                fake.activation(name).map.scale,
                sqnr(exact.get(name, noisy[name]), noisy[name]),
                agreement.compared,
                agreement.differing,
            )
        )
    return reports


def sqnr(signal: Tensor, noisy: Tensor) -> float:
    """Return ``10 log10(sum of signal**2 / sum of (noisy - signal)**2)`` in dB.

    Infinite without noise, whatever the signal.
    """
    power = signal.double().square().sum()
    noise = (noisy.double() - signal.double()).square().sum()
    if noise == 0:
        return float("inf")
    return float(10 * torch.log10(power / noise))


def float_accuracy(
    module: nn.Module, batches: Iterable[tuple[Tensor, ...]], labels: Tensor
) -> float:
    """Return the fraction of samples whose highest output of a module is their class.

    Raises
    ------
    UserError
        If the module has several outputs, or does not take the samples; if a label is no class.
    """
    evaluated = evaluation_copy(module)
    scores = []
    for batch in batches:
        outputs = outputs_of(evaluated, batch)
        if len(outputs) != 1:
            raise UserError(
                f"the module has {len(outputs)} outputs; accuracy is that of one, the scores"
            )
        scores.append(outputs[0])
    return _accuracy(torch.cat(scores).numpy(), labels)


def integer_accuracy(graph: Graph, batches: Iterable[tuple[Tensor, ...]], labels: Tensor) -> float:
    """Return the fraction of samples whose highest output code of a graph is their class."""
    executor, name = Executor(graph), graph.outputs[0]
    scores = [executor.run(to_codes(graph, *batch), [name])[name] for batch in batches]
    return _accuracy(np.concatenate(scores), labels)


def _accuracy(scores: NDArray[np.generic], labels: Tensor) -> float:
    accuracy = Accuracy()
    accuracy.add(scores.reshape(len(scores), -1), labels.numpy())
    return accuracy.value

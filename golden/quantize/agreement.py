"""Code for code: a fake-quantized network against its integer graph.

Layer by layer, each fed what the graph computed before it, and from end to end, each fed what the
network itself computed. The first says where a difference begins; the second sees numbers between
the codes, which the first never feeds to a layer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork


@dataclass(frozen=True)
class LayerAgreement:
    """One layer of both networks.

    Parameters
    ----------
    layer : str
    compared, differing : int
        Codes, where both networks' layers are fed the same inputs.
    end_to_end : int
        Numbers that differ from those of the codes where each network is fed the inputs alone.
    farthest_from_tie : float
        Over the codes that differ: the largest distance, in steps of the output, between the
        unrounded value and the nearest tie. Rounding differences are near zero.
    largest : int
        Largest difference of two codes.
    """

    layer: str
    compared: int
    differing: int
    end_to_end: int
    farthest_from_tie: float
    largest: int


def compare_layers(
    fake: FakeQuantizedNetwork, graph: Graph, *samples: Tensor
) -> Iterator[LayerAgreement]:
    """Compare every layer of a fake-quantized network with the graph.

    The layers compute in float64, with the integer weights as real numbers.

    Parameters
    ----------
    fake : FakeQuantizedNetwork
    graph : Graph
        Lowered from it.
    samples : Tensor
        One for each input.

    Yields
    ------
    LayerAgreement
        For each layer, in order.
    """
    maps = {name: fake.activation(name).map for name in fake.network.shapes}
    # Tensors within a layer that takes several nodes are none of the float network's.
    codes = Executor(graph).run(
        to_codes(graph, *samples), [each for each in graph.tensors if each in maps]
    )
    orders = fake.network.feature_orders()
    real = {
        name: _real(_torch_order(values, orders.get(name), name in fake.network.lines), maps[name])
        for name, values in codes.items()
    }
    own = {name: real[name] for name in fake.network.inputs}
    for layer in fake.network.layers:
        exact_layer = _exact_layer(layer, fake)
        with torch.no_grad():
            exact = exact_layer.compute(*(real[name] for name in layer.inputs))
            result = exact_layer.compute(*(own[name] for name in layer.inputs))
        own[layer.output] = _quantized(layer, result, maps[layer.output])
        steps = exact / maps[layer.output].scale
        expected = _codes_of(exact, maps[layer.output])
        got = _codes_of(real[layer.output], maps[layer.output])
        wrong = expected != got
        tie = (steps - steps.floor() - 0.5).abs()[wrong]
        yield LayerAgreement(
            layer.output,
            expected.numel(),
            int(wrong.sum()),
            int((own[layer.output] != real[layer.output]).sum()),
            float(tie.max()) if tie.numel() else 0.0,
            int((expected - got).abs().max()),
        )


def _exact_layer(layer: Layer, fake: FakeQuantizedNetwork) -> Layer:
    """Return a layer in float64 with the weights that its integers stand for."""
    matrix = fake.matrices.get(layer.output)
    if matrix is None:
        return layer
    current = matrix.current()
    return replace(
        current, weight=matrix.integers().real(torch.float64), bias=current.bias.double()
    )


def _quantized(layer: Layer, real: Tensor, mapping: QuantType) -> Tensor:
    """Return what the fake-quantized network passes on of a layer's result."""
    if not layer.quantizes_result:
        return real
    return _real(_codes_of(real, mapping).numpy(), mapping)


def _codes_of(real: Tensor, mapping: QuantType) -> Tensor:
    if mapping.bipolar:
        return (real >= 0).long()
    steps = (real / mapping.scale).clamp(*mapping.steps)
    return steps.round().long() + mapping.zero_point


def _real(codes: Int64, mapping: QuantType) -> Tensor:
    return torch.from_numpy(mapping.encoding.decode(codes)).double() * mapping.scale


def _torch_order(codes: NDArray[np.integer], order: Int64 | None, line: bool) -> Int64:
    """Return a tensor's codes as torch orders them: channels first, and so when flattened."""
    if codes.ndim == 4:
        return codes.transpose(0, 3, 1, 2).astype(np.int64)
    if line:
        return codes.transpose(0, 2, 1).astype(np.int64)
    features = codes.astype(np.int64)
    return features if order is None else features[:, np.argsort(order)]

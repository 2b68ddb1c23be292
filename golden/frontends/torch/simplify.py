"""Layers merged where one integer node computes them together."""

from collections.abc import Callable
from dataclasses import replace

import torch

from golden.frontends.torch.float_network import (
    BatchNorm,
    Clamp,
    Convolution,
    FloatNetwork,
    Layer,
    Linear,
    Matrix,
    Range,
    Scaled,
)
from golden.graph import Window

Merge = Callable[[Layer, Layer], Layer | None]
"""Merges a layer with the only layer that reads it; None when they stay apart."""


def simplify(network: FloatNetwork, fold: bool = True) -> FloatNetwork:
    """Take batch normalization and activations into the layers before them.

    Parameters
    ----------
    network : FloatNetwork
    fold : bool
        Whether batch normalization becomes part of weights and biases; else it stays beside them,
        for training.
    """
    network = _merge_pairs(network, _fold_batch_norm if fold else _take_batch_norm)
    network = replace(
        network, layers=tuple(_as_depthwise(layer, network) for layer in network.layers)
    )
    return _merge_pairs(network, _fuse_clamp)


def _merge_pairs(network: FloatNetwork, merge: Merge) -> FloatNetwork:
    """Merge layers with their only readers, until nothing merges any more.

    The merged layer keeps the first one's name, which is what users know it by.
    """
    while (found := _find_pair(network, merge)) is not None:
        network = _replaced(network, *found)
    return network


def _find_pair(network: FloatNetwork, merge: Merge) -> tuple[Layer, Layer, Layer] | None:
    """Return two layers to merge and what they become."""
    for first in network.layers:
        readers = network.consumers(first.output)
        alone = len(readers) == 1 and readers[0].inputs == (first.output,)
        if not alone or first.output in network.outputs:
            continue
        merged = merge(first, readers[0])
        if merged is not None:
            return first, readers[0], merged
    return None


def _replaced(network: FloatNetwork, first: Layer, second: Layer, merged: Layer) -> FloatNetwork:
    def renamed(name: str) -> str:
        return first.output if name == second.output else name

    layers = tuple(
        merged
        if layer is first
        else replace(layer, inputs=tuple(renamed(name) for name in layer.inputs))
        for layer in network.layers
        if layer is not second
    )
    shapes = {name: shape for name, shape in network.shapes.items() if name != second.output}
    return replace(
        network,
        layers=layers,
        outputs=tuple(renamed(name) for name in network.outputs),
        shapes=shapes | {first.output: network.shapes[second.output]},
    )


def _take_batch_norm(first: Layer, second: Layer) -> Layer | None:
    """Keep batch normalization beside the weights."""
    if not (isinstance(first, Matrix) and isinstance(second, BatchNorm)):
        return None
    if first.normalization is not None:
        return None
    return replace(first, normalization=second.normalization)


def _fold_batch_norm(first: Layer, second: Layer) -> Layer | None:
    """Fold ``scale * (weight x + bias) + offset`` into weight and bias."""
    if not (isinstance(first, Matrix) and isinstance(second, BatchNorm)):
        return None
    scale, offset = second.normalization.scale, second.normalization.offset
    per_row = scale.reshape(-1, *[1] * (first.weight.ndim - 1))
    return replace(
        first,
        weight=(first.weight * per_row).to(torch.float32),
        bias=(first.bias * scale + offset).to(torch.float32),
        statistics=second.normalization.statistics,
    )


def _as_depthwise(layer: Layer, network: FloatNetwork) -> Layer:
    """Turn a batch normalization that stands alone into a 1 x 1 depthwise convolution."""
    if not isinstance(layer, BatchNorm):
        return layer
    scale = layer.normalization.scale.to(torch.float32)
    offset = layer.normalization.offset.to(torch.float32)
    if len(network.shapes[layer.output]) == 1:
        return Linear(inputs=layer.inputs, output=layer.output, weight=scale.diag(), bias=offset)
    return Convolution(
        inputs=layer.inputs,
        output=layer.output,
        weight=scale.reshape(-1, 1, 1, 1),
        bias=offset,
        window=Window(size=(1, 1)),
        groups=len(scale),
    )


def _fuse_clamp(first: Layer, second: Layer) -> Layer | None:
    if not isinstance(second, Clamp):
        return None
    if isinstance(first, Scaled):
        return replace(first, clamp=_within(first.clamp, second.limits))
    if isinstance(first, Clamp):
        return replace(first, limits=_within(first.limits, second.limits))
    return None


def _within(first: Range, second: Range) -> Range:
    """Return the limits of two clamps in a row."""
    low, high = (min(max(limit, second[0]), second[1]) for limit in first)
    return low, high

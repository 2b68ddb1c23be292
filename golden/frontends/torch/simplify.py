"""Layers merged where one integer node computes them together."""

from collections.abc import Callable
from dataclasses import replace

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Layer

Merge = Callable[[Layer, Layer], Layer | None]
"""Merges a layer with the only layer that reads it; None when they stay apart."""


def simplify(network: FloatNetwork, fold: bool = True) -> FloatNetwork:
    """Take borders into the layers behind them, normalization and activations into those before.

    Parameters
    ----------
    network : FloatNetwork
    fold : bool
        Whether batch normalization becomes part of weights and biases; else it stays beside them,
        for training.
    """
    network = _without_borders(network)
    network = _merge_pairs(network, _fold_batch_norm if fold else _take_batch_norm)
    alone = (layer.standing_alone(network.shapes[layer.output]) for layer in network.layers)
    network = replace(network, layers=tuple(alone))
    return _merge_pairs(network, _fuse_clamp)


def _without_borders(network: FloatNetwork) -> FloatNetwork:
    """Let layers pad what they read, where a border of zeros has one reader that can."""
    for border in network.layers:
        readers = network.consumers(border.output)
        if border.only_pads is None or len(readers) != 1 or border.output in network.outputs:
            continue
        bordered = readers[0].bordered(border.only_pads)
        if bordered is None:
            continue
        bordered = replace(bordered, inputs=border.inputs)
        layers = (bordered if layer is readers[0] else layer for layer in network.layers)
        network = replace(
            network,
            layers=tuple(layer for layer in layers if layer is not border),
            shapes={name: each for name, each in network.shapes.items() if name != border.output},
        )
    return network


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
    normalization = second.only_normalizes
    return None if normalization is None else first.normalized(normalization)


def _fold_batch_norm(first: Layer, second: Layer) -> Layer | None:
    """Fold batch normalization into weight and bias."""
    normalization = second.only_normalizes
    return None if normalization is None else first.folded(normalization)


def _fuse_clamp(first: Layer, second: Layer) -> Layer | None:
    limits = second.only_limits
    return None if limits is None else first.limited(limits)

"""Which channels layers hand to each other, and how to change them."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from golden.frontends.torch.float_network import (
    UNLIMITED,
    AveragePool,
    Convolution,
    FloatNetwork,
    Layer,
    Linear,
    Matrix,
    MaxPool,
    Mean,
    Reshape,
    SumPool,
)

RELU = (0.0, float("inf"))


def adjacent_pairs(network: FloatNetwork, shifted: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the names of layers with weights of which the second alone reads the first's result.

    Between them there may be a ReLU, pooling and flattening, which scale with their input channel
    by channel.

    Parameters
    ----------
    shifted : bool
        Only with layers between them that also pass on what is added to a whole channel, which
        averages that count padding do not.
    """
    for layer in network.layers:
        if not isinstance(layer, Matrix) or layer.normalization is not None:
            continue
        reader = _only_reader(network, layer)
        while reader is not None and _keeps_channels(network, reader, shifted):
            reader = _only_reader(network, reader)
        if isinstance(reader, Matrix) and layer.clamp in (UNLIMITED, RELU):
            yield layer.output, reader.output


def _only_reader(network: FloatNetwork, layer: Layer) -> Layer | None:
    readers = network.consumers(layer.output)
    return readers[0] if len(readers) == 1 and layer.output not in network.outputs else None


def _keeps_channels(network: FloatNetwork, layer: Layer, shifted: bool) -> bool:
    """Return whether channels stay apart and are only scaled when their input is."""
    if isinstance(layer, Mean):
        return layer.dimensions == (1, 2) and layer.clamp in (UNLIMITED, RELU)
    if isinstance(layer, SumPool):
        return not shifted and layer.clamp in (UNLIMITED, RELU)
    if isinstance(layer, Reshape):
        source, target = network.shapes[layer.inputs[0]], layer.shape
        return source == target or len(target) == 1
    return isinstance(layer, AveragePool | MaxPool)


def input_weights(layer: Matrix, channels: int) -> Tensor:
    """Return a view of weights as (channels, weights): those that multiply each input channel.

    Parameters
    ----------
    channels : int
        Of the input; a linear layer may have several features of each, one after the other.
    """
    weight = layer.weight
    if isinstance(layer, Linear):
        return weight.reshape(len(weight), channels, -1).transpose(0, 1).flatten(1)
    assert isinstance(layer, Convolution)
    grouped = weight.reshape(layer.groups, -1, *weight.shape[1:])
    return grouped.transpose(1, 2).reshape(channels, -1)


def scale_outputs(layer: Matrix, factor: Tensor) -> Matrix:
    """Return a layer whose output channels are multiplied, statistics included."""
    statistics = layer.statistics
    if statistics is not None:
        statistics = replace(
            statistics, mean=statistics.mean * factor, deviation=statistics.deviation * factor
        )
    per_row = factor.reshape(-1, *[1] * (layer.weight.ndim - 1))
    return replace(
        layer, weight=layer.weight * per_row, bias=layer.bias * factor, statistics=statistics
    )


def scale_inputs(layer: Matrix, factor: Tensor) -> Matrix:
    """Return a layer whose weights for each input channel are multiplied."""
    weight = layer.weight
    if isinstance(layer, Linear):
        spread = factor.repeat_interleave(weight.shape[1] // len(factor))
        return replace(layer, weight=weight * spread)
    assert isinstance(layer, Convolution)
    of_group = factor.reshape(layer.groups, 1, -1)
    outputs = len(weight) // layer.groups
    spread = of_group.expand(-1, outputs, -1).reshape(len(weight), -1, 1, 1)
    return replace(layer, weight=weight * spread)


def response_to(layer: Matrix, weight: Tensor, means: Tensor) -> Tensor:
    """Return what weights make of inputs that are the same everywhere, without bias and border.

    Parameters
    ----------
    layer : Matrix
        The kind of layer.
    weight : Tensor
        Of the layer's shape.
    means : Tensor, shape (channels,)
        Value of each input channel.
    """
    bare = replace(layer, weight=weight, bias=torch.zeros_like(layer.bias), normalization=None)
    if isinstance(bare, Linear):
        features = means.repeat_interleave(weight.shape[1] // len(means))
        return bare.product(features[None])[0]
    assert isinstance(bare, Convolution)
    window = bare.window
    unpadded = replace(bare, window=replace(window, padding=((0, 0), (0, 0))))
    size = [(taps - 1) * step + 1 for taps, step in zip(window.size, window.dilation, strict=True)]
    image = means.reshape(1, -1, 1, 1).expand(-1, -1, *size)
    return unpadded.product(image).reshape(-1)


def channel_mean(values: Tensor, layer: Matrix) -> Tensor:
    """Return the mean of each channel of a layer's result, over samples and positions."""
    axis = 1 if isinstance(layer, Convolution) else values.ndim - 1
    return values.double().mean(dim=[each for each in range(values.ndim) if each != axis])


def is_unpadded(layer: Matrix) -> bool:
    """Return whether a layer reads no zeros that are not there."""
    return not isinstance(layer, Convolution) or sum(map(sum, layer.window.padding)) == 0

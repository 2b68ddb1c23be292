"""Which channels layers hand to each other, and how to change them."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Layer, Matrix
from bittrue.golden.frontends.torch.limits import RELU, UNLIMITED


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
    matrices = {layer.output for layer in network.matrices}
    for layer in network.matrices:
        if layer.normalization is not None:
            continue
        reader = _only_reader(network, layer)
        while reader is not None and reader.keeps_channels(
            network.shapes[reader.inputs[0]], shifted
        ):
            reader = _only_reader(network, reader)
        if reader is not None and reader.output in matrices and layer.clamp in (UNLIMITED, RELU):
            yield layer.output, reader.output


def _only_reader(network: FloatNetwork, layer: Layer) -> Layer | None:
    readers = network.consumers(layer.output)
    return readers[0] if len(readers) == 1 and layer.output not in network.outputs else None


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


def channel_mean(values: Tensor, layer: Matrix) -> Tensor:
    """Return the mean of each channel of a layer's result, over samples and positions."""
    axis = layer.channel_axis % values.ndim
    return values.double().mean(dim=[each for each in range(values.ndim) if each != axis])

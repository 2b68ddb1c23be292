"""The layers of the digits network as dot products, and what torch makes of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch.nn.functional import conv2d, pad, unfold

from bittrue.flows.units.digits_layers import DIGITS
from bittrue.golden.digits import quantized_digits
from bittrue.golden.digits.data import load
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType


@dataclass(frozen=True)
class Layer:
    """A layer as pairs of vectors, with torch's sums.

    Attributes
    ----------
    name : str
        Of the layer's output.
    inputs, weights : ndarray of int64, shape (pairs, length)
    input_type, weight_type : IntegerType
    sums : ndarray of int64, shape (pairs,)
        From torch's convolution of the same numbers.
    filters : int
        Output channels: as many pairs in a row share their inputs.
    """

    name: str
    inputs: Int64
    weights: Int64
    input_type: IntegerType
    weight_type: IntegerType
    sums: Int64
    filters: int

    def matrices(self) -> tuple[Int64, Int64, Int64]:
        """Return the layer as a matrix product: (pixels, length), (length, filters), and sums."""
        return (
            self.inputs[:: self.filters],
            self.weights[: self.filters].T,
            self.sums.reshape(-1, self.filters),
        )


def digits_layers_at(bits: int, pixels: int, seed: int) -> Iterator[Layer]:
    """Yield each layer of the digits network with its numbers reduced to a precision.

    Inputs (unsigned, as after ReLU) and weights (signed) of the int8 network keep their highest
    bits. With a single bit they are -1 and +1 instead: the sign of the weight, and whether the
    input is in the upper half; outside the image is -1.

    Parameters
    ----------
    bits : int
        8, 4, 2 or 1.
    pixels : int
        Output pixels drawn of each layer; each gives a pair for every output channel.
    seed : int
        Of the draw.
    """
    rng = np.random.default_rng(seed)
    for name, inputs, weights, padding, stride in _int8_layers():
        unsigned, signed = inputs >> (8 - bits), weights >> (8 - bits)
        outside = 0
        if bits == 1:
            unsigned, signed, outside = 2 * unsigned - 1, 2 * signed + 1, -1
        padded = pad(unsigned, padding, value=outside).double()
        # Numbers this small are exact in float64, whatever the order of the sums.
        sums = conv2d(padded, signed.double(), stride=stride).flatten(2)
        patches = unfold(padded, signed.shape[2:], stride=stride)
        rows, filters = patches.transpose(1, 2).flatten(0, 1), signed.flatten(1)
        sums = sums.transpose(1, 2).flatten(0, 1)
        chosen = torch.from_numpy(rng.integers(0, len(rows), pixels))
        count = len(filters)
        yield Layer(
            name,
            rows[chosen].repeat_interleave(count, 0).long().numpy(),
            filters.repeat(pixels, 1).numpy(),
            IntegerType(bits, False),
            IntegerType(bits, True),
            sums[chosen].flatten().long().numpy(),
            count,
        )


@cache
def _int8_layers() -> list[tuple[str, torch.Tensor, torch.Tensor, list[int], tuple[int, int]]]:
    """Return name, input values, weights (channels first), padding and stride of each layer."""
    graph = quantized_digits(DIGITS).graph()
    nodes = [node for node in graph.nodes if isinstance(node, Convolution | FullyConnected)]
    images = load()[1].images[:40]
    tensors = Executor(graph).run(to_codes(graph, images), [node.inputs[0] for node in nodes])
    layers = []
    for node in nodes:
        values = torch.from_numpy(node.input_encoding.decode(tensors[node.inputs[0]]))
        weights = torch.from_numpy(node.weight_values)
        if isinstance(node, Convolution):
            (top, bottom), (left, right) = node.window.padding
            padding, stride = [left, right, top, bottom], node.window.stride
            values, weights = values.permute(0, 3, 1, 2), weights.permute(0, 3, 1, 2)
        else:  # A convolution of one pixel.
            padding, stride = [0, 0, 0, 0], (1, 1)
            values, weights = values[:, :, None, None], weights[:, :, None, None]
        layers.append((node.output, values, weights.contiguous(), padding, stride))
    return layers

"""Between torch's real tensors and the codes of an imported graph."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bittrue.golden.codes.conversion import dequantized, quantized
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.quantization import QuantType


def to_codes(graph: Graph, *samples: Tensor) -> dict[str, Int64]:
    """Return the codes of a graph's inputs.

    Parameters
    ----------
    graph : Graph
        As `golden.quantize.quantize` makes it.
    samples : Tensor
        One for each input; images as (samples, channels, height, width).

    Raises
    ------
    UserError
        If the number of inputs differs.
    """
    if len(samples) != len(graph.inputs):
        raise UserError(f"{len(samples)} tensors are given; the graph has {len(graph.inputs)}")
    return {
        tensor.name: quantized(values, _meaning(graph, tensor.name))
        .permute(
            0, *(1 + _layout(graph, tensor.name).index(axis) for axis in range(values.ndim - 1))
        )
        .numpy()
        for tensor, values in zip(graph.inputs, samples, strict=True)
    }


def to_real(graph: Graph, name: str, codes: NDArray[np.integer]) -> Tensor:
    """Return what the codes of a tensor stand for; images as torch has them."""
    real = dequantized(torch.from_numpy(codes.astype(np.int64)), _meaning(graph, name))
    return real.permute(0, *(1 + axis for axis in _layout(graph, name)))


def _meaning(graph: Graph, name: str) -> QuantType:
    return QuantType(graph.tensors[name].type, graph.quantization[name])


def _layout(graph: Graph, name: str) -> tuple[int, ...]:
    """Return where each dimension of torch's tensor is in the graph."""
    rank = len(graph.tensors[name].shape)
    return graph.layouts.get(name, (2, 0, 1) if rank == 3 else tuple(range(rank)))

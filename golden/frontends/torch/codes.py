"""Between torch's real tensors and the codes of an imported graph."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bittrue.golden.codes.affine import AffineMap
from bittrue.golden.codes.bipolar import BipolarMap
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.numbers.arrays import Int64


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
        tensor.name: _channels_last(_map(graph, tensor.name).quantize(values)).numpy()
        for tensor, values in zip(graph.inputs, samples, strict=True)
    }


def to_real(graph: Graph, name: str, codes: NDArray[np.integer]) -> Tensor:
    """Return what the codes of a tensor stand for; images as torch has them."""
    real = _map(graph, name).dequantize(torch.from_numpy(codes.astype(np.int64)))
    return real.permute(0, 3, 1, 2) if real.ndim == 4 else real


def _map(graph: Graph, name: str) -> AffineMap | BipolarMap:
    quantization = graph.quantization[name]
    scale, encoding = float(quantization.scale), quantization.encoding
    if encoding.bipolar:
        return BipolarMap(scale)
    return AffineMap(graph.tensors[name].type, scale, encoding.zero_point)


def _channels_last(values: Tensor) -> Tensor:
    return values.permute(0, 2, 3, 1) if values.ndim == 4 else values

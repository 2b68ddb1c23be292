"""A float network as a list of layers: what a torch module becomes before it is quantized."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.layer import Layer, Matrix
from bittrue.golden.numbers.arrays import Int64


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """Layers in order of execution.

    Parameters
    ----------
    inputs, outputs : tuple of str
        Names of tensors.
    layers : tuple of Layer
        Each after those whose outputs it reads.
    shapes : mapping of str to tuple of int
        Of every tensor, without the batch.
    lines : frozenset of str
        Inputs and outputs of shape (channels, length), which the graph holds as (length, channels).
    """

    inputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    lines: frozenset[str] = frozenset()

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """The layers with weights."""
        return tuple(layer for layer in self.layers if isinstance(layer, Matrix))

    def with_matrices(self, layers: Mapping[str, Matrix]) -> "FloatNetwork":
        """Return the network with other layers of weights, by name."""
        return replace(self, layers=tuple(layers.get(layer.output, layer) for layer in self.layers))

    def run(self, *inputs: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Compute a batch and yield every tensor by name, inputs first."""
        tensors = dict(zip(self.inputs, inputs, strict=True))
        yield from tensors.items()
        with torch.no_grad():
            for layer in self.layers:
                result = layer.compute(*(tensors[name] for name in layer.inputs))
                tensors[layer.output] = result
                yield layer.output, result

    def to(self, dtype: torch.dtype) -> "FloatNetwork":
        """Return the network computing in another floating-point type."""
        return replace(self, layers=tuple(layer.to(dtype) for layer in self.layers))

    def consumers(self, name: str) -> tuple[Layer, ...]:
        """Return the layers that read a tensor."""
        return tuple(layer for layer in self.layers if name in layer.inputs)

    def feature_orders(self) -> dict[str, Int64]:
        """Return which of torch's features each feature of the graph is, where that differs.

        It does for flattened images, whose channels torch has first and the graph has last, and for
        what joins them or treats their features alike.
        """
        orders: dict[str, Int64] = {}
        for layer in self.layers:
            order = layer.feature_order(
                [orders.get(name) for name in layer.inputs],
                [self.shapes[name] for name in layer.inputs],
            )
            if order is not None:
                orders[layer.output] = order
        return orders

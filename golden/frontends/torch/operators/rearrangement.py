"""Values in other places: whatever torch makes of the numbers of the places says where."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import Shape, channels_last, torch_order
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.lowering.arrangement import arranged
from bittrue.golden.numbers.arrays import Int64


@dataclass(frozen=True, eq=False, kw_only=True)
class Rearrangement(Layer):
    """Values of a tensor in other places, each as often as wanted.

    Parameters
    ----------
    places : Tensor of int64
        Of the result's shape without the batch: which of the input's values each one is, counted
        as torch holds them.
    """

    places: Tensor

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        taken = inputs[0].flatten(1)[:, self.places.flatten()]
        return taken.reshape(len(taken), *self.places.shape)

    def lowered(self, context: LoweringContext) -> list[graph.Node]:
        """See `Layer.lowered`."""
        (source,) = self.inputs
        shape = context.shapes[source]
        order = context.order.get(source, torch_order(shape))
        return placed(source, shape, order, self.places.numpy(), self.output)


def placed(source: str, shape: Shape, order: Int64, places: Int64, name: str) -> list[graph.Node]:
    """Return the nodes that put values of a tensor in other places.

    Parameters
    ----------
    source : str
    shape : tuple of int
        Torch's shape of it, without the batch.
    order : ndarray of int64
        Which of torch's values each value of the graph is.
    places : ndarray of int64
        See `Rearrangement`.
    name : str
        Of the result.
    """
    where = np.empty(order.size, dtype=np.int64)
    where[order] = np.arange(order.size)
    made = channels_last(places.shape)
    taken = where[places.reshape(-1)[torch_order(places.shape)]].reshape(made)
    return arranged(source, channels_last(shape), taken, name)


def numbered(shape: Shape, samples: int) -> Tensor:
    """Return samples of a shape, without the batch, whose values are their places in all."""
    numbers = torch.arange(samples * int(np.prod(shape)), dtype=torch.float64)
    return numbers.reshape(samples, *shape)


def places_of(moved: Tensor, elements: int) -> Tensor:
    """Return which of a sample's values each one of the result is.

    Parameters
    ----------
    moved : Tensor of float64
        What an operator has made of `numbered` samples.
    elements : int
        Values of a sample.

    Raises
    ------
    UserError
        If it moves values between samples.
    """
    first = moved[0]
    step = torch.arange(len(moved), dtype=moved.dtype).reshape(-1, *(1,) * first.ndim) * elements
    if not torch.equal(moved, first + step) or (first.numel() and first.max() >= elements):
        raise UserError("it moves values between samples; allowed: within each")
    return first.to(torch.int64)

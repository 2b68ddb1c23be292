"""Weights rounded to the nearest of a list of integers."""

from typing import cast

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer, per_row


class LevelWeight(WeightQuantizer):
    """``scale[channel]`` times the nearest of the channel's levels.

    Levels and scales stay what they are in training; gradients pass between the outermost levels.

    Parameters
    ----------
    levels : Tensor of int64, shape (output channels, number)
        Ascending in each row; a circuit multiplies by them.
    scale : Tensor of float32, shape (output channels,)
    bits : int
        That a memory holds for each weight: the number of its level.
    """

    def __init__(self, levels: Tensor, scale: Tensor, bits: int) -> None:
        super().__init__()
        self.register_buffer("levels", levels.to(torch.float32))
        self.register_buffer("scale", scale.to(torch.float32))
        self._bits = bits

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        scale, levels = per_row(cast(Tensor, self.scale), weight), cast(Tensor, self.levels)
        lowest, highest = (per_row(levels[:, end], weight) for end in (0, -1))
        return through(
            self._nearest(weight.detach()) * scale, weight.clamp(lowest * scale, highest * scale)
        )

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return the levels of the weights, and the scales."""
        values = self._nearest(weight.detach()).to(torch.int64).numpy()
        scale = cast(Tensor, self.scale).numpy().copy()
        return IntegerWeight.of_levels(values, scale, self._bits)

    def _nearest(self, weight: Tensor) -> Tensor:
        scale, levels = cast(Tensor, self.scale), cast(Tensor, self.levels)
        return nearest_level(weight.flatten(1) / scale[:, None], levels).reshape(weight.shape)


def nearest_level(values: Tensor, levels: Tensor) -> Tensor:
    """Return for each value the nearest level of its row.

    Parameters
    ----------
    values : Tensor, shape (rows, n)
    levels : Tensor, shape (rows, number)
        Ascending.
    """
    middles = ((levels[:, 1:] + levels[:, :-1]) / 2).contiguous()
    return levels.gather(1, torch.searchsorted(middles, values.contiguous()))

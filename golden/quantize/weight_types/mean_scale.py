"""Weights whose scale is a mean of their magnitudes."""

from abc import ABC
from typing import Self, cast

from torch import Tensor

from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer
from bittrue.golden.quantize.weight_types.rows import at_least, per_channel, rows_of


class MeanScaleWeight(WeightQuantizer, ABC):
    """Signs times a scale that follows the weights in training.

    Parameters
    ----------
    scheme : WeightScheme
        Granularity tensor or channel.
    smallest_scale : Tensor of float32, shape (output channels,)
    """

    def __init__(self, scheme: WeightScheme, smallest_scale: Tensor) -> None:
        super().__init__()
        self._scheme = scheme
        self.register_buffer("smallest_scale", smallest_scale)

    @classmethod
    def fit(cls, weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> Self:
        """Return the quantizer of a layer's weights."""
        rows_of(weight, scheme)
        return cls(scheme, smallest_scale)

    def magnitudes(self, weight: Tensor) -> Tensor:
        """Return the magnitudes of weights, those that share a scale in one row."""
        return rows_of(weight, self._scheme).abs()

    def scale(self, means: Tensor, weight: Tensor) -> Tensor:
        """Return the scale of each output channel from the means of the rows."""
        return at_least(per_channel(means, weight), cast(Tensor, self.smallest_scale))

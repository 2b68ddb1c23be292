"""Quantizers of weights, as torch modules."""

from abc import ABC, abstractmethod

from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.quantize.quantizer import Quantizer


class WeightQuantizer(Quantizer, ABC):
    """Replaces weights by those that integers stand for, with gradients for training.

    ``forward(weight)`` equals ``integers(weight).real()``.
    """

    @abstractmethod
    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""

    @abstractmethod
    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return the integers and scales of the quantized weights."""

    def limit(self, weight: Tensor) -> None:
        """Change the float weights in place where training must not take them; after each step."""


def per_row(values: Tensor, weight: Tensor) -> Tensor:
    """Return one value per output channel, shaped to broadcast against weights."""
    return values.reshape(-1, *[1] * (weight.ndim - 1))

"""Quantizers of the values between layers, as torch modules."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.quantizer import Quantizer
from bittrue.golden.quantize.straight_through import through


class ActivationQuantizer(Quantizer, ABC):
    """Replaces values by those that codes stand for; gradients pass where nothing is clipped.

    What `forward` returns is exactly what the codes of `map` stand for.
    """

    @abstractmethod
    def forward(self, values: Tensor) -> Tensor:
        """Return quantized values, in the dtype of the values."""

    @property
    @abstractmethod
    def map(self) -> QuantType:
        """Codes, scale and zero point as they are now."""

    def in_steps(self, values: Tensor, scale: Tensor | float, lowest: int, highest: int) -> Tensor:
        """Return ``scale * round(clamp(values / scale, lowest, highest))``."""
        return self.round((values / scale).clamp(lowest, highest)) * scale

    def penalty(self) -> Tensor | float:
        """Return what the quantizer's own parameters add to the loss, per unit of decay."""
        return 0.0


class UniformActivation(ActivationQuantizer):
    """Equal steps with a fixed scale and zero point: ``scale * clamp(round(x / scale))``.

    Parameters
    ----------
    mapping : QuantType
        One scale for the tensor.
    """

    def __init__(self, mapping: QuantType) -> None:
        super().__init__()
        self._map = mapping
        self.scale = mapping.scale
        self.lowest, self.highest = mapping.steps

    def forward(self, values: Tensor) -> Tensor:
        """Return quantized values, in the dtype of the values."""
        return self.in_steps(values, self.scale, self.lowest, self.highest)

    @property
    def map(self) -> QuantType:
        """Codes, scale and zero point."""
        return self._map


class BinaryActivation(ActivationQuantizer):
    """The sign of each value; gradients pass within -1 and +1.

    I. Hubara et al., "Binarized Neural Networks", NIPS 2016, equation 4.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Return -1 or +1 for each value; +1 for zero."""
        signs = torch.where(values >= 0, 1.0, -1.0).to(values.dtype)
        return through(signs, values.clamp(-1, 1))

    @property
    def map(self) -> QuantType:
        """Codes of -1 and +1."""
        return QuantType.signs()

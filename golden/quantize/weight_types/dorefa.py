"""The weights of DoReFa-Net."""

import numpy as np
import torch
from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.graph import Encoding
from bittrue.golden.numbers.quantization import UINT1
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer


class DorefaWeight(WeightQuantizer):
    """Weights squeezed into -1 to +1 by tanh, in ``2**bits`` equal steps without zero.

        normalized = tanh(weight) / max |tanh(weight)|
        quantized = 2 * round((normalized / 2 + 1/2) * n) / n - 1,  n = 2**bits - 1

    and of one bit ``mean |weight| * sign(weight)``; maximum and mean are the layer's. S. Zhou et
    al., "DoReFa-Net: Training Low Bitwidth Convolutional Neural Networks with Low Bitwidth
    Gradients", arXiv:1606.06160, equations 7 to 9. It replaces the magnitude of the weights, so it
    is meant for layers before a batch normalization.

    Parameters
    ----------
    bits : int
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.steps = (1 << bits) - 1

    @classmethod
    def fit(cls, weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> "DorefaWeight":
        """Return the quantizer of a layer's weights."""
        return cls(scheme.bits)

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        exact = self._levels(weight) * self._scale(weight)
        return through(exact, weight if self.bits == 1 else _normalized(weight))

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return odd integers, or for one bit the signs as bipolar codes."""
        weight = weight.detach()
        levels = self._levels(weight).to(torch.int64).numpy()
        scale = np.full(len(levels), self._scale(weight).numpy())
        if self.bits == 1:
            return IntegerWeight(
                (levels > 0).astype(np.int64), UINT1, scale, Encoding(bipolar=True)
            )
        return IntegerWeight.of_levels(levels, scale, stored_bits=self.bits)

    def _levels(self, weight: Tensor) -> Tensor:
        weight = weight.detach()
        if self.bits == 1:
            return torch.where(weight >= 0, 1.0, -1.0)
        codes = ((_normalized(weight) / 2 + 0.5) * self.steps).round()
        return 2 * codes - self.steps

    def _scale(self, weight: Tensor) -> Tensor:
        if self.bits == 1:
            return weight.detach().abs().mean().clamp_min(torch.finfo(torch.float32).tiny)
        return torch.tensor(1 / self.steps)


def _normalized(weight: Tensor) -> Tensor:
    squeezed = weight.tanh()
    return squeezed / squeezed.abs().amax().clamp_min(torch.finfo(torch.float32).tiny)

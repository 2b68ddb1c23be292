"""Weights of which every code occurs equally often."""

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer


class BalancedWeight(WeightQuantizer):
    """Histogram-equalized weights: ``2**bits`` bins of equal counts become equal steps.

        code = how many of the ``2**bits - 1`` quantiles are below the weight
        quantized = scale * (2 * code - (2**bits - 1))

    with the layer's quantiles, found anew for the weights as they are, and the scale of the least
    squared error. S. Zhou, Y. Wang, H. Wen, Q. He, Y. Zou, "Balanced Quantization: An Effective and
    Efficient Approach to Quantized Neural Networks", JCST 2017, arXiv:1706.07145. Gradients pass
    straight through.

    Parameters
    ----------
    bits : int
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits

    @classmethod
    def fit(cls, weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> "BalancedWeight":
        """Return the quantizer of a layer's weights."""
        return cls(scheme.bits)

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        levels, scale = self._levels(weight.detach())
        return through(levels * scale, weight)

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return odd integers, and one scale for all channels."""
        levels, scale = self._levels(weight.detach())
        scales = scale.expand(len(levels)).numpy().copy()
        values = levels.to(torch.int64).numpy()
        return IntegerWeight.of_levels(values, scales, stored_bits=self.bits)

    def _levels(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        steps = (1 << self.bits) - 1
        ranked = weight.reshape(-1).sort().values
        # The first of each bin but the lowest: bins of equal counts, where these divide.
        first = torch.arange(1, steps + 1) * len(ranked) // (steps + 1)
        codes = torch.bucketize(weight, ranked[first], right=True)
        levels = (2 * codes - steps).to(torch.float32)
        scale = (weight * levels).sum() / levels.square().sum()
        return levels, scale.clamp_min(torch.finfo(torch.float32).tiny)

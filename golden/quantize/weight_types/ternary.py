"""Weights of -1, 0 and +1."""

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_quantizer import per_row
from bittrue.golden.quantize.weight_types.mean_scale import MeanScaleWeight

_THRESHOLD = 0.7


class TernaryWeight(MeanScaleWeight):
    """``scale * sign(weight)`` where ``|weight| > threshold``, else zero.

    The scale is the mean magnitude of what is above the threshold, the least squares solution.
    Thresholds are 0.7 times the mean magnitude (F. Li, B. Zhang, B. Liu, "Ternary Weight
    Networks", 2016, arXiv:1605.04711, equations 5 and 6), or the ones with the least squared error:
    the k largest magnitudes that maximize ``(sum of k)**2 / k``, found by sorting. Both follow the
    weights in training, with gradients passed straight through.

    Parameters
    ----------
    scheme : WeightScheme
        Granularity tensor or channel; its `ternary_threshold`.
    smallest_scale : Tensor of float32, shape (output channels,)
    """

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        codes, scale = self._codes(weight.detach())
        return through(codes * per_row(scale, weight), weight)

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return -1, 0 and +1, and the scales."""
        codes, scale = self._codes(weight.detach())
        return IntegerWeight(
            codes.to(torch.int64).numpy(), IntegerType(2, True), scale.numpy().copy()
        )

    def _codes(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        magnitudes = self.magnitudes(weight)
        if self._scheme.ternary_threshold == "optimal":
            kept = _best_kept(magnitudes)
        else:
            kept = magnitudes > _THRESHOLD * magnitudes.mean(dim=1, keepdim=True)
        means = (magnitudes * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
        return weight.sign() * kept.reshape(weight.shape), self.scale(means, weight)


def _best_kept(magnitudes: Tensor) -> Tensor:
    """Return which magnitudes of each row are not rounded to zero."""
    order = magnitudes.argsort(dim=1, descending=True, stable=True)
    sums = magnitudes.gather(1, order).double().cumsum(dim=1)
    counts = torch.arange(1, magnitudes.shape[1] + 1)
    number = (sums.square() / counts).argmax(dim=1, keepdim=True) + 1
    return torch.zeros_like(magnitudes, dtype=torch.bool).scatter(1, order, counts <= number)

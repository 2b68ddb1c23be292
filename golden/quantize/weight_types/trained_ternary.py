"""Ternary weights with two trained scales."""

import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer

_THRESHOLD = 0.05
"""Share of the largest magnitude up to which weights are zero; the paper's, section 3.1."""

_LEVELS = 127
"""The larger of the two scales as an integer."""


class TrainedTernaryWeight(WeightQuantizer):
    """``positive``, zero or ``-negative``: two scales of a layer, both trained.

    Weights of magnitude up to 0.05 times the layer's largest are zero. The gradients of the scales
    are sums over the weights that have them, and those of the float weights are multiplied by the
    scale that they have, or one at zero. C. Zhu, S. Han, H. Mao, W. Dally, "Trained Ternary
    Quantization", ICLR 2017, equations 6 to 9.

    The two scales are integers of 8 bits times a common one, so that a circuit multiplies by
    integers; a weight is stored in 2 bits. What is trained is the ratio of each to where it starts,
    for the reason that `golden.quantize.trained.lsq.LearnedStep` gives.

    Parameters
    ----------
    positive, negative : float
        That training starts from.
    """

    def __init__(self, positive: float, negative: float) -> None:
        super().__init__()
        self.register_buffer("start", torch.tensor([positive, negative]))
        self.ratio = nn.Parameter(torch.ones(2))

    @property
    def scales(self) -> Tensor:
        """The positive and the negative scale, as they are now; both positive."""
        ratio = through(self.ratio.detach().clamp(min=1 / _LEVELS), self.ratio)
        return ratio * self.get_buffer("start")

    @classmethod
    def fit(
        cls, weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor
    ) -> "TrainedTernaryWeight":
        """Return the quantizer that starts from the mean magnitude of each sign's weights."""
        if scheme.bits != 2:
            raise UserError(f"weight.bits is {scheme.bits} with type {scheme.type}; allowed: 2")
        signs = _signs(weight)
        if not signs.any():
            return cls(1.0, 1.0)
        means = [
            float(weight[signs == sign].abs().mean()) for sign in (1, -1) if (signs == sign).any()
        ]
        return cls(means[0], means[-1])

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        signs = _signs(weight.detach())
        values, scale = self._integers(signs)
        positive, negative = self.scales
        factor = torch.where(signs > 0, positive, torch.where(signs < 0, negative, 1.0))
        estimate = weight * factor.detach() + positive * (signs > 0) - negative * (signs < 0)
        return through(values * scale, estimate)

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return three levels, and one scale for all channels."""
        values, scale = self._integers(_signs(weight.detach()))
        scales = scale.expand(len(values)).numpy().copy()
        return IntegerWeight.of_levels(values.to(torch.int64).numpy(), scales, stored_bits=2)

    def _integers(self, signs: Tensor) -> tuple[Tensor, Tensor]:
        scales = self.scales.detach()
        step = scales.amax() / _LEVELS
        positive, negative = (scales / step).round()
        return torch.where(signs > 0, positive, signs * negative), step


def _signs(weight: Tensor) -> Tensor:
    magnitudes = weight.abs()
    return weight.sign() * (magnitudes > _THRESHOLD * magnitudes.amax())

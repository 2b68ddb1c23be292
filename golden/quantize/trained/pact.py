"""Parameterized clipping activation.

J. Choi, Z. Wang, S. Venkataramani, P. Chuang, V. Srinivasan, K. Gopalakrishnan, "PACT:
Parameterized Clipping Activation for Quantized Neural Networks", arXiv:1805.06085.
"""

import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.ranges import Grid
from bittrue.golden.quantize.straight_through import through


class PactActivation(ActivationQuantizer):
    """Activations clipped at a level `alpha` that is trained.

        clipped = clamp(value, 0, alpha);  quantized = step * round(clipped / step)
        step = alpha / highest

    The gradient of alpha is one where a value is clipped and zero elsewhere (equation 3), and half
    its square, times ``training.pact_decay``, is added to the loss (section 3.1). Codes of negative
    values, where there are any, reach as far as their number does.

    Parameters
    ----------
    start : QuantType
    grid : Grid

    Raises
    ------
    UserError
        If no code stands for a positive value.
    """

    def __init__(self, start: QuantType, grid: Grid) -> None:
        super().__init__()
        self.codes, self.zero_point = start.type, start.zero_point
        self.lowest, self.highest = start.steps
        self.narrow = start.narrow
        if self.highest == 0:
            raise UserError(
                "activation.range is 'pact', which clips positive values, and calibration has seen "
                "none; use another range"
            )
        first = torch.tensor(start.scale32) * self.highest
        self.alpha = nn.Parameter(first)
        self.register_buffer("smallest", first * 2.0**-20)

    def forward(self, values: Tensor) -> Tensor:
        """Return quantized values, in the dtype of the values."""
        scale = self._scale
        steps = (values.detach() / scale).clamp(self.lowest, self.highest)
        ratio = self.lowest / self.highest
        clipped = values.clamp(self.alpha * ratio, self.alpha)
        if self.noise and self.training:
            return clipped + (torch.rand_like(clipped) - 0.5) * scale
        return through(steps.round() * scale, clipped)

    @property
    def map(self) -> QuantType:
        """Codes, scale and zero point as they are now."""
        return QuantType.affine(self.codes, float(self._scale), self.zero_point, narrow=self.narrow)

    @property
    def _scale(self) -> Tensor:
        return self.alpha.detach().maximum(self.get_buffer("smallest")) / self.highest

    def penalty(self) -> Tensor:
        """Return half the square of alpha."""
        return self.alpha.square() / 2

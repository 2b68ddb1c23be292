"""What quantizers of weights and of activations share while a network is trained."""

import torch
from torch import Tensor, nn

from bittrue.golden.quantize.straight_through import through


class Quantizer(nn.Module):
    """A quantizer whose rounding is passed over, or replaced by noise, in training.

    Attributes
    ----------
    noise : bool
        In training, rounding adds uniform noise of one step instead, so that gradients are exact:
        C. Baskin et al., "UNIQ: Uniform Noise Injection for Non-Uniform Quantization of Neural
        Networks", TOCS 2021; A. Defossez et al., "Differentiable Model Compression via Pseudo
        Quantization Noise", TMLR 2022.
    """

    noise: bool = False

    def round(self, steps: Tensor) -> Tensor:
        """Round to the nearest, ties to even; or add noise within half a step on each side."""
        if self.noise and self.training:
            return steps + torch.rand_like(steps) - 0.5
        return through(self.rounded(steps), steps)

    def rounded(self, steps: Tensor) -> Tensor:
        """Return steps as whole numbers, without gradients."""
        return steps.detach().round()

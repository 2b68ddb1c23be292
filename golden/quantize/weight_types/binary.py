"""Weights of one bit."""

import numpy as np
import torch
from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.graph import Encoding
from bittrue.golden.numbers.quantization import UINT1
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_quantizer import per_row
from bittrue.golden.quantize.weight_types.mean_scale import MeanScaleWeight


class BinaryWeight(MeanScaleWeight):
    """``scale * sign(weight)`` with ``scale = mean |weight|``, the least squares solution.

    The scale follows the weights in training. Zero counts as positive. Gradients are XNOR-Net's:
    through the sign where ``|weight| <= 1``, and through the scale. M. Rastegari et al.,
    "XNOR-Net", ECCV 2016, equations 6 and 12.

    Parameters
    ----------
    scheme : WeightScheme
        Granularity tensor or channel.
    smallest_scale : Tensor of float32, shape (output channels,)
    """

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        signs = torch.where(weight >= 0, 1.0, -1.0)
        return through(signs, weight.clamp(-1, 1)) * per_row(self._scale(weight), weight)

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return the signs as bipolar codes, and the scales."""
        weight = weight.detach()
        codes = (weight >= 0).numpy().astype(np.int64)
        return IntegerWeight(codes, UINT1, self._scale(weight).numpy(), Encoding(bipolar=True))

    def limit(self, weight: Tensor) -> None:
        """Keep float weights within -1 and +1, beyond which gradients could not bring them back.

        M. Courbariaux, Y. Bengio, J.-P. David, "BinaryConnect", NIPS 2015, section 2.4.
        """
        weight.clamp_(-1, 1)

    def _scale(self, weight: Tensor) -> Tensor:
        return self.scale(self.magnitudes(weight).mean(dim=1), weight)

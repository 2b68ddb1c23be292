"""Gradients in few bits.

S. Zhou et al., "DoReFa-Net: Training Low Bitwidth Convolutional Neural Networks with Low Bitwidth
Gradients", arXiv:1606.06160, equation 12.
"""

from typing import Any

import torch
from torch import Tensor


def quantize_gradient(gradient: Tensor, bits: int) -> Tensor:
    """Return a gradient in ``2**bits`` levels.

        2 m (round((g / (2 m) + 1/2 + noise) * n) / n - 1/2),  n = 2**bits - 1

    clamped to [-m, m]; `m` is the largest magnitude of each sample, and the noise is uniform within
    half a level on each side, without which gradients would be biased.
    """
    levels = (1 << bits) - 1
    largest = gradient.abs().flatten(1).amax(dim=1).clamp_min(torch.finfo(gradient.dtype).tiny)
    largest = largest.reshape(-1, *[1] * (gradient.ndim - 1))
    noise = torch.rand_like(gradient) - 0.5
    codes = ((gradient / (2 * largest) + 0.5) * levels + noise).round().clamp(0, levels)
    return 2 * largest * (codes / levels - 0.5)


def with_gradient_bits(values: Tensor, bits: int) -> Tensor:
    """Return values whose gradient is quantized on its way back."""
    result: Tensor = _GradientBits.apply(values, bits)
    return result


class _GradientBits(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, bits: int) -> Tensor:
        ctx.bits = bits
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return quantize_gradient(gradients[0], ctx.bits), None

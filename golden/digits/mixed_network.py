"""A digits network of layers with 8, 4, 2, 1 and 8 bits, trained with its quantizers in place.

Quantizers are rounded forwards and passed through backwards (the straight-through estimator;
Bengio, Leonard, Courville, arXiv:1308.3432), within the range that they do not clip.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.digits.data import Digits
from golden.digits.network import train_digits
from golden.digits.settings import Training

INPUT_STEP = 1 / 255
FOUR_BIT_STEP = 3 / 15
EIGHT_BIT_STEP = 4 / 255
"""Steps of activations behind batch normalization, whose outputs have unit variance."""


class MixedDigitsNetwork(nn.Module):
    """Three 3 x 3 convolutions with weights of 8, 4 and 2 bits, a binary and an 8-bit dense layer.

    Input (n, 1, 8, 8), output (n, 10). Activations have 8, 4, 4, 1 and 8 bits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, stride=2, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        self.conv3 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(16)
        self.dense1 = nn.Linear(16 * 4 * 4, 64, bias=False)
        self.norm4 = nn.BatchNorm1d(64)
        self.dense2 = nn.Linear(64, 10, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return a score for each digit."""
        codes = stepped(images, INPUT_STEP, 255)
        features = self.conv1._conv_forward(codes, through(self.conv1.weight, 8), None)
        features = stepped(self.norm1(features), FOUR_BIT_STEP, 15)
        features = self.conv2._conv_forward(features, through(self.conv2.weight, 4), None)
        features = stepped(self.norm2(features), FOUR_BIT_STEP, 15)
        features = self.conv3._conv_forward(features, through(self.conv3.weight, 2), None)
        signs = signed(self.norm3(features)).permute(0, 2, 3, 1).flatten(1)  # Channels last.
        features = functional.linear(signs, signed(self.dense1.weight))
        features = stepped(self.norm4(features), EIGHT_BIT_STEP, 255)
        scores: Tensor = functional.linear(features, through(self.dense2.weight, 8))
        return scores


def weight_codes(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Return the codes of a layer's weights, symmetric, and the step of each output channel.

    With two bits, codes are -1, 0 and +1 and the step is that of ternary weight networks: 0.7
    times the mean magnitude decides what becomes zero (Li, Zhang, Liu, arXiv:1605.04711).
    """
    flat = weight.detach().flatten(1)
    shape = (-1, *(1,) * (weight.ndim - 1))
    if bits == 2:
        threshold = 0.7 * flat.abs().mean(dim=1, keepdim=True)
        kept = flat.abs() > threshold
        step = (flat.abs() * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
        return (flat.sign() * kept).reshape(weight.shape), step.reshape(shape)
    largest = (1 << (bits - 1)) - 1
    step = (flat.abs().amax(dim=1) / largest).clamp(min=1e-8)
    codes = torch.round(flat / step[:, None]).clamp(-largest, largest)
    return codes.reshape(weight.shape), step.reshape(shape)


def through(weight: Tensor, bits: int) -> Tensor:
    """Return quantized weights through which gradients pass as if they were not."""
    codes, step = weight_codes(weight, bits)
    return weight + (codes * step - weight).detach()


def stepped(values: Tensor, step: float, largest: int) -> Tensor:
    """Return values as multiples of a step, from 0 to `largest` of them."""
    clipped = values.clamp(0, largest * step)
    return clipped + (torch.round(clipped / step) * step - clipped).detach()


def signed(values: Tensor) -> Tensor:
    """Return -1 or +1; gradients pass where values are within -1 and +1."""
    clipped = values.clamp(-1, 1)
    return clipped + (torch.where(values >= 0, 1.0, -1.0) - clipped).detach()


def train_mixed(data: Digits, training: Training) -> MixedDigitsNetwork:
    """Train the network from scratch; the same on every run of a machine."""
    return train_digits(MixedDigitsNetwork, data, training)

"""Learned step size quantization.

S. Esser, J. McKinstry, D. Bablani, R. Appuswamy, D. Modha, "Learned Step Size Quantization",
ICLR 2020:

    quantized = step * round(clamp(value / step, lowest, highest))

with gradients as if rounding were not there, and those of the step multiplied by
``1 / sqrt(values * highest)`` (section 2.2), so that steps learn as fast as weights. It starts from
`golden.quantize.ranges.learned.lsq`. Signed codes use their lowest value too.

Type power_of_two rounds the step to the nearest power of two, as S. Jain et al., "Trained
Quantization Thresholds", MLSys 2020, do.
"""

import math

import torch
from torch import Tensor, nn

from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.ranges import Grid
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.straight_through import through
from bittrue.golden.quantize.weight_types.uniform import SteppedWeight, UniformWeight

_SMALLEST = 2.0**-20
"""Of a step, relative to the first: training may try to make it negative."""


class LearnedStep(nn.Module):
    """A positive step, or one for each channel, that training changes.

    What is trained is its ratio to the first step: Adam's updates are as large as the learning
    rate whatever the gradient's size, and steps are far smaller than weights.

    Parameters
    ----------
    start : Tensor of float32, shape (n,)
    power_of_two : bool
    """

    def __init__(self, start: Tensor, power_of_two: bool) -> None:
        super().__init__()
        self.register_buffer("start", start.clone())
        self.ratio = nn.Parameter(torch.ones_like(start))
        self.power_of_two = power_of_two

    def forward(self, gradient_scale: float) -> Tensor:
        """Return the step; its gradient is multiplied by a constant."""
        return through(self.value, self.ratio * self.get_buffer("start") * gradient_scale)

    @property
    def value(self) -> Tensor:
        """The step without gradients."""
        step = self.ratio.detach().clamp(min=_SMALLEST) * self.get_buffer("start")
        if self.power_of_two:
            step = torch.ldexp(torch.ones(()), step.log2().round())
        return step


class LsqWeight(SteppedWeight):
    """Weights whose steps are trained: one of the tensor, or one of each output channel.

    Parameters
    ----------
    start : UniformWeight
    scheme : WeightScheme
    """

    def __init__(self, start: UniformWeight, scheme: WeightScheme) -> None:
        super().__init__(start.code_type, start.zero_point, narrow=False)
        scale = start.get_buffer("scale")
        self.channels = len(scale)
        if scheme.granularity == "tensor":
            scale = scale.amax().reshape(1)
        self.learned = LearnedStep(scale, scheme.type == "power_of_two")

    def scales(self, weight: Tensor) -> Tensor:
        """Return the scale of each output channel as it is now."""
        values = weight.numel() / len(self.learned.ratio)
        return self.learned(1 / math.sqrt(values * self.highest)).expand(self.channels)


class LsqActivation(ActivationQuantizer):
    """Activations whose step is trained; the zero point stays.

    Parameters
    ----------
    start : QuantType
    grid : Grid
    """

    def __init__(self, start: QuantType, grid: Grid) -> None:
        super().__init__()
        self.codes, self.zero_point = start.type, start.zero_point
        self.lowest = self.codes.minimum - self.zero_point
        self.highest = self.codes.maximum - self.zero_point
        self.learned = LearnedStep(torch.tensor([start.scale32]), grid.type == "power_of_two")

    def forward(self, values: Tensor) -> Tensor:
        """Return quantized values, in the dtype of the values."""
        features = values[0].numel()
        step = self.learned(1 / math.sqrt(features * max(self.highest, 1)))
        return self.in_steps(values, step, self.lowest, self.highest)

    @property
    def map(self) -> QuantType:
        """Codes, scale and zero point as they are now."""
        return QuantType.affine(self.codes, float(self.learned.value), self.zero_point)

"""Ranges that follow the values while a network is trained.

B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018, section 3.1.
"""

import torch
from torch import Tensor

from bittrue.golden.numbers.quantization import QuantType, power_of_two_scale, symmetric_scale
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.ranges import Grid
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_types.uniform import SteppedWeight, UniformWeight

_MOMENTUM = 0.99
"""Share of the earlier batches in a range."""


class MinMaxWeight(SteppedWeight):
    """Weights whose scale follows from the largest of each channel, at every step anew.

    Parameters
    ----------
    start : UniformWeight
        Symmetric.
    scheme : WeightScheme
    """

    def __init__(self, start: UniformWeight, scheme: WeightScheme) -> None:
        super().__init__(start.code_type)
        self.scheme = scheme

    def scales(self, weight: Tensor) -> Tensor:
        """Return the scale of each output channel as it is now."""
        largest = weight.detach().flatten(1).abs().amax(dim=1)
        if self.scheme.granularity == "tensor":
            largest = largest.amax().expand_as(largest)
        scale = power_of_two_scale if self.scheme.type == "power_of_two" else symmetric_scale
        return torch.from_numpy(scale(largest.numpy(), self.code_type))


def min_max_weight(start: UniformWeight, scheme: WeightScheme) -> SteppedWeight:
    """Return weights whose scale follows them; asymmetric ones keep scale and zero point."""
    return start if scheme.type == "asymmetric" else MinMaxWeight(start, scheme)


class MovingRangeActivation(ActivationQuantizer):
    """Activations whose range is a moving average of the extremes of each batch.

    Parameters
    ----------
    start : QuantType
    grid : Grid
    """

    def __init__(self, start: QuantType, grid: Grid) -> None:
        super().__init__()
        self.grid = grid
        ends = [step * start.scale for step in start.steps]
        self.register_buffer("range", torch.tensor(ends, dtype=torch.float64))

    def forward(self, values: Tensor) -> Tensor:
        """Return quantized values, in the dtype of the values."""
        if self.training:
            seen = torch.stack([values.detach().amin(), values.detach().amax()])
            if seen.isfinite().all():  # Else the loss is not either, which training reports.
                self.get_buffer("range").lerp_(seen.to(torch.float64), 1 - _MOMENTUM)
        mapping = self.map
        return self.in_steps(values, mapping.scale, *mapping.steps)

    @property
    def map(self) -> QuantType:
        """Codes, scale and zero point as they are now."""
        low, high = self.get_buffer("range").tolist()
        return self.grid.map(low, high)

"""Ranges that follow the values while a network is trained.

B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018, section 3.1.
"""

import torch
from torch import Tensor

from bittrue.golden.codes.affine import AffineMap
from bittrue.golden.frontends.torch.activation_map import scale_of, steps_of
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
        make = AffineMap.power_of_two if self.scheme.type == "power_of_two" else AffineMap.symmetric
        return torch.from_numpy(make(largest.numpy(), self.code_type, axis=0).scale.copy())


def min_max_weight(start: UniformWeight, scheme: WeightScheme) -> SteppedWeight:
    """Return weights whose scale follows them; asymmetric ones keep scale and zero point."""
    return start if scheme.type == "asymmetric" else MinMaxWeight(start, scheme)


class MovingRangeActivation(ActivationQuantizer):
    """Activations whose range is a moving average of the extremes of each batch.

    Parameters
    ----------
    start : AffineMap
    grid : Grid
    """

    def __init__(self, start: AffineMap, grid: Grid) -> None:
        super().__init__()
        self.grid = grid
        ends = [step * scale_of(start) for step in steps_of(start)]
        self.register_buffer("range", torch.tensor(ends, dtype=torch.float64))

    def forward(self, values: Tensor) -> Tensor:
        """Return quantized values, in the dtype of the values."""
        if self.training:
            seen = torch.stack([values.detach().amin(), values.detach().amax()])
            if seen.isfinite().all():  # Else the loss is not either, which training reports.
                self.get_buffer("range").lerp_(seen.to(torch.float64), 1 - _MOMENTUM)
        mapping = self.map
        return self.in_steps(values, scale_of(mapping), *steps_of(mapping))

    @property
    def map(self) -> AffineMap:
        """Codes, scale and zero point as they are now."""
        low, high = self.get_buffer("range").tolist()
        return self.grid.map(low, high)

"""Weights in equal steps that differ from group to group."""

from typing import cast

import numpy as np
import torch
from torch import Tensor

from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges import RANGES, Grid
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer, per_row
from bittrue.golden.quantize.weight_types.rows import at_least


class GroupWeight(WeightQuantizer):
    """``scale[channel] * factor[group] * code``: scales of two levels, the inner one an integer.

    S. Dai et al., "VS-Quant: Per-Vector Scaled Quantization for Accurate Low-Precision Neural
    Network Inference", MLSys 2021, section 4.

    Parameters
    ----------
    scale : Tensor of float32, shape (output channels,)
    factors : Tensor of int64, shape of the weights
        1 to ``2**group_scale_bits - 1``, the same throughout a group.
    largest : int
        Codes go from ``-largest`` to ``largest``.
    stored_bits : float
        That a memory holds for each weight.
    """

    def __init__(self, scale: Tensor, factors: Tensor, largest: int, stored_bits: float) -> None:
        super().__init__()
        self.register_buffer("scale", scale.to(torch.float32))
        self.register_buffer("factors", factors.to(torch.float32))
        self._largest, self._stored_bits = largest, stored_bits

    @classmethod
    def fit(cls, weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> "GroupWeight":
        """Return the quantizer whose scales follow from weights and their scheme.

        A group's scale is that of its range, rounded to the nearest factor; the channel's lets the
        largest factor just reach its widest group. For powers of two, factors are powers of two.
        """
        codes = IntegerType(scheme.bits, True)
        grid = Grid.of(codes, scheme)
        find = RANGES[scheme.range]
        groups = weight.flatten(1).split(scheme.group_size, dim=1)
        scales = torch.tensor(
            [
                [grid.map(*find(Distribution.of(row), grid)).scale for row in group]
                if group.any()
                else [0.0] * len(group)
                for group in groups
            ]
        ).T
        bits, shifts = scheme.group_scale_bits, scheme.type == "power_of_two"
        highest = 1 << (bits - 1) if shifts else (1 << bits) - 1
        scale = at_least(scales.amax(dim=1) / highest, smallest_scale, shifts)
        factors = (scales / scale[:, None]).round().clamp(1, highest)
        sizes = torch.tensor([group.shape[1] for group in groups])
        spread = factors.repeat_interleave(sizes, dim=1).reshape(weight.shape)
        stored_bits = scheme.bits + bits * len(groups) / weight[0].numel()
        return cls(scale, spread, codes.maximum, stored_bits)

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        return self.round(self._steps(weight)) * self._factors * self._scale(weight)

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return codes times factors, and the scales of channels."""
        values = (self.rounded(self._steps(weight)) * self._factors).to(torch.int64)
        scale = cast(Tensor, self.scale).numpy().astype(np.float32)
        return IntegerWeight.of_levels(values.numpy(), scale, self._stored_bits)

    @property
    def _factors(self) -> Tensor:
        return cast(Tensor, self.factors)

    def _scale(self, weight: Tensor) -> Tensor:
        return per_row(cast(Tensor, self.scale), weight)

    def _steps(self, weight: Tensor) -> Tensor:
        steps = weight / (self._scale(weight) * self._factors)
        return steps.clamp(-self._largest, self._largest)

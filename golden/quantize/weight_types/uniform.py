"""Weights in equal steps."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.graph import Encoding
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges import RANGES, Grid
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer, per_row
from bittrue.golden.quantize.weight_types.bit_allocation import allocate_bits
from bittrue.golden.quantize.weight_types.rows import at_least, check_bits, rows_of


class SteppedWeight(WeightQuantizer, ABC):
    """``scale * (code - zero_point)``, whatever decides the scale.

    Parameters
    ----------
    type : IntegerType
        Of the codes.
    zero_point : int
        Of all channels, since a circuit subtracts it once for all.
    narrow : bool
        Leaves out the lowest signed code.
    """

    def __init__(self, type: IntegerType, zero_point: int = 0, narrow: bool = True) -> None:
        super().__init__()
        self.code_type, self.zero_point = type, zero_point
        self.lowest = type.minimum + (narrow and type.signed) - zero_point
        self.highest = type.maximum - zero_point

    @abstractmethod
    def scales(self, weight: Tensor) -> Tensor:
        """Return the scale of each output channel as it is now: float32, positive."""

    def steps(self, weight: Tensor, scale: Tensor) -> Tensor:
        """Return weights in steps of a scale for each channel, clipped and not rounded."""
        return (weight / per_row(scale, weight)).clamp(self.lowest, self.highest)

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        scale = self.scales(weight)
        return self.round(self.steps(weight, scale)) * per_row(scale, weight)

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return the integers and scales of the quantized weights."""
        scale = self.scales(weight).detach()
        values = self.rounded(self.steps(weight.detach(), scale))
        codes = values.to(torch.int64).numpy() + self.zero_point
        return IntegerWeight(codes, self.code_type, scale.numpy(), Encoding(self.zero_point))


class UniformWeight(SteppedWeight):
    """Scales that stay as they are.

    B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", CVPR 2018.

    Parameters
    ----------
    scale : Tensor of float32, shape (output channels,)
    type, zero_point, narrow
        As of `SteppedWeight`.
    channel_bits : Tensor of int64, shape (output channels,), optional
        Bits of each channel's codes, which are signed; by default those of the type.
    seed : int, optional
        Rounds stochastically: up with the probability of what would be lost, the same every time
        (S. Gupta et al., "Deep Learning with Limited Numerical Precision", ICML 2015).
    """

    def __init__(
        self,
        scale: Tensor,
        type: IntegerType,
        zero_point: int = 0,
        narrow: bool = True,
        *,
        channel_bits: Tensor | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(type, zero_point, narrow)
        self.register_buffer("scale", scale.to(torch.float32))
        self.register_buffer("channel_bits", channel_bits)
        self._seed = seed

    @classmethod
    def fit(cls, weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> "UniformWeight":
        """Return the quantizer whose scales follow from weights and their scheme."""
        check_bits(scheme, 2, 16)
        seen = [Distribution.of(row) for row in rows_of(weight, scheme)]
        bits = _bits(seen, scheme)
        grids = [Grid.of(IntegerType(each, True), scheme) for each in bits]
        find = RANGES[scheme.range]
        maps = [grid.map(*find(each, grid)) for each, grid in zip(seen, grids, strict=True)]
        scale = torch.tensor([each.scale for each in maps]).expand(len(weight))
        scale = at_least(scale, smallest_scale, scheme.type == "power_of_two")
        zero_points = {each.zero_point for each in maps}
        if len(zero_points) > 1:
            raise UserError(
                "weight.granularity is channel with type asymmetric; a circuit has one zero point "
                "for all channels of a layer; use granularity tensor, or type symmetric"
            )
        return cls(
            scale,
            IntegerType(max(bits), True),
            zero_points.pop(),
            narrow=grids[0].symmetric,
            channel_bits=None if scheme.bit_allocation == "equal" else torch.tensor(bits),
            seed=scheme.seed if scheme.rounding == "stochastic" else None,
        )

    def scales(self, weight: Tensor) -> Tensor:
        """Return the scale of each output channel."""
        return cast(Tensor, self.scale)

    def steps(self, weight: Tensor, scale: Tensor) -> Tensor:
        """Return weights in steps of a scale for each channel, clipped and not rounded."""
        steps = super().steps(weight, scale)
        if self._channel_bits is None:
            return steps
        largest = per_row(2 ** (self._channel_bits - 1) - 1, weight)
        return steps.clamp(-largest, largest)

    def rounded(self, steps: Tensor) -> Tensor:
        """Return clipped steps as whole numbers, without gradients."""
        if self._seed is None:
            return super().rounded(steps)
        generator = torch.Generator().manual_seed(self._seed)
        return (steps.detach() + torch.rand(steps.shape, generator=generator)).floor()

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return the integers and scales of the quantized weights."""
        integers = super().integers(weight)
        if self._channel_bits is None:
            return integers
        return replace(integers, stored_bits=float(self._channel_bits.double().mean()))

    @property
    def rounds_to_nearest(self) -> bool:
        """Whether no weight is rounded by chance."""
        return self._seed is None

    @property
    def may_change_scale(self) -> bool:
        """Whether training may find other scales: all channels alike, rounded to the nearest."""
        return self._channel_bits is None and self.rounds_to_nearest

    @property
    def _channel_bits(self) -> Tensor | None:
        return cast(Tensor | None, self.channel_bits)


def _bits(rows: list[Distribution], scheme: WeightScheme) -> list[int]:
    """Return the bits of each row."""
    if scheme.bit_allocation == "equal":
        return [scheme.bits] * len(rows)
    if scheme.granularity != "channel" or scheme.type == "asymmetric":
        raise UserError(
            f"weight.bit_allocation is {scheme.bit_allocation} with type {scheme.type} and "
            f"granularity {scheme.granularity}; allowed: granularity channel, type symmetric or "
            "power_of_two"
        )
    ranges = np.array([max(abs(row.minimum), abs(row.maximum)) for row in rows])
    return [int(each) for each in allocate_bits(ranges, scheme.bits)]

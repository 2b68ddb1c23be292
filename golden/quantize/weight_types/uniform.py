"""Weights in equal steps."""

from abc import ABC, abstractmethod
from typing import cast

import torch
from torch import Tensor

from golden.errors import UserError
from golden.graph import Encoding
from golden.integer_type import IntegerType
from golden.quantize.distribution import Distribution
from golden.quantize.integer_weight import IntegerWeight
from golden.quantize.ranges import RANGES, Grid
from golden.quantize.scheme import WeightScheme
from golden.quantize.weight_quantizer import WeightQuantizer, per_row


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

    def forward(self, weight: Tensor) -> Tensor:
        """Return quantized weights, of the same shape."""
        scale = per_row(self.scales(weight), weight)
        return self.round((weight / scale).clamp(self.lowest, self.highest)) * scale

    def integers(self, weight: Tensor) -> IntegerWeight:
        """Return the integers and scales of the quantized weights."""
        scale = self.scales(weight).detach()
        values = (weight.detach() / per_row(scale, weight)).clamp(self.lowest, self.highest)
        codes = values.round().to(torch.int64).numpy() + self.zero_point
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
    """

    def __init__(
        self, scale: Tensor, type: IntegerType, zero_point: int = 0, narrow: bool = True
    ) -> None:
        super().__init__(type, zero_point, narrow)
        self.register_buffer("scale", scale.to(torch.float32))

    @classmethod
    def fit(cls, weight: Tensor, scheme: WeightScheme, smallest_scale: Tensor) -> "UniformWeight":
        """Return the quantizer whose scales follow from weights and their scheme."""
        if scheme.bits < 2:
            raise UserError(
                f"weight.bits is {scheme.bits} with type {scheme.type}; allowed: 2 to 16, or type "
                "binary"
            )
        codes = IntegerType(scheme.bits, True)
        grid = Grid(codes, scheme.type, scheme.percentile, scheme.sigmas)
        find = RANGES[scheme.range]
        rows = [weight] if scheme.granularity == "tensor" else list(weight)
        maps = [grid.map(*find(Distribution.of(row), grid)) for row in rows]
        scale = torch.tensor([float(each.scale[0]) for each in maps])
        scale = scale.expand(len(weight)).maximum(smallest_scale)
        zero_points = {int(each.zero_point[0]) for each in maps}
        if len(zero_points) > 1:
            raise UserError(
                "weight.granularity is channel with type asymmetric; a circuit has one zero point "
                "for all channels of a layer; use granularity tensor, or type symmetric"
            )
        return cls(scale, codes, zero_points.pop(), narrow=grid.symmetric)

    def scales(self, weight: Tensor) -> Tensor:
        """Return the scale of each output channel."""
        return cast(Tensor, self.scale)

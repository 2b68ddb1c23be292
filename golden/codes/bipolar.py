"""Bipolar codes: one bit that stands for ``-scale`` or ``+scale``."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType

UINT1 = IntegerType(1, False)


@dataclass(frozen=True)
class BipolarMap:
    """Real values by their sign: ``real = scale * (2 * code - 1)``; zero counts as positive.

    M. Rastegari et al., "XNOR-Net", ECCV 2016.

    Parameters
    ----------
    scale : float
        Positive and finite.

    Raises
    ------
    UserError
        If the scale is anything else.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise UserError(f"scale is {self.scale}; allowed: positive and finite")

    @property
    def codes(self) -> IntegerType:
        """Type of the codes: uint1."""
        return UINT1

    def quantize(self, real: Tensor) -> Tensor:
        """Return the codes of real values, as int64."""
        return (real >= 0).long()

    def dequantize(self, code: Tensor) -> Tensor:
        """Return ``scale * (2 * code - 1)`` in float32."""
        return (2 * code - 1).float() * self.scale

"""What every way of quantizing weights ends in: integers, and one scale per output channel."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Encoding
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH


@dataclass(frozen=True, eq=False)
class IntegerWeight:
    """The weights of a layer: ``real = scale[channel] * value``, ``value = encoding(code)``.

    Parameters
    ----------
    codes : ndarray of int64, shape (output channels, ...)
        As torch orders weights.
    type : IntegerType
        Of the codes, 1 to 16 bits.
    scale : ndarray of float32, shape (output channels,)
        Positive and finite.
    encoding : Encoding
        How codes become the integers that multiply.
    stored_bits : float, optional
        Bits that one weight takes in a memory, when fewer than those of the type: an index into a
        table of levels.
    """

    codes: Int64
    type: IntegerType
    scale: Float32
    encoding: Encoding = Encoding()
    stored_bits: float | None = None

    def __post_init__(self) -> None:
        if self.type.width > MAXIMUM_CODE_WIDTH:
            raise UserError(
                f"weights need {self.type}, after their levels have become integers; allowed: up "
                f"to {MAXIMUM_CODE_WIDTH} bits; choose fewer bits"
            )
        if self.scale.shape != self.codes.shape[:1]:
            raise ValueError(f"{self.scale.shape} scales for weights of shape {self.codes.shape}")

    @classmethod
    def of_levels(
        cls, values: Int64, scale: Float32, stored_bits: float | None = None
    ) -> "IntegerWeight":
        """Return weights whose integers are their own codes, in the narrowest signed type."""
        low, high = min(int(values.min()), -1), int(values.max())
        return cls(values, IntegerType.spanning(low, high), scale, stored_bits=stored_bits)

    @property
    def values(self) -> Int64:
        """The integers that multiply, in the shape of the codes."""
        return self.encoding.decode(self.codes)

    @property
    def bits(self) -> float:
        """Bits that one weight takes in a memory."""
        return self.type.width if self.stored_bits is None else self.stored_bits

    def real(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return the real weights that the integers stand for."""
        scale = torch.from_numpy(self.scale.copy()).to(dtype)
        values = torch.from_numpy(self.values).to(dtype)
        return values * scale.reshape(-1, *[1] * (values.ndim - 1))

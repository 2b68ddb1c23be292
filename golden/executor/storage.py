"""How the codes of a tensor lie in memory while a graph runs.

Codes of up to 8 bits are kept as bytes counted from the lowest code of their type: that is what
the fast kernels of torch take, indexes tables directly, and needs no sign anywhere.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bittrue.golden.graph import Tensor, storage_dtype


@dataclass(frozen=True)
class Storage:
    """Type of the stored integers, and the code that is stored as zero.

    Parameters
    ----------
    dtype : torch.dtype
        Integer type.
    offset : int
        ``code = stored + offset``.
    """

    dtype: torch.dtype
    offset: int

    @classmethod
    def of(cls, tensor: Tensor) -> "Storage":
        """Return how a tensor is stored."""
        kind = tensor.type
        if kind.width <= 8:
            return cls(torch.uint8, kind.minimum)
        width = kind.width + (not kind.signed)  # torch computes little with uint16 and uint32.
        dtype = torch.int16 if width <= 16 else torch.int32 if width <= 32 else torch.int64
        return cls(dtype, 0)

    @property
    def numpy_dtype(self) -> np.dtype:
        """Integer type, as numpy names it."""
        return torch.empty(0, dtype=self.dtype).numpy().dtype

    def store(self, codes: NDArray[np.integer]) -> torch.Tensor:
        """Return codes as they are stored."""
        if self.offset == -128 and codes.dtype == np.int8:
            # Adding 128 modulo 256 flips the highest bit.
            integers = np.asarray(codes, order="C").view(np.uint8) ^ np.uint8(128)
        else:
            # A copy, so that a read-only or strided array of the user's is no concern of torch.
            shifted = codes if self.offset == 0 else np.subtract(codes, self.offset, dtype=np.int16)
            integers = shifted.astype(self.numpy_dtype, order="C")
        # What numpy computes of an array without dimensions is no array.
        return torch.from_numpy(np.asarray(integers))

    def codes(self, stored: torch.Tensor, tensor: Tensor) -> NDArray[np.integer]:
        """Return stored integers as codes, in the smallest type that holds them."""
        integers = stored.numpy()
        if self.offset == -128:  # As above.
            return (integers ^ 128).view(np.int8)
        if self.offset:
            integers = np.add(integers, self.offset, dtype=np.int16)
        return integers.astype(storage_dtype(tensor.type), copy=False)

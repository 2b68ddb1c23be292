"""Samples of float networks, read batch by batch from .npy files of any size."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from flows.npy_files import read_npy
from golden.errors import UserError

_BATCH = 256


class SampleFiles:
    """The samples of a network's inputs; iterating reads batches from memory-mapped files.

    Parameters
    ----------
    paths : sequence of Path
        One .npy file of real numbers for each input, shape (N, ...).

    Raises
    ------
    UserError
        Naming the file, if it holds something else, no samples, or another number of them.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._arrays = [read_npy(path, mapped=True) for path in paths]
        for path, array in zip(paths, self._arrays, strict=True):
            if array.dtype.kind not in "fiub" or array.ndim < 2 or array.size == 0:
                raise UserError(
                    f"{path}: it has shape {array.shape} and type {array.dtype}; allowed: real "
                    "numbers of shape (N, ...), N of 1 or more"
                )
            if len(array) != len(self._arrays[0]):
                raise UserError(
                    f"{path}: it has {len(array)} samples; {paths[0]} has {len(self._arrays[0])}"
                )

    def __len__(self) -> int:
        return len(self._arrays[0])

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        return (self.between(first, first + _BATCH) for first in range(0, len(self), _BATCH))

    def between(self, first: int, last: int) -> tuple[Tensor, ...]:
        """Return some samples as float32, one tensor for each input."""
        return tuple(
            torch.from_numpy(np.array(array[first:last], dtype=np.float32))
            for array in self._arrays
        )

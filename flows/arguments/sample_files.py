"""Samples of float networks, read batch by batch from .npy files of any size."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bittrue.flows.arguments.npy_files import check_samples, read_npy
from bittrue.golden.errors import UserError

_BATCH = 256


class SampleFiles:
    """The samples of a network's inputs; iterating reads batches from memory-mapped files.

    Parameters
    ----------
    paths : sequence of Path
        One .npy file of real numbers for each input, shape (N, ...).
    channels_last : bool
        Whether images in the files have the channels last; those that are read have them first.

    Raises
    ------
    UserError
        Naming the file, if it holds something else, no samples, or another number of them.
    """

    def __init__(self, paths: Sequence[Path], channels_last: bool = False) -> None:
        self._paths = tuple(paths)
        self._arrays = [read_npy(path, mapped=True) for path in paths]
        if channels_last:
            self._arrays = [a.transpose(0, 3, 1, 2) if a.ndim == 4 else a for a in self._arrays]
        for path, array in zip(paths, self._arrays, strict=True):
            check_samples(path, array)
            if len(array) != len(self._arrays[0]):
                raise UserError(
                    f"{path}: it has {len(array)} samples; {paths[0]} has {len(self._arrays[0])}"
                )

    def __len__(self) -> int:
        return len(self._arrays[0])

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        return (self.between(first, first + _BATCH) for first in range(0, len(self), _BATCH))

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of one sample of each input."""
        return [array.shape[1:] for array in self._arrays]

    def check_shapes(self, expected: Sequence[tuple[int, ...]]) -> None:
        """Refuse samples of other shapes, or of another number of inputs.

        Raises
        ------
        UserError
            Naming the file.
        """
        if len(self._paths) != len(expected):
            raise UserError(
                f"{', '.join(map(str, self._paths))}: samples of {len(self._paths)} inputs; "
                f"allowed: of {len(expected)}, as those of calibration"
            )
        for path, given, wanted in zip(self._paths, self.shapes, expected, strict=True):
            if given != tuple(wanted):
                raise UserError(
                    f"{path}: its samples have shape {given}; allowed: {tuple(wanted)}, as those "
                    "of calibration"
                )

    def between(self, first: int, last: int) -> tuple[Tensor, ...]:
        """Return some samples as float32, one tensor for each input.

        Raises
        ------
        UserError
            Naming the file and the first sample with a value that is not finite in float32.
        """
        batch = []
        for path, array in zip(self._paths, self._arrays, strict=True):
            with np.errstate(over="ignore"):
                values = np.array(array[first:last], dtype=np.float32)
            finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
            if not finite.all():
                raise UserError(
                    f"{path}: sample {first + int(finite.argmin())} has values that are not finite "
                    "in float32"
                )
            batch.append(torch.from_numpy(values))
        return tuple(batch)

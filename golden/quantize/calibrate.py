"""Calibration: how the values of every tensor are distributed over sample data."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.quantize.distribution import Distribution, StreamingDistribution

Batch = tuple[Tensor, ...]
"""One tensor for each input of the network, with the same number of samples."""

_BATCH = 256


class CalibrationData:
    """Sample data, batch by batch, as often as it is asked for.

    Parameters
    ----------
    data : Tensor, tuple of Tensor, or iterable of either
        All samples at once, one tensor for each input; or batches of them, from anything that can
        be iterated again, such as a ``DataLoader``. Batches are held one at a time.

    Raises
    ------
    UserError
        If it is something else, has no samples, or can be iterated only once.
    """

    def __init__(self, data: object) -> None:
        self._batches: Iterable[Any]
        if isinstance(data, Tensor) or (
            isinstance(data, tuple) and all(isinstance(each, Tensor) for each in data)
        ):
            samples = _checked(data)
            split = (values.split(_BATCH) for values in samples)
            self._batches = list(zip(*split, strict=True))
        elif isinstance(data, Iterable) and not isinstance(data, str | Mapping):
            if iter(data) is data:
                raise UserError(
                    "calibration is an iterator, which can be read once; allowed: tensors, or "
                    "batches that can be iterated again, such as a list or a DataLoader"
                )
            self._batches = data
        else:
            raise UserError(
                f"calibration has a {type(data).__name__}; allowed: tensors of real numbers, "
                "batches of them, or an InputRange when there is no data"
            )

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            yield _checked(batch)

    @property
    def example(self) -> Batch:
        """The first batch."""
        first = next(iter(self), None)
        if first is None:
            raise UserError("calibration is empty; give at least one sample")
        return first


def distributions(
    network: FloatNetwork, data: CalibrationData, dtype: torch.dtype = torch.float32
) -> dict[str, Distribution]:
    """Run sample data through a network and return the distribution of every tensor.

    Parameters
    ----------
    network : FloatNetwork
    data : CalibrationData
    dtype : torch.dtype
        In which the network computes.

    Raises
    ------
    UserError
        Naming the tensor that has a value that is not finite.
    """
    seen = {name: StreamingDistribution() for name in network.shapes}
    network = network.to(dtype)
    for batch in data:
        for name, values in network.run(*(each.to(dtype) for each in batch)):
            if not values.isfinite().all():
                raise UserError(
                    f"tensor {name!r} has values that are not finite during calibration; check "
                    "the module's weights and the calibration data"
                )
            seen[name].observe(values)
    return {name: each.result() for name, each in seen.items()}


def _checked(batch: object) -> Batch:
    samples = batch if isinstance(batch, tuple | list) else (batch,)
    for values in samples:
        if not isinstance(values, Tensor) or values.is_complex():
            kind = values.dtype if isinstance(values, Tensor) else type(values).__name__
            raise UserError(f"calibration has a {kind}; allowed: tensors of real numbers")
    shapes = [tuple(values.shape) for values in samples]
    if len({shape[:1] for shape in shapes}) != 1 or any(0 in (shape or (0,)) for shape in shapes):
        raise UserError(
            f"calibration has {shapes}; allowed: one tensor for each input, with the same number "
            "of samples, at least one, and no size 0"
        )
    return tuple(values.to(torch.float32) for values in samples)

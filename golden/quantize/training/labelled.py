"""Samples with the targets that a network is trained to give."""

from collections.abc import Iterable, Iterator, Sized

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.quantize.calibrate import Batch

LabelledBatch = tuple[Batch, Tensor]
"""One tensor for each input, and the targets."""

_ALLOWED = "allowed: (inputs, targets), or a list or DataLoader of such batches"


class LabelledData:
    """Training data, batch by batch, as often as it is asked for.

    Parameters
    ----------
    data : (inputs, targets), or collection of them
        All samples at once, shuffled anew in each epoch by torch's random numbers; or batches in
        the order in which they come, from anything with a length that can be iterated again, such
        as a ``DataLoader``. Inputs are a tensor or a tuple of tensors.
    batch : int
        Samples of a batch, where all are given at once.

    Raises
    ------
    UserError
        If it is something else or has no samples.
    """

    def __init__(self, data: object, batch: int) -> None:
        self._whole: LabelledBatch | None = None
        self._batches: Iterable[object] = ()
        self._batch = batch
        if isinstance(data, tuple) and len(data) == 2 and isinstance(data[1], Tensor):
            self._whole = _checked(data)
            self._samples = len(self._whole[1])
            # A last batch of one sample has no variance to normalize with; it joins the one before.
            self._length = max(1, -(-self._samples // batch) - (self._samples % batch == 1 < batch))
        elif isinstance(data, Iterable) and isinstance(data, Sized):
            self._batches = data
            self._length = len(data)
        else:
            raise UserError(f"labelled is a {type(data).__name__}; {_ALLOWED}")
        if not self._length:
            raise UserError("labelled is empty; give at least one batch")

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._length

    def __iter__(self) -> Iterator[LabelledBatch]:
        if self._whole is None:
            for batch in self._batches:
                yield _checked(batch)
            return
        inputs, targets = self._whole
        ends = torch.arange(1, self._length) * self._batch
        for chosen in torch.randperm(self._samples).tensor_split(ends):
            yield tuple(values[chosen] for values in inputs), targets[chosen]


def _checked(batch: object) -> LabelledBatch:
    if not (isinstance(batch, tuple | list) and len(batch) == 2):
        raise UserError(f"labelled has a {type(batch).__name__} as batch; {_ALLOWED}")
    inputs, targets = batch
    inputs = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    for values in (*inputs, targets):
        if not isinstance(values, Tensor):
            raise UserError(f"labelled has a {type(values).__name__}; {_ALLOWED}, all tensors")
    if len({len(values) for values in (*inputs, targets)}) != 1 or not len(targets):
        shapes = [tuple(values.shape) for values in (*inputs, targets)]
        raise UserError(
            f"labelled has inputs and targets of shapes {shapes}; allowed: as many targets as "
            "samples, at least one"
        )
    return tuple(values.to(torch.float32) for values in inputs), targets

"""Calibration: the range of every tensor over sample data."""

from collections.abc import Callable, Iterable
from typing import Protocol

from torch import Tensor

from golden.errors import UserError
from golden.torch_import.float_network import FloatNetwork, Range


class Observer(Protocol):
    """Sees the values of one tensor batch by batch and says what range to represent."""

    def observe(self, values: Tensor) -> None:
        """Take note of one batch."""

    def range(self) -> Range:
        """Return the range, from what was seen."""


class MinMaxObserver:
    """The smallest and the largest value seen."""

    def __init__(self) -> None:
        self._low, self._high = float("inf"), float("-inf")

    def observe(self, values: Tensor) -> None:
        """Take note of one batch."""
        low, high = values.aminmax()
        self._low, self._high = min(self._low, float(low)), max(self._high, float(high))

    def range(self) -> Range:
        """Return the smallest and largest value seen."""
        return self._low, self._high


def calibrate(
    network: FloatNetwork,
    batches: Iterable[tuple[Tensor, ...]],
    observer: Callable[[], Observer] = MinMaxObserver,
) -> dict[str, Range]:
    """Run sample data through a network and return the range of every tensor.

    Parameters
    ----------
    network : FloatNetwork
    batches : iterable of tuples of Tensor
        One tensor for each input.
    observer : callable
        Makes the observer of one tensor.

    Raises
    ------
    UserError
        If there is no data, or a tensor has a value that is not finite.
    """
    observers = {name: observer() for name in network.shapes}
    seen = 0
    for batch in batches:
        seen += len(batch[0])
        for name, values in network.run(*batch):
            if not values.isfinite().all():
                raise UserError(
                    f"tensor {name!r} has values that are not finite during calibration; check "
                    "the module's weights and the calibration data"
                )
            observers[name].observe(values)
    if not seen:
        raise UserError("the calibration data is empty; give at least one sample")
    return {name: observers[name].range() for name in network.shapes}

"""How well outputs agree with labels, counted batch by batch."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError

Array = NDArray[Any]


class Metric(ABC):
    """A number that outputs and labels give, batch after batch."""

    name: ClassVar[str]
    """As users call it."""
    unit: ClassVar[str] = ""
    """How it is printed: a format specification."""

    @abstractmethod
    def add(self, outputs: Array, labels: Array) -> None:
        """Count a batch; shapes are those of the class.

        Raises
        ------
        UserError
            If a label is none that outputs can have.
        """

    @property
    @abstractmethod
    def value(self) -> float:
        """What all batches so far give; NaN before the first."""


class Accuracy(Metric):
    """The fraction of samples whose highest score is their class; of equals the first counts.

    Outputs are scores, shape (samples, classes); labels are classes, one a sample.
    """

    name = "accuracy"
    unit = ".2%"

    def __init__(self) -> None:
        self._right = 0
        self._samples = 0

    def add(self, outputs: Array, labels: Array) -> None:
        """Count a batch; see `Metric.add`."""
        _check_classes(labels, outputs.shape[1])
        self._right += int((outputs.argmax(axis=1) == labels.reshape(-1)).sum())
        self._samples += len(labels)

    @property
    def value(self) -> float:
        """See `Metric.value`."""
        return self._right / self._samples if self._samples else float("nan")


class MeanIou(Metric):
    """Intersection over union of each class, averaged over the classes that occur at all.

    Outputs and labels are classes of 0 to `classes` - 1, one for each pixel.
    M. Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2015, section 4.2.

    Parameters
    ----------
    classes : int
    ignored : int, optional
        A label of pixels that do not count.
    """

    name = "mean_iou"
    unit = ".2%"

    def __init__(self, classes: int, ignored: int | None = None) -> None:
        self._classes = classes
        self._ignored = ignored
        self._pixels = np.zeros((classes, classes), dtype=np.int64)
        """By label and output."""

    def add(self, outputs: Array, labels: Array) -> None:
        """Count a batch; see `Metric.add`."""
        labels = labels.reshape(outputs.shape)
        counted = np.ones(labels.shape, dtype=bool)
        if self._ignored is not None:
            counted = labels != self._ignored
        truth, made = labels[counted].astype(np.int64), outputs[counted].astype(np.int64)
        _check_classes(truth, self._classes)
        places = truth * self._classes + made
        self._pixels += np.bincount(places, minlength=self._classes**2).reshape(self._pixels.shape)

    @property
    def value(self) -> float:
        """See `Metric.value`."""
        both = np.diag(self._pixels)
        either = self._pixels.sum(axis=0) + self._pixels.sum(axis=1) - both
        occurring = either > 0
        if not occurring.any():
            return float("nan")
        return float((both[occurring] / either[occurring]).mean())


class MeanSquaredError(Metric):
    """The square of the difference of outputs and labels, averaged over all elements.

    Both are real numbers, shapes alike.
    """

    name = "mean_squared_error"
    unit = ".6g"

    def __init__(self) -> None:
        self._sum = 0.0
        self._elements = 0

    def add(self, outputs: Array, labels: Array) -> None:
        """Count a batch; see `Metric.add`."""
        self._sum += float(np.square(outputs.astype(np.float64) - labels).sum())
        self._elements += labels.size

    @property
    def value(self) -> float:
        """See `Metric.value`."""
        return self._sum / self._elements if self._elements else float("nan")


def _check_classes(labels: Array, classes: int) -> None:
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise UserError(
            f"labels are classes from {int(labels.min())} to {int(labels.max())}; the network has "
            f"{classes} outputs, for classes 0 to {classes - 1}"
        )

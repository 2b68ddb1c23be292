"""Metrics, batch by batch, equal those of scikit-learn on everything at once."""

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn import metrics as sklearn

from bittrue.golden.errors import UserError
from bittrue.golden.metrics import Accuracy, Array, MeanIou, MeanSquaredError, Metric

RNG = np.random.default_rng(5)


def counted(metric: Metric, outputs: Array, labels: Array, sizes: Sequence[int] = (1, 7)) -> float:
    """Return a metric's value after batches of some sizes, and one of all that is left."""
    for part in zip(np.split(outputs, sizes), np.split(labels, sizes), strict=True):
        metric.add(*part)
    return metric.value


def test_accuracy() -> None:
    scores, labels = RNG.random((50, 4)), RNG.integers(0, 4, 50)
    expected = sklearn.accuracy_score(labels, scores.argmax(axis=1))
    assert counted(Accuracy(), scores, labels) == expected


def test_of_equal_scores_the_first_counts() -> None:
    assert counted(Accuracy(), np.zeros((20, 3)), np.arange(20) % 2) == 0.5


@pytest.mark.parametrize("ignored", [None, 255])
def test_mean_iou(ignored: int | None) -> None:
    """Class 4 occurs nowhere, class 3 in the outputs alone."""
    made, labels = RNG.integers(0, 4, (12, 5, 6)), RNG.integers(0, 3, (12, 5, 6))
    if ignored is not None:
        labels[RNG.random(labels.shape) < 0.3] = ignored
    kept = labels != ignored
    expected = sklearn.jaccard_score(labels[kept], made[kept], average="macro")
    assert counted(MeanIou(5, ignored), made, labels) == pytest.approx(expected, rel=1e-12)


def test_mean_squared_error() -> None:
    made, labels = RNG.standard_normal((30, 3, 2)), RNG.standard_normal((30, 3, 2))
    expected = sklearn.mean_squared_error(labels.ravel(), made.ravel())
    assert counted(MeanSquaredError(), made, labels) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", [Accuracy(), MeanIou(3), MeanSquaredError()])
def test_nothing_has_no_value(metric: Metric) -> None:
    assert np.isnan(metric.value)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_is_no_class_is_refused(label: int) -> None:
    labels = np.array([0, label])
    with pytest.raises(UserError, match=r"labels are classes from .*; the network has 3 outputs"):
        Accuracy().add(np.zeros((2, 3)), labels)
    with pytest.raises(UserError, match=r"labels are classes from .*; the network has 3 outputs"):
        MeanIou(3).add(np.zeros(2, dtype=int), labels)

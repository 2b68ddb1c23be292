"""Scikit-learn's handwritten digits: 1,797 images of 8 x 8 pixels, ten classes."""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from torch import Tensor

_TEST_IMAGES = 360


@dataclass(frozen=True)
class Digits:
    """Images (n, 1, 8, 8) of float32 in [0, 1], and their digits (n,) of int64."""

    images: Tensor
    labels: Tensor


def load() -> tuple[Digits, Digits]:
    """Return training and test data: in file order, the last 360 images (a fifth) are the test.

    The file order is harder than a random split, because other people wrote the last images.
    """
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).to(torch.float32)[:, None] / 16
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    train, test = slice(0, -_TEST_IMAGES), slice(-_TEST_IMAGES, None)
    return Digits(images[train], labels[train]), Digits(images[test], labels[test])

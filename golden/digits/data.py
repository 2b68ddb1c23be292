"""Scikit-learn's handwritten digits: 1,797 images of 8 x 8 pixels, ten classes."""

from dataclasses import dataclass
from typing import Literal

import torch
from sklearn.datasets import load_digits
from torch import Tensor

Split = Literal["file_order", "random"]

_TEST_IMAGES = 360
_SPLIT_SEED = 0


@dataclass(frozen=True)
class Digits:
    """Images (n, 1, 8, 8) of float32 in [0, 1], and their digits (n,) of int64."""

    images: Tensor
    labels: Tensor


def load(split: Split = "file_order") -> tuple[Digits, Digits]:
    """Return training and test data: a fifth, 360 images, is the test.

    Parameters
    ----------
    split : {"file_order", "random"}
        Whether the test images are the last of the file, which is harder, because other people
        wrote them, or drawn at random, always the same ones.
    """
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).to(torch.float32)[:, None] / 16
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    if split == "random":
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(_SPLIT_SEED))
        images, labels = images[order], labels[order]
    train, test = slice(0, -_TEST_IMAGES), slice(-_TEST_IMAGES, None)
    return Digits(images[train], labels[train]), Digits(images[test], labels[test])

"""Binary dot products against real arithmetic, and thresholds against torch's batch norm."""

import numpy as np
import pytest
import torch

from bittrue.golden.errors import UserError
from bittrue.golden.units.xnor import apply_thresholds, fold_sign, xnor_dot
from bittrue.golden.units.xnor_spec import SignThresholds, XnorSpec


@pytest.mark.parametrize("length", [1, 2, 7, 64, 257])
def test_dot_is_the_sum_of_products_of_signs(length: int) -> None:
    rng = np.random.default_rng(length)
    inputs, weights = rng.integers(0, 2, (5, 3, length)), rng.integers(0, 2, (4, length))
    signs = np.array([-1, 1])
    expected = np.einsum("abk,ck->abc", signs[inputs], signs[weights])
    got = xnor_dot(torch.from_numpy(inputs), torch.from_numpy(weights))
    assert got.dtype == torch.int64
    assert np.array_equal(got.numpy(), expected)


@pytest.mark.parametrize("length", [1, 2, 9, 100, 1153])
def test_folded_batch_norm_is_batch_norm(length: int) -> None:
    """Every dot product that can occur, for scales of both signs, zero, and tiny variances."""
    generator = torch.Generator().manual_seed(length)
    channels = 64
    norm = torch.nn.BatchNorm1d(channels).eval()
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        norm.weight.copy_(torch.randn(channels, generator=generator))
        norm.weight[:4] = 0
        norm.bias.copy_(torch.randn(channels, generator=generator))
        norm.bias[2:6] = 0
        norm.running_mean.copy_(length * (torch.rand(channels, generator=generator) - 0.5))
        norm.running_mean[6:12] = torch.arange(6) - 3  # Ties: the sign of an exact zero.
        norm.bias[6:12] = 0
        norm.running_var.copy_(torch.rand(channels, generator=generator) * length)
        norm.running_var[12] = 0
        thresholds = fold_sign(length, channels, lambda dots: norm(dots) >= 0)
        dots = torch.arange(-length, length + 1, 2)[:, None].expand(-1, channels)
        expected = norm(dots.float()) >= 0
    assert torch.equal(apply_thresholds(dots, thresholds) == 1, expected)
    assert 0 < int(expected.sum()) < expected.numel()


def test_a_sign_that_changes_twice_is_refused() -> None:
    with pytest.raises(UserError, match="sign of channel 1 changes more than once"):
        fold_sign(9, 2, lambda dots: torch.stack([dots[:, 0] > 0, dots[:, 1].abs() > 3], dim=1))


def test_a_sign_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(UserError, match=r"allowed: torch.bool of shape \(10, 2\)"):
        fold_sign(9, 2, lambda dots: dots)


def test_codes_other_than_bits_are_refused() -> None:
    with pytest.raises(UserError, match="weights hold codes other than 0 and 1"):
        xnor_dot(torch.tensor([[0, 1]]), torch.tensor([[-1, 1]]))


@pytest.mark.parametrize(
    ("threshold", "inverted", "message"),
    [
        ([3, 6], [0, 0], "threshold of channel 1 is 6; allowed: 0 to 5"),
        ([-1, 5], [0, 0], "threshold of channel 0 is -1; allowed: 0 to 5"),
        ([1, 2], [0], r"threshold has shape \(2,\) and inverted \(1,\); allowed: one of each"),
    ],
)
def test_thresholds_out_of_range(threshold: list[int], inverted: list[int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SignThresholds(5, threshold, inverted)


def test_chunks_and_tail() -> None:
    for length, lanes, chunks, tail in ((256, 256, 1, 256), (257, 256, 2, 1), (3, 8, 1, 3)):
        spec = XnorSpec(length, lanes)
        assert (spec.chunks, spec.tail) == (chunks, tail)

"""Power of signals and of noise."""

import math

from torch import Tensor


def power(values: Tensor) -> float:
    """Return the sum of squares, in float64."""
    return float(values.double().square().sum())


def decibels(noise_to_signal: float) -> float:
    """Return the signal to noise ratio in dB: infinite without noise."""
    return -10 * math.log10(noise_to_signal) if noise_to_signal > 0 else math.inf

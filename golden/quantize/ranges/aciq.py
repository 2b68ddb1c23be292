"""Analytic clipping for Laplace and Gauss distributions.

R. Banner, Y. Nahshan, D. Soudry, "Post-Training 4-Bit Quantization of Convolution Networks for
Rapid-Deployment", NeurIPS 2019 (ACIQ).
"""

import math
from functools import lru_cache

from scipy.optimize import brentq
from scipy.special import lambertw

from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges.grid import Grid, Range


def aciq(distribution: Distribution, grid: Grid) -> Range:
    """Return the analytic range of whichever fits better, Laplace or Gauss, by likelihood."""
    _, laplace, gauss = _fit(distribution)
    if not (laplace > 0 and gauss > 0):
        return distribution.minimum, distribution.maximum
    # Entropies of the fits, which are minus their mean logarithmic likelihoods.
    if math.log(2 * laplace) + 1 < math.log(2 * math.pi * math.e * gauss**2) / 2:
        return aciq_laplace(distribution, grid)
    return aciq_gauss(distribution, grid)


def aciq_laplace(distribution: Distribution, grid: Grid) -> Range:
    """Return ``mean - alpha`` to ``mean + alpha`` for values with a Laplace distribution.

    ``alpha = b * laplace_clip(bits)`` with b the mean distance from the mean. Of values that are
    never negative, as after ReLU, the positive ones are half of a distribution around zero, and all
    codes go to that half: alpha of one bit more.
    """
    middle, laplace, _ = _fit(distribution)
    return _clipped(distribution, middle, laplace * laplace_clip(_bits(distribution, grid)))


def aciq_gauss(distribution: Distribution, grid: Grid) -> Range:
    """Return ``mean - alpha`` to ``mean + alpha`` for values with a normal distribution.

    ``alpha = sigma * gauss_clip(bits)`` with sigma the standard deviation; after ReLU as of
    `aciq_laplace`.
    """
    middle, _, gauss = _fit(distribution)
    return _clipped(distribution, middle, gauss * gauss_clip(_bits(distribution, grid)))


def laplace_clip(bits: int) -> float:
    """Return alpha / b with the least squared error: ``alpha / b * exp(alpha / b) = 3 * 4**bits``.

    It is where the derivative of clipping error ``2 b**2 exp(-alpha / b)`` plus rounding error
    ``alpha**2 / (3 * 4**bits)`` is zero (equation 5 of the paper).
    """
    return float(lambertw(3.0 * 4.0**bits).real)


@lru_cache
def gauss_clip(bits: int) -> float:
    """Return alpha / sigma with the least squared error.

    It is where the derivative of clipping error
    ``(1 + a**2) (1 - erf(a / sqrt(2))) - sqrt(2 / pi) a exp(-a**2 / 2)`` plus rounding error
    ``a**2 / (3 * 4**bits)`` is zero (appendix of the paper).
    """

    def derivative(a: float) -> float:
        clipping = a * math.erfc(a / math.sqrt(2)) - math.sqrt(2 / math.pi) * math.exp(-a * a / 2)
        return 2 * clipping + 2 * a / (3 * 4**bits)

    return float(brentq(derivative, 0.1, 20.0))


def _one_sided(distribution: Distribution) -> bool:
    return distribution.minimum >= 0


def _bits(distribution: Distribution, grid: Grid) -> int:
    """Return the bits that both halves of the fitted distribution would have together."""
    # Unsigned and asymmetric codes all go to the half that there is.
    one_sided = _one_sided(distribution) and (not grid.codes.signed or not grid.symmetric)
    return grid.codes.width + one_sided


def _fit(distribution: Distribution) -> tuple[float, float, float]:
    """Return the middle, the mean distance from it, and the root of the mean squared distance."""
    if _one_sided(distribution):
        positive = distribution.where(distribution.points > 0)
        return 0.0, positive.mean_distance(0.0), positive.root_mean_square(0.0)
    mean = distribution.mean
    return mean, distribution.mean_distance(mean), distribution.deviation


def _clipped(distribution: Distribution, middle: float, alpha: float) -> Range:
    return distribution.within(middle - alpha, middle + alpha)

"""Ways to find the range of values that codes represent, by name."""

from bittrue.golden.quantize.ranges.aciq import aciq, aciq_gauss, aciq_laplace
from bittrue.golden.quantize.ranges.grid import Grid, Range, RangeFinder
from bittrue.golden.quantize.ranges.kl import kl
from bittrue.golden.quantize.ranges.learned import dorefa, lsq, pact
from bittrue.golden.quantize.ranges.mse import mse
from bittrue.golden.quantize.ranges.n_sigma import n_sigma
from bittrue.golden.quantize.ranges.observed import min_max, moving_average
from bittrue.golden.quantize.ranges.percentile import percentile

__all__ = ["RANGES", "Grid", "Range", "RangeFinder"]

RANGES: dict[str, RangeFinder] = {
    find.__name__: find
    for find in (
        min_max,
        moving_average,
        percentile,
        mse,
        kl,
        aciq,
        aciq_laplace,
        aciq_gauss,
        n_sigma,
        lsq,
        pact,
        dorefa,
    )
}
"""Each a function of the distribution of the values and of the codes that they get."""

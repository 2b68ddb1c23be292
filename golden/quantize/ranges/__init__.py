"""Ways to find the range of values that codes represent, by name."""

from golden.quantize.ranges.grid import Grid, Range, RangeFinder
from golden.quantize.ranges.learned import dorefa, lsq, pact
from golden.quantize.ranges.observed import min_max

__all__ = ["RANGES", "Grid", "Range", "RangeFinder"]

RANGES: dict[str, RangeFinder] = {
    "min_max": min_max,
    "lsq": lsq,
    "pact": pact,
    "dorefa": dorefa,
}
"""Each a function of the distribution of the values and of the codes that they get."""

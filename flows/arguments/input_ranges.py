"""What is known of inputs for which there are no samples, as named on the command line."""

from collections.abc import Sequence

import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.quantize import InputRange


def parse_input_range(text: str) -> InputRange:
    """Read ``SHAPE:LOW:HIGH``, such as ``3x32x32:0:1``.

    Raises
    ------
    UserError
        If it is something else.
    """
    try:
        shape, low, high = text.split(":")
        sizes = tuple(int(size) for size in shape.split("x"))
        bounds = float(low), float(high)
    except ValueError:
        raise UserError(
            f"--input-range is {text!r}; allowed: SHAPE:LOW:HIGH, such as 3x32x32:0:1"
        ) from None
    return InputRange(sizes, *bounds)


def uniform_samples(ranges: Sequence[InputRange], count: int) -> tuple[Tensor, ...]:
    """Return samples with values spread evenly over their ranges, the same on every run."""
    generator = torch.Generator().manual_seed(0)
    return tuple(each.uniform(count, generator) for each in ranges)

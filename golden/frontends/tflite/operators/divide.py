"""DIV by a constant."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.elementwise import values_of
from bittrue.golden.frontends.tflite.fused import fused_clamp
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.operands import require_one_type
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.gemmlowp import high_multiply, one_over_one_plus
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.shifts import half_away


@converts(DIV=2, options=Options("DivOptions", (FUSED,)))
def _divide(site: Site, arithmetic: LitertArithmetic) -> None:
    site.input_count(2)
    require_one_type(site)
    source, divisor, target = site.source(0), site.source(1), site.target
    if target.type.width != 8:
        raise UserError(f"its output is {target.type}; allowed: 8 bits")
    if site.input(1).data is None:
        raise UserError(
            f"it divides by {site.input(1)}, which the network computes; allowed: a constant; "
            "multiply by a reciprocal"
        )
    codes = np.unique(constant(site.input(1), "INT8", "UINT8"))
    if len(codes) != 1 or codes[0] == divisor.zero_point:
        raise UserError(
            f"it divides by {site.input(1)} of {len(codes)} different codes; allowed: one number "
            "but zero; multiply by reciprocals"
        )
    quotients = _quotients(source, int(codes[0]) - divisor.zero_point, divisor, target)
    values = np.clip(quotients + target.zero_point, *fused_clamp(site, arithmetic))
    name = site.input(0).name
    site.emit(Table(inputs=(name,), output=site.output.name, values=values, type=target.type))


def _quotients(source: Affine, divisor: int, given: Affine, target: Affine) -> Int64:
    """Return the quotient of every code by a number, in units of the output.

    reference_ops::Div for 8-bit codes, tensorflow/lite/kernels/internal/reference/div.h, and
    GetReciprocal, internal/common.h.
    """
    values = values_of(source) * (1 if divisor > 0 else -1)
    bits = abs(divisor).bit_length()
    reciprocal = one_over_one_plus(np.array((abs(divisor) << (32 - bits)) - (1 << 31)))
    multiplier, exponent = (
        int(value) for value in quantize_multiplier(source.scale / (given.scale * target.scale))
    )
    magnitude = np.where(values < 0, 2 * -values - 1, values)
    lengths = np.frexp(magnitude.astype(np.float64))[1].astype(np.int64)
    headroom = np.where(values < 0, 32 - lengths, 31 - lengths)
    quotient = high_multiply(values << headroom, reciprocal)
    shift = headroom + (bits - 1) - exponent
    if shift.min() < 0 or shift[values != 0].max() > 31:
        raise UserError(
            f"its scales are {source.scale}, {given.scale} and {target.scale}, with which the "
            "kernel shifts by more than 31 bits, whose result is undefined, and wrong where it "
            "was tried; multiply by the reciprocal"
        )
    rounded = half_away(high_multiply(quotient, multiplier), np.minimum(shift, 31))
    # A shift of 32 and more, which only zero has, leaves the kernel's mask without a bit.
    return np.where(shift > 31, 1, rounded)

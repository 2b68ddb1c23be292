"""Between which rows and columns RESIZE_BILINEAR interpolates, as each reference computes it."""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.resize_bilinear import Interpolation
from bittrue.golden.numbers.arrays import Int64

INTEGER_BITS = 10
"""Fraction bits of positions in LiteRT's integer kernel."""

XNNPACK_BITS = 11
"""Fraction bits of weights in XNNPACK's kernels."""

FLOAT_BITS = 8
"""Fraction bits of weights up to which float32 holds every sum with 8-bit codes exactly."""


@dataclass(frozen=True)
class Axis:
    """A dimension that is resized.

    Parameters
    ----------
    length, made : int
        Rows or columns of the input, and of the output.
    corners : bool
        Whether the first and last ones of both lie on each other: ``align_corners``.
    centers : bool
        Whether positions are those of the middle of a pixel: ``half_pixel_centers``.
    """

    length: int
    made: int
    corners: bool
    centers: bool

    @property
    def steps(self) -> tuple[int, int]:
        """The input's and the output's number of steps, whose ratio is the scale."""
        if self.corners and self.made > 1:
            return self.length - 1, self.made - 1
        return self.length, self.made


def litert_places(axis: Axis) -> Interpolation:
    """Return places and weights of the integer kernel.

    ResizeBilinearInteger, tensorflow/lite/kernels/internal/reference/resize_bilinear.h.

    Raises
    ------
    UserError
        If the kernel would read behind the end: its rounded steps add up.
    """
    given, made = axis.steps
    step = ((given << INTEGER_BITS) + made // 2) // made
    places = np.arange(axis.made, dtype=np.int64) * step
    if axis.centers:
        places += step // 2 - (1 << (INTEGER_BITS - 1))
    # Positions before the first pixel lie between it and itself.
    first = np.maximum(places, 0) >> INTEGER_BITS
    if first.max() >= axis.length:
        raise UserError(
            f"it resizes {axis.length} to {axis.made}; rounded to {INTEGER_BITS} fraction bits its "
            "positions go beyond the last one, where the reference reads what is behind the tensor"
        )
    weight = np.maximum(places, 0) - (first << INTEGER_BITS)
    return _places(first, weight, axis)


def float_places(axis: Axis) -> Interpolation:
    """Return places and weights of the kernel for uint8 codes, which computes in float32.

    ResizeBilinear of the same file. Where weights have few bits nothing is rounded but the end,
    half up.

    Raises
    ------
    UserError
        If weights have more bits: what float32 makes of them is no function of integers.
    """
    given, made = axis.steps
    scale = np.float32(given) / np.float32(made)
    places = np.arange(axis.made, dtype=np.float32)
    if axis.centers:
        places = (places + np.float32(0.5)) * scale - np.float32(0.5)
    else:
        places = places * scale
    scaled = np.ldexp(places.astype(np.float64), FLOAT_BITS)
    if (scaled != np.rint(scaled)).any():
        raise UserError(
            f"it resizes {axis.length} to {axis.made} of uint8, with weights that are no multiples "
            f"of 1/{1 << FLOAT_BITS}: the reference rounds them in float32; use int8, or import "
            "with profile xnnpack"
        )
    whole = np.maximum(scaled.astype(np.int64), 0)
    first = np.minimum(whole >> FLOAT_BITS, axis.length - 1)
    return _places(first, whole - (first << FLOAT_BITS), axis)


def xnnpack_places(axis: Axis) -> Interpolation:
    """Return places and weights of XNNPACK's kernels.

    xnn_indirection_init_resize_bilinear2d_hwc_q11, XNNPACK src/indirection.c, in float32.
    """
    one = int(axis.corners and axis.made != 1)
    scale = np.float32(axis.length - one) / np.float32(axis.made - one)
    places = np.arange(axis.made, dtype=np.float32) * scale
    if axis.centers:
        offset = np.float32(0.5) * scale - np.float32(0.5)
        places = np.clip(places + offset, np.float32(0), np.float32(axis.length - 1))
    first = places.astype(np.int64)
    weight = np.rint(np.ldexp(places - first.astype(np.float32), XNNPACK_BITS)).astype(np.int64)
    carry = weight >> XNNPACK_BITS
    return _places(np.minimum(first + carry, axis.length - 1), weight * (1 - carry), axis)


def _places(first: Int64, weight: Int64, axis: Axis) -> Interpolation:
    """Return places, with no weight of a following one where there is none."""
    weight = np.where(first < axis.length - 1, weight, 0)
    return Interpolation(tuple(first.tolist()), tuple(weight.tolist()))

"""Integers for requantizers that references define in floating point.

The reference's scale, written exactly as multiplier and exponent, requantizes every reachable
accumulator of most layers as the reference does; deciding that takes one look at both sides of
every threshold. Where float rounding moves a threshold, a certificate lists the exceptions.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.certificate import (
    Certificate,
    CertificateError,
    Reference,
    StepFunction,
    decisive_points,
)
from golden.certificate_search import DEFAULT_EXCEPTIONS, find_certificate, find_steps
from golden.graph import AccumulatorBounds, Certified, FixedPoint, Requantization
from golden.integer_type import IntegerType
from golden.multiplier import quantize_multiplier
from golden.requant_spec import MAXIMUM_MULTIPLIER_WIDTH, RequantChannels, RequantSpec
from golden.rounding import Rounding

Int64 = NDArray[np.int64]

_PRODUCT_BITS = 61


def integer_requantization(
    reference: Reference,
    bounds: AccumulatorBounds,
    scale: ArrayLike,
    rounding: Rounding,
    output: IntegerType,
    zero_point: int,
    clamp: tuple[int, int],
    exceptions: int = DEFAULT_EXCEPTIONS,
) -> Requantization:
    """Find integers that equal a reference on every reachable accumulator.

    Parameters
    ----------
    reference : callable
        Accumulators of shape (..., channels) to codes; not descending.
    bounds : AccumulatorBounds
        What the accumulators reach.
    scale : array_like of float
        What the reference multiplies by, one or one per channel.
    rounding : Rounding
        The single rounding that the reference would do in real arithmetic.
    output : IntegerType
        Type of the codes.
    zero_point, clamp : int, (int, int)
        Of the output.
    exceptions : int
        How many accumulators of a channel a certificate may correct one by one.

    Returns
    -------
    FixedPoint or Certified
        Proven equal, either way.

    Raises
    ------
    CertificateError
        Naming the first channel for which there are none.
    """
    scales = np.atleast_1d(np.asarray(scale, dtype=np.float64))
    low, high = bounds.minimum, bounds.maximum
    if scales.size == 1:  # One requantizer for the union of all channels' accumulators.
        low, high = low.min(keepdims=True), high.max(keepdims=True)
    steps = find_steps(reference, low, high)
    points = decisive_points(steps)
    multiplier, exponent = quantize_multiplier(scales)
    spec = RequantSpec(bounds.type, output, maximum_exponent=31, roundings=(rounding,))
    if (exponent <= spec.maximum_exponent).all():
        channels = RequantChannels(spec, multiplier, exponent, zero_point, *clamp)
        candidate = FixedPoint(channels, rounding)
        # Neither descends, so equality at these points is equality everywhere.
        if (candidate.evaluate(points) == steps.evaluate(points)).all():
            return candidate
    try:
        certificate = _certificate(steps, points, scales, zero_point, clamp, exceptions)
    except CertificateError:
        certificate = find_certificate(
            reference, low, high, zero_point, *clamp, exceptions=exceptions
        )
    return Certified(certificate, output)


def _certificate(
    steps: StepFunction,
    points: Int64,
    scale: NDArray[np.float64],
    zero_point: int,
    clamp: tuple[int, int],
    exceptions: int,
) -> Certificate:
    """Return the certificate of a given scale, with the accumulators it gets wrong as exceptions.

    Not the smallest multiplier, which takes a search, but one of as many bits as there are.

    Raises
    ------
    CertificateError
        If the exceptions are too many, or do not mend it.
    """
    channels = len(steps)
    widest = int(np.max(np.abs([steps.accumulator_minimum, steps.accumulator_maximum])))
    width = min(MAXIMUM_MULTIPLIER_WIDTH, _PRODUCT_BITS - widest.bit_length())
    shift = min(width - int(np.frexp(scale.max())[1]), _PRODUCT_BITS)
    if shift < 1:
        raise CertificateError(f"scale is {scale.max()}; too large for a certificate")
    multiplier = np.minimum(np.rint(np.ldexp(scale, shift)).astype(np.int64), (1 << width) - 1)
    unused = np.zeros((0, channels), dtype=np.int64)

    def per_channel(value: int) -> Int64:
        return np.full(channels, value, dtype=np.int64)

    half = per_channel(1 << (shift - 1))
    bare = Certificate(
        steps, shift, multiplier, half, half, per_channel(zero_point), per_channel(clamp[0]),
        per_channel(clamp[1]), unused, unused,
    )  # fmt: skip
    difference = steps.evaluate(points) - bare.evaluate(points)
    wrong = [np.unique(points[:, c][difference[:, c] != 0]) for c in range(channels)]
    slots = max(len(accumulators) for accumulators in wrong)
    if slots > exceptions:
        raise CertificateError(f"{slots} exceptions; allowed: {exceptions}")
    exception = np.tile(steps.accumulator_minimum, (slots, 1))
    for channel, accumulators in enumerate(wrong):
        exception[: len(accumulators), channel] = accumulators
    correction = steps.evaluate(exception) - bare.evaluate(exception)
    # A slot left over repeats the lowest accumulator; only one of those may correct it.
    for channel, accumulators in enumerate(wrong):
        correction[len(accumulators) :, channel] = 0
    certificate = replace(bare, exception=exception, correction=correction)
    certificate.check()
    return certificate

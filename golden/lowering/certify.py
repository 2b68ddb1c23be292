"""Certificates in place of fixed-point requantization, for a whole graph.

A certificate computes the same codes with narrower multipliers, so it makes smaller circuits.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from bittrue.golden.certificates.certificate import CertificateError
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.graph import (
    AccumulatingNode,
    AccumulatorBounds,
    Certified,
    FixedPoint,
    Graph,
    Node,
    Requantization,
)
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType

_POINTS = 1 << 19
"""Thresholds of a layer up to which a search is worth its time."""

_SEARCHED_WIDTH = 12
"""Bits of codes up to which a search is worth its time: 65,535 thresholds take minutes, and the
multipliers of 16-bit codes are hardly narrowed, for as many thresholds bound them."""

_EXCEPTIONS = 4
"""Accumulators of a channel corrected one by one; with more, a comparator for each outweighs the
narrower multiplier."""

_KEPT = 512
"""Layers whose certificates are kept: as many as networks have that are planned side by side."""

_found: dict[bytes, Requantization | None] = {}
"""Results of searches, by what they depend on; None where there is no certificate."""


def certify(graph: Graph, least_shifts: Mapping[str, int] = MappingProxyType({})) -> Graph:
    """Replace fixed-point requantization by a certificate wherever one is found.

    Parameters
    ----------
    graph : Graph
    least_shifts : mapping of str to int, optional
        Shifts that the certificates of some nodes have at least, by their outputs, where one is
        found so: for circuits that shift by as much.

    Returns
    -------
    Graph
        Equal for every input: each certificate reproduces what it replaces on every accumulator
        that can occur. Where none is found, or the search would take long (codes of 16 bits), the
        node stays as it is.
    """
    nodes = tuple(
        _certified(node, graph.accumulators.get(node.output), least_shifts.get(node.output, 0))
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def certify_requantization(
    requantization: FixedPoint, bounds: AccumulatorBounds, least_shift: int = 0
) -> Requantization:
    """Return a certificate that equals a requantization within bounds, else the requantization.

    Parameters
    ----------
    requantization : FixedPoint
        One entry, which serves the channels together, or one per channel.
    bounds : AccumulatorBounds
        What the accumulators reach.
    least_shift : int
        Of the certificate, where one is found so.

    Returns
    -------
    Certified or FixedPoint
    """
    channels, output = requantization.channels, requantization.output
    if output.width > _SEARCHED_WIDTH or len(channels) << output.width > _POINTS:
        return requantization
    low, high = _bounds_of_entries(bounds, len(channels))
    content = _content(requantization, low, high, least_shift)
    if content not in _found:
        if len(_found) >= _KEPT:
            _found.pop(next(iter(_found)), None)
        _found[content] = _searched(requantization, bounds, low, high, least_shift)
    found = _found[content]
    return requantization if found is None else found


def _content(requantization: FixedPoint, low: Int64, high: Int64, least_shift: int) -> bytes:
    """Return what a search depends on, as a digest."""
    channels = requantization.channels
    words = (channels.spec, requantization.rounding, len(channels), least_shift)
    digest = sha256(repr(words).encode())
    for each in (
        channels.multiplier, channels.exponent, channels.zero_point, channels.minimum,
        channels.maximum, low, high,
    ):  # fmt: skip
        values = np.ascontiguousarray(each, dtype=np.int64)
        digest.update(f"{values.shape}".encode() + values.tobytes())
    return digest.digest()


def _searched(
    requantization: FixedPoint,
    bounds: AccumulatorBounds,
    low: Int64,
    high: Int64,
    least_shift: int,
) -> Requantization | None:
    """Return what a search finds; None where there is nothing."""
    channels, output = requantization.channels, requantization.output

    def estimate(codes: Int64) -> Int64:
        """Return about where roundings to nearest have their thresholds."""
        halves = (codes - channels.zero_point - 0.5) * np.exp2(channels.shift)
        places = halves / np.maximum(channels.multiplier, 1)
        return np.rint(np.clip(places, low, high)).astype(np.int64)

    try:
        certificate = find_certificate(
            requantization.evaluate,
            low,
            high,
            channels.zero_point,
            channels.minimum,
            channels.maximum,
            exceptions=_EXCEPTIONS,
            least_shift=least_shift,
            estimate=estimate,
        )
    except CertificateError:
        if not least_shift:
            return None
        found = certify_requantization(requantization, bounds)
        return None if found is requantization else found
    return Certified(certificate, output)


def certified_average(
    counts: ArrayLike, kind: IntegerType, minimum: int, maximum: int
) -> Certified:
    """Return the mean of codes, half away from zero, as a requantization of their sum.

    Division by a constant is a monotone step function like any other, so it has a certificate.

    Parameters
    ----------
    counts : array_like of int, shape (entries,) or ()
        Codes that are summed, for each entry of the requantization.
    kind : IntegerType
        Of the codes, and of the result.
    minimum, maximum : int
        Clamp of the result.

    Raises
    ------
    CertificateError
        If no multiplier of 31 bits divides sums of so many codes exactly.
    """
    count = np.atleast_1d(np.asarray(counts, dtype=np.int64))

    def average(total: Int64) -> Int64:
        magnitude = (np.abs(total) + count // 2) // count
        return np.clip(np.where(total < 0, -magnitude, magnitude), minimum, maximum)

    low, high = (count * end for end in (min(kind.minimum, 0), kind.maximum))
    return Certified(find_certificate(average, low, high, 0, minimum, maximum), kind)


def _certified(node: Node, bounds: AccumulatorBounds | None, least_shift: int) -> Node:
    if (
        isinstance(node, AccumulatingNode)
        and isinstance(node.requantization, FixedPoint)
        and bounds is not None
    ):
        found = certify_requantization(node.requantization, bounds, least_shift)
        return replace(node, requantization=found)
    return node


def _bounds_of_entries(bounds: AccumulatorBounds, entries: int) -> tuple[Int64, Int64]:
    """Return what each entry of a requantization must serve; one entry serves all channels."""
    if entries == 1:
        return bounds.minimum.min(keepdims=True), bounds.maximum.max(keepdims=True)
    low, high = (np.broadcast_to(end, entries) for end in (bounds.minimum, bounds.maximum))
    return low, high

"""Means of windows: sums with the border's windows apart, which have fewer taps."""

from functools import lru_cache
from itertools import product

import numpy as np

from bittrue.flows.engine.codes import offset
from bittrue.flows.engine.layers import Geometry, MatrixLayer
from bittrue.flows.engine.lowering import Lowering, lower_node
from bittrue.flows.engine.matrices import diagonal
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.engine.record import Records
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType


@lower_node.register
def _(node: AveragePool, lowering: Lowering) -> None:
    (name,) = node.inputs
    source, target = lowering.source(name), lowering.target(node.output)
    window = node.window
    inside = window.taps_inside(lowering.tensor(name).shape)
    (top, _), (left, _) = window.padding
    # Windows with as many taps inside, as rectangles.
    rows, columns = (_runs(taps) for taps in (inside[:, 0], inside[0]))
    for (row, height), (column, width) in product(rows, columns):
        taps = int(inside[row, column])
        first = row * window.stride[0] - top, column * window.stride[1] - left
        lowering.layers.append(
            MatrixLayer(
                name=node.output,
                title=node.title,
                target=target.rectangle(row, column, height, width),
                source=source,
                geometry=Geometry(
                    kernel=window.size, stride=window.stride, dilation=window.dilation, first=first
                ),
                weight=diagonal(window.size, source.channels),
                groups=source.channels,
                records=_averages(node, lowering.tensor(name), taps),
                counted=False,
            )
        )


def _runs(values: Int64) -> list[tuple[int, int]]:
    """Return first and length of each run of equal values."""
    firsts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()]
    lengths = np.diff([*firsts, len(values)]).tolist()
    return list(zip(firsts, lengths, strict=True))


def _averages(node: AveragePool, tensor: Tensor, taps: int) -> Records:
    kind = tensor.type
    moved = offset(tensor)
    multiplier, shift, negative, positive = _division(kind, taps)
    one = np.ones(tensor.channels, dtype=np.int64)
    return Records(
        bias=one * moved * taps,
        multiplier=one * multiplier,
        positive=one * positive,
        negative=one * negative,
        shift=one * shift,
        zero_point=-one * moved,
        minimum=one * (node.minimum - moved),
        maximum=one * (node.maximum - moved),
    )


@lru_cache
def _division(kind: IntegerType, taps: int) -> tuple[int, int, int, int]:
    """Return multiplier, shift and constants that divide any sum, half away from zero."""

    def mean(total: Int64) -> Int64:
        return np.sign(total) * ((2 * np.abs(total) + taps) // (2 * taps))

    low, high = kind.minimum * taps, kind.maximum * taps
    found = find_certificate(mean, low, high, 0, kind.minimum, kind.maximum)
    return (
        int(found.multiplier[0]),
        found.shift,
        int(found.negative_constant[0]),
        int(found.positive_constant[0]),
    )

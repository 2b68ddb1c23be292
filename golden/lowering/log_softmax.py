"""The logarithm of softmax as nodes that are there: differences, exponentials, their sum, its log.

y = scale * (code - greatest) - log(sum of exp(scale * (code - greatest)))
"""

import math
from dataclasses import dataclass

import numpy as np

from bittrue.golden.graph import AccumulatingNode, Encoding, FixedPoint, Node
from bittrue.golden.graph.add import Addend, summed
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.table import Table
from bittrue.golden.lowering.maxima import maxima
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

_UINT16 = IntegerType(16, False)
_INT16 = IntegerType(16, True)
_FINEST = 12
"""The unit of the logarithm is at most so many bits finer than the input's."""


@dataclass(frozen=True, eq=False)
class LogSoftmaxParts:
    """Nodes, and the last one, a sum without requantization.

    Parameters
    ----------
    nodes : list of Node
        In order; what `total` reads.
    total : AccumulatingNode
        Its accumulators stand for the logarithm in units of `input scale * 2**exponent`.
    exponent : int
    """

    nodes: list[Node]
    total: AccumulatingNode
    exponent: int


def log_softmax(
    source: str, shape: tuple[int, ...], kind: IntegerType, scale: float, name: str
) -> LogSoftmaxParts:
    """Return the nodes of a logarithm of softmax over the last dimension.

    Exponentials have 16 bits, 65,535 of which are 1, their sum has its 16 highest, and its
    logarithm as many as its range leaves.

    Parameters
    ----------
    source : str
        Codes of up to 8 bits.
    shape : tuple of int
        Of them, without the batch.
    kind : IntegerType
        Of them.
    scale : float
        Of the input.
    name : str
        What the names of the nodes begin with.
    """
    classes = shape[-1]
    greatest = maxima(source, shape, (len(shape) - 1,), kind, f"{name}/greatest")
    wide = IntegerType(kind.width + 1, True)
    difference = summed(
        inputs=(source, greatest[-1].output),
        output=f"{name}/difference",
        addends=(Addend(Encoding()), Addend(Encoding(), subtract=True)),
        requantization=_shifted(0, wide),
    )
    below = np.arange(wide.minimum, wide.maximum + 1).clip(max=0)
    exponential = Table(
        inputs=(difference.output,),
        output=f"{name}/exponential",
        values=np.rint(np.exp(scale * below) * _UINT16.maximum).astype(np.int64),
        type=_UINT16,
    )
    dropped = (classes - 1).bit_length()
    total = Mean(
        inputs=(exponential.output,),
        output=f"{name}/sum",
        axes=(len(shape) - 1,),
        keep_dimensions=True,
        encoding=Encoding(),
        requantization=_shifted(dropped, _UINT16),
    )
    sums = np.arange(_UINT16.maximum + 1) * (2.0**dropped / _UINT16.maximum)
    # No finer than 16 bits hold, and no finer than the sum is known.
    largest = math.log(classes) / _INT16.maximum
    exponent = -_FINEST if largest == 0 else max(-_FINEST, math.ceil(math.log2(largest / scale)))
    unit = scale * 2.0**exponent
    logarithm = Table(
        inputs=(total.output,),
        output=f"{name}/logarithm",
        values=np.rint(np.log(sums.clip(1, classes)) / unit).astype(np.int64),
        type=_INT16,
    )
    addends = (
        Addend(Encoding(), 1 << max(-exponent, 0)),
        Addend(Encoding(), 1 << max(exponent, 0), subtract=True),
    )
    last = summed((difference.output, logarithm.output), name, addends)
    nodes: list[Node] = [*greatest, difference, exponential, total, logarithm]
    return LogSoftmaxParts(nodes, last, min(exponent, 0))


def _shifted(bits: int, kind: IntegerType) -> FixedPoint:
    """Return a requantization that divides by a power of two."""
    spec = RequantSpec(output=kind, roundings=(Rounding.SINGLE_HALF_UP,))
    return FixedPoint(RequantChannels(spec, 1 << 30, 1 - bits), Rounding.SINGLE_HALF_UP)

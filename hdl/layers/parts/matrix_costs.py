"""What matrix layers take beside memories and products; see `hdl.costs.costs.Costs`."""

import numpy as np

from bittrue.hdl.costs.costs import Costs, Count, rounded_up
from bittrue.hdl.costs.memories import result_fifo_cost

_UNDER_WAY = 24
"""Results for which a FIFO has room beside those of a frame: of the pipeline in front of it."""


def accumulators_cost(outputs: Count, accumulator: int) -> Costs:
    """Estimate the accumulators of a matrix layer.

    Parameters
    ----------
    outputs : int or ndarray of int64
        Accumulators.
    accumulator : int
        Bits of one.
    """
    return Costs(outputs * accumulator)


def sending_cost(outputs: Count, accumulator: int, lanes: int, code: int) -> Costs:
    """Estimate what sends the sums of a frame: serializer, and FIFO of codes with its admission.

    Parameters
    ----------
    outputs : int or ndarray of int64
        Sums of a frame.
    accumulator : int
        Bits of one.
    lanes, code : int
        Codes of a beat of the output, and bits of a code.
    """
    outputs = np.asarray(outputs)
    serializing = Costs(outputs * accumulator * (outputs != lanes))
    places = -(-outputs // lanes) + _UNDER_WAY
    depth = 1 << rounded_up(np.log2(places))
    return serializing + result_fifo_cost(lanes * code, depth)

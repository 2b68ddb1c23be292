"""What matrix layers take beside memories and products; see `hdl.costs.costs.Costs`."""

from bittrue.hdl.costs.costs import Costs, Count


def matrix_control_cost(outputs: Count, accumulator: int) -> Costs:
    """Estimate the accumulators of a matrix layer, and the counters of its windows.

    Parameters
    ----------
    outputs : int or ndarray of int64
        Accumulators.
    accumulator : int
        Bits of one.
    """
    return Costs(200 + 2 * outputs * accumulator)

"""What matrix layers take beside memories and products; see `hdl.costs.costs.Costs`."""

from hdl.costs.costs import Costs, Count


def matrix_control_cost(window_bits: Count, outputs: Count, accumulator: int) -> Costs:
    """Estimate the accumulators of a matrix layer, and what reads its windows.

    Parameters
    ----------
    window_bits : int or ndarray of int64
        Bits of a beat of the window.
    outputs : int or ndarray of int64
        Accumulators.
    accumulator : int
        Bits of one.
    """
    return Costs(220 + 2 * outputs * accumulator + 4 * window_bits)

"""What products take whose rows are added in carry chains; see `hdl.blocks.row_chains`."""

from collections.abc import Sequence

from hdl.costs.costs import Costs, Count, rounded_up


def rows_cost(widths: Sequence[int], weight: int, outputs: Count, lanes: Count) -> Costs:
    """Estimate sums of products, a table for each bit of a row, and what joins chains.

    Parameters
    ----------
    widths : sequence of int
        Bits of the rows of a product.
    weight : int
        Bits of a weight's code.
    outputs, lanes : int or ndarray of int64
        Sums, and products of each.
    """
    products = outputs * lanes
    return Costs(rounded_up(1.4 * sum(widths) * products + 4 * len(widths) * outputs))

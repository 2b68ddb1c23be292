"""What products take whose rows are added in carry chains; see `hdl.blocks.row_chains`."""

from collections.abc import Sequence

from bittrue.hdl.costs.costs import Costs, Count, rounded_up

_TABLES_OF_A_BIT = 1.75
"""Tables for each bit of a row: Yosys's count of 8 x 8, 4 x 4 and 2 x 2 bits on 7 series, with what
joins chains and delays operands."""


def rows_cost(widths: Sequence[int], outputs: Count, lanes: Count) -> Costs:
    """Estimate sums of products: tables of rows, delays of operands, and what joins chains.

    Parameters
    ----------
    widths : sequence of int
        Bits of the rows of a product.
    outputs, lanes : int or ndarray of int64
        Sums, and products of each.
    """
    products = outputs * lanes
    return Costs(rounded_up(_TABLES_OF_A_BIT * sum(widths) * products))

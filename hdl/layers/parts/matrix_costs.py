"""What the products and accumulators of matrix layers take; see `hdl.costs.costs.Costs`.

Every function takes numbers, or arrays of them: one entry for each way to build a part.
"""

from golden.numbers.integer_type import IntegerType
from golden.units.mac_spec import Multiplier
from golden.units.packing import find_packing
from hdl.costs.costs import Costs, Count
from hdl.costs.memories import rounded_up

_MOST_PRODUCTS = 8
"""More products than any hardware multiplier makes at once."""


def products_cost(
    kind: Multiplier | None,
    weight: IntegerType,
    code: IntegerType,
    groups: Count,
    outputs: Count,
    lanes: Count,
) -> Costs:
    """Estimate what multiplies.

    Parameters
    ----------
    kind : Multiplier or None
    weight, code : IntegerType
        Operands.
    groups, outputs, lanes : int or ndarray of int64
        Groups of outputs, outputs of all of them, products of each output.
    """
    multipliers = outputs * lanes
    match kind:
        case None:
            return Costs(rounded_up(1.1 * multipliers) + 8 * outputs)
        case Multiplier.LUT:
            return Costs(rounded_up(1.6 * weight.width * code.width * multipliers))
        case Multiplier.DSP:
            return Costs(12 * multipliers, multipliers)
        case packed:
            shared = find_packing(packed, weight, code, _MOST_PRODUCTS, 1, 1).a_count
            pairs = -(-(outputs // groups) // shared) * lanes * groups
            return Costs(15 * pairs, pairs)


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

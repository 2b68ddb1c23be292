"""Every kind of multiplier, by its name."""

from bittrue.golden.errors import UnknownNameError
from bittrue.hdl.multipliers.bit_serial import BIT_SERIAL
from bittrue.hdl.multipliers.codebook import CODEBOOK
from bittrue.hdl.multipliers.mac import DSP, LUT, PACKED_DSP48E1, PACKED_MULT18X18D
from bittrue.hdl.multipliers.multiplier import Multiplier
from bittrue.hdl.multipliers.power_of_two import POWER_OF_TWO
from bittrue.hdl.multipliers.shift_add import SHIFT_ADD
from bittrue.hdl.multipliers.systolic import SYSTOLIC
from bittrue.hdl.multipliers.ternary import TERNARY
from bittrue.hdl.multipliers.xnor import XNOR

CATALOGUE: dict[str, Multiplier] = {
    each.name: each
    for each in (
        DSP,
        PACKED_DSP48E1,
        PACKED_MULT18X18D,
        LUT,
        XNOR,
        TERNARY,
        POWER_OF_TWO,
        CODEBOOK,
        BIT_SERIAL,
        SHIFT_ADD,
        SYSTOLIC,
    )
}


def find_multiplier(name: str) -> Multiplier:
    """Return the multiplier of a name.

    Raises
    ------
    UserError
        Listing the names that exist.
    """
    if name not in CATALOGUE:
        raise UnknownNameError("multiplier", name, CATALOGUE)
    return CATALOGUE[name]

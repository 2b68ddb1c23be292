"""What FPGAs have, as far as a network is fitted to it."""

from dataclasses import dataclass

from golden.errors import UserError
from golden.mac_spec import Multiplier


@dataclass(frozen=True)
class Budget:
    """Resources of a part.

    Parameters
    ----------
    summary : str
        The part.
    part : str
        As Vivado calls it, or nextpnr's option for it.
    family : str
        Of `flows.synthesis.DEVICES`.
    luts, multipliers, block_rams : int
        Six-input (7 series) or four-input (ECP5) tables, DSP48E1 or MULT18X18D, RAMB36 or DP16KD.
    packed : Multiplier
        How products share a hardware multiplier.
    block_ram_bits, block_ram_width : int
        Of one block RAM: its bits, and its data bits in the widest configuration.
    """

    summary: str
    part: str
    family: str
    luts: int
    multipliers: int
    block_rams: int
    packed: Multiplier
    block_ram_bits: int
    block_ram_width: int


_SERIES_7 = ("xc7", Multiplier.PACKED_DSP48E1, 36 * 1024, 72)
_ECP5 = ("ecp5", Multiplier.PACKED_MULT18X18D, 18 * 1024, 36)


def _budget(
    summary: str,
    part: str,
    luts: int,
    multipliers: int,
    block_rams: int,
    kind: tuple[str, Multiplier, int, int],
) -> Budget:
    family, packed, bits, width = kind
    return Budget(summary, part, family, luts, multipliers, block_rams, packed, bits, width)


BUDGETS = {
    "zynq7010": _budget("Xilinx Zynq-7010", "xc7z010clg400-1", 17_600, 80, 60, _SERIES_7),
    "zynq7020": _budget("Xilinx Zynq-7020", "xc7z020clg400-1", 53_200, 220, 140, _SERIES_7),
    "artix35t": _budget("Xilinx Artix-7 35T", "xc7a35tcsg324-1", 20_800, 90, 50, _SERIES_7),
    "artix100t": _budget("Xilinx Artix-7 100T", "xc7a100tcsg324-1", 63_400, 240, 135, _SERIES_7),
    "ecp5-25f": _budget("Lattice ECP5-25F", "--25k", 24_288, 28, 56, _ECP5),
    "ecp5-45f": _budget("Lattice ECP5-45F", "--45k", 43_848, 72, 108, _ECP5),
    "ecp5-85f": _budget("Lattice ECP5-85F", "--85k", 83_640, 156, 208, _ECP5),
}


def find_budget(name: str) -> Budget:
    """Return the resources of a part.

    Raises
    ------
    UserError
        Listing the names that exist.
    """
    if name not in BUDGETS:
        raise UserError(f"no device is named {name!r}; choose one of {', '.join(BUDGETS)}")
    return BUDGETS[name]

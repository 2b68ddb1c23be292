"""What the devices of a family have in common."""

from dataclasses import dataclass

from bittrue.golden.units.mac_spec import Multiplier


@dataclass(frozen=True)
class Fabric:
    """What the devices of a family have in common, as far as circuits are chosen by it.

    Parameters
    ----------
    family : str
        Of `flows.synthesis.yosys.DEVICES`.
    packed : Multiplier
        How products share a hardware multiplier.
    halves : int
        What the 18 kbit that make a memory of their own are of a block RAM, in halves: 1 of a
        RAMB36, 2 of a DP16KD.
    """

    family: str
    packed: Multiplier
    halves: int


SERIES_7 = Fabric("xc7", Multiplier.PACKED_DSP48E1, 1)
ECP5 = Fabric("ecp5", Multiplier.PACKED_MULT18X18D, 2)

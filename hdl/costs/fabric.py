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

ULTRASCALE = Fabric("xcup", Multiplier.PACKED_DSP48E1, 1)
NEXUS = Fabric("nexus", Multiplier.PACKED_MULT18X18D, 2)
GOWIN = Fabric("gowin", Multiplier.PACKED_MULT18X18D, 2)
ICE40 = Fabric("ice40", Multiplier.PACKED_MULT18X18D, 9)
GATEMATE = Fabric("gatemate", Multiplier.PACKED_MULT18X18D, 1)
CYCLONE_V = Fabric("cyclonev", Multiplier.PACKED_MULT18X18D, 4)
CYCLONE_10 = Fabric("cyclone10lp", Multiplier.PACKED_MULT18X18D, 4)
TRION = Fabric("trion", Multiplier.PACKED_MULT18X18D, 8)
TITANIUM = Fabric("titanium", Multiplier.PACKED_MULT18X18D, 4)
POLARFIRE = Fabric("polarfire", Multiplier.PACKED_MULT18X18D, 2)

FABRICS = {
    fabric.family: fabric
    for fabric in (
        SERIES_7,
        ULTRASCALE,
        ECP5,
        NEXUS,
        GOWIN,
        ICE40,
        GATEMATE,
        CYCLONE_V,
        CYCLONE_10,
        TRION,
        TITANIUM,
        POLARFIRE,
    )
}
"""By family. Memories of 18 kbit are a RAMB36's half, a block of 18 or 20 kbit, or as many of 10,
9, 5 or 4 kbit as hold them; multipliers of 18 x 18 are packed as those of ECP5."""

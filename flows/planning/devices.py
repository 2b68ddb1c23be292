"""What FPGAs have, as far as a network is fitted to it."""

from dataclasses import dataclass, replace

from bittrue.golden.errors import UnknownNameError, UserError
from bittrue.hdl.costs.fabric import ECP5, SERIES_7, Fabric


@dataclass(frozen=True)
class Budget:
    """Resources of a part.

    Parameters
    ----------
    summary : str
        The part.
    part : str
        As Vivado calls it without package and speed grade, or nextpnr's option for it.
    packages, speeds : tuple of str
        Packages and speed grades in which it is made, the usual one first.
    fabric : Fabric
    luts, multipliers, block_rams : int
        Six-input (7 series) or four-input (ECP5) tables, DSP48E1 or MULT18X18D, RAMB36 or DP16KD.
    """

    summary: str
    part: str
    packages: tuple[str, ...]
    speeds: tuple[str, ...]
    fabric: Fabric
    luts: int
    multipliers: int
    block_rams: int


@dataclass(frozen=True)
class Part:
    """A device in a package.

    Parameters
    ----------
    budget : Budget
        The device.
    package, speed : str
        Package and speed grade; empty for the usual ones.

    Raises
    ------
    UserError
        Listing those in which the device is made.
    """

    budget: Budget
    package: str = ""
    speed: str = ""

    def __post_init__(self) -> None:
        for name, known in (("package", self.budget.packages), ("speed", self.budget.speeds)):
            chosen = getattr(self, name) or known[0]
            if chosen not in known:
                raise UserError(
                    f"--{name} is {chosen!r}; a {self.budget.summary} is made as {', '.join(known)}"
                )
            object.__setattr__(self, name, chosen)

    @property
    def vivado(self) -> str:
        """Its name in Vivado."""
        return f"{self.budget.part}{self.package}-{self.speed}"

    @property
    def nextpnr(self) -> tuple[str, ...]:
        """Options of nextpnr-ecp5."""
        return (self.budget.part, "--package", self.package, "--speed", self.speed)


@dataclass(frozen=True)
class Fill:
    """How much of a device may be used, in per cent.

    Parameters
    ----------
    luts, multipliers, block_rams : int
        1 to 100. A device whose tables are nearly all in use cannot be placed and routed well.
    """

    luts: int = 80
    multipliers: int = 100
    block_rams: int = 100

    def __post_init__(self) -> None:
        for percent in (self.luts, self.multipliers, self.block_rams):
            if not 1 <= percent <= 100:
                raise UserError(f"fill is {percent}; allowed: 1 to 100 per cent")

    @classmethod
    def parse(cls, text: str) -> "Fill":
        """Read per cent of the tables, or of tables, multipliers and block RAMs, with commas.

        Raises
        ------
        UserError
            Saying what is allowed.
        """
        numbers = text.split(",")
        if len(numbers) not in (1, 3) or not all(number.strip().isdigit() for number in numbers):
            raise UserError(
                f"fill is {text!r}; allowed: per cent of the LUTs, such as 80, or of LUTs, "
                "multipliers and block RAMs, such as 80,100,90"
            )
        return cls(*(int(number) for number in numbers))

    def of(self, budget: Budget) -> Budget:
        """Return what may be used of a device."""
        return replace(
            budget,
            luts=budget.luts * self.luts // 100,
            multipliers=budget.multipliers * self.multipliers // 100,
            block_rams=budget.block_rams * self.block_rams // 100,
        )


FILL = Fill()
"""Where nobody chooses."""

_SPEEDS = {SERIES_7: ("1", "2", "3"), ECP5: ("6", "7", "8")}


def _budget(
    summary: str,
    part: str,
    packages: str,
    luts: int,
    multipliers: int,
    block_rams: int,
    fabric: Fabric,
) -> Budget:
    resources = luts, multipliers, block_rams
    return Budget(summary, part, tuple(packages.split()), _SPEEDS[fabric], fabric, *resources)


BUDGETS = {
    "zynq7010": _budget("Xilinx Zynq-7010", "xc7z010", "clg400 clg225", 17_600, 80, 60, SERIES_7),
    "zynq7020": _budget("Xilinx Zynq-7020", "xc7z020", "clg400 clg484", 53_200, 220, 140, SERIES_7),
    "artix35t": _budget(
        "Xilinx Artix-7 35T",
        "xc7a35t",
        "csg324 cpg236 csg325 ftg256 fgg484",
        20_800,
        90,
        50,
        SERIES_7,
    ),
    "artix100t": _budget(
        "Xilinx Artix-7 100T",
        "xc7a100t",
        "csg324 ftg256 fgg484 fgg676",
        63_400,
        240,
        135,
        SERIES_7,
    ),
    "ecp5-25f": _budget(
        "Lattice ECP5-25F", "--25k", "CABGA381 CABGA256 CSFBGA285 TQFP144", 24_288, 28, 56, ECP5
    ),
    "ecp5-45f": _budget(
        "Lattice ECP5-45F",
        "--45k",
        "CABGA554 CABGA381 CABGA256 CSFBGA285 TQFP144",
        43_848,
        72,
        108,
        ECP5,
    ),
    "ecp5-85f": _budget(
        "Lattice ECP5-85F",
        "--85k",
        "CABGA756 CABGA554 CABGA381 CSFBGA285",
        83_640,
        156,
        208,
        ECP5,
    ),
}


def find_budget(name: str) -> Budget:
    """Return the resources of a part.

    Raises
    ------
    UserError
        Listing the names that exist.
    """
    if name not in BUDGETS:
        raise UnknownNameError("device", name, BUDGETS)
    return BUDGETS[name]

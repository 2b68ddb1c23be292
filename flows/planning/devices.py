"""What FPGAs have, as far as a network is fitted to it."""

import tomllib
from dataclasses import dataclass, replace
from importlib.resources import files

from bittrue.golden.errors import UserError
from bittrue.hdl.costs.fabric import FABRICS, Fabric


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
        Packages and speed grades in which it is made, the usual one first; empty ones where no
        script needs them.
    fabric : Fabric
    luts, multipliers, block_rams : int
        Of the device's own kinds: six-input (7 series) or four-input (ECP5) tables, DSP48E1 or
        MULT18X18D, RAMB36 or DP16KD, ...
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

_RESOURCES = {"lut": "luts", "dsp": "multipliers", "bram": "block_rams"}


def parse_budget(text: str) -> dict[str, int]:
    """Read ``lut=20000,dsp=40,bram=30``, or some of them.

    Returns
    -------
    dict of str to int
        Fields of `Budget`.

    Raises
    ------
    UserError
        Saying what is allowed.
    """
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = (word.strip() for word in part.partition("="))
        field = _RESOURCES.get(name)
        if field is None or field in found or not (number.isascii() and number.isdigit()):
            raise UserError(
                f"budget is {text!r}; allowed: lut=N,dsp=N,bram=N, whole numbers, each once"
            )
        found[field] = int(number)
    return found


def _read_devices() -> dict[str, Budget]:
    """Return the devices of the table in ``devices.toml``, by name."""
    table = tomllib.loads((files(__package__) / "devices.toml").read_text())
    budgets = {}
    for family in table.values():
        fabric, speeds = FABRICS[family["fabric"]], tuple(family.get("speeds", "").split())
        for name, title, part, packages, *resources in family["devices"]:
            summary = f"{family['title']}{'' if title.startswith('-') else _joint(name)}{title}"
            made = tuple(packages.split()) or ("",)
            budgets[name] = Budget(summary, part, made, speeds or ("",), fabric, *resources)
    return budgets


def _joint(name: str) -> str:
    """Return what is between a family and a device: Zynq-7020, Artix-7 35T."""
    return "-" if name.startswith("zynq") else " "


BUDGETS = _read_devices()

SUGGESTED = (
    "zynq7010",
    "zynq7020",
    "artix35t",
    "artix100t",
    "ecp5-25f",
    "ecp5-45f",
    "ecp5-85f",
    "zu3eg",
    "k26",
    "zu7ev",
)
"""Devices on boards that people have: those that messages and help name."""

DEVICE_HELP = f"{', '.join(SUGGESTED)}, or another that `bittrue devices` lists"


def find_budget(name: str) -> Budget:
    """Return the resources of a part.

    Raises
    ------
    UserError
        Listing names that exist.
    """
    if name not in BUDGETS:
        raise UserError(f"no device is named {name!r}; choose one of {DEVICE_HELP}")
    return BUDGETS[name]

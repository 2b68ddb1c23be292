"""FPGAs that networks are planned for."""

from dataclasses import dataclass, replace
from functools import cached_property

from bittrue.flows.planning.devices import BUDGETS, Part, find_budget, parse_budget
from bittrue.golden.errors import UserError

_LIKE = "zynq7020"
"""The device whose tables, multipliers and block RAMs a budget without a device counts."""

_RESOURCES = 3


@dataclass(frozen=True)
class Device:
    """An FPGA in its package, or so much of one.

    Parameters
    ----------
    name : str
        One of `names`; empty where `budget` says all there is.
    package, speed : str
        Package and speed grade, for the synthesis scripts; empty for the usual ones.
    budget : str
        ``lut=N,dsp=N,bram=N``: what there is in place of the device's own, all three or some.
        Without a device they are counted as on Xilinx's 7 series.

    Raises
    ------
    UserError
        Listing what there is.

    Examples
    --------
    >>> import bittrue
    >>> bittrue.Device("ecp5-25f")
    Device(name='ecp5-25f', package='CABGA381', speed='6', budget='')
    >>> "zynq7020" in bittrue.Device.names()
    True
    >>> bittrue.Device("", budget="lut=20000,dsp=40,bram=30").summary
    'device of 20,000 LUTs, 40 multipliers and 30 block RAMs'
    """

    name: str
    package: str = ""
    speed: str = ""
    budget: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "package", self.part.package)
        object.__setattr__(self, "speed", self.part.speed)

    @cached_property
    def part(self) -> Part:
        """What is known of it."""
        own = parse_budget(self.budget) if self.budget else {}
        if not self.name and len(own) < _RESOURCES:
            raise UserError(
                f"budget is {self.budget!r}; without a device it has to be lut=N,dsp=N,bram=N"
            )
        whole = find_budget(self.name or _LIKE)
        there = replace(
            whole,
            luts=own.get("luts", whole.luts),
            multipliers=own.get("multipliers", whole.multipliers),
            block_rams=own.get("block_rams", whole.block_rams),
        )
        if not self.name:
            summary = (
                f"device of {there.luts:,} LUTs, {there.multipliers:,} multipliers and "
                f"{there.block_rams:,} block RAMs"
            )
            there = replace(there, summary=summary)
        return Part(there, self.package, self.speed)

    @property
    def summary(self) -> str:
        """What people call it."""
        return self.part.budget.summary

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the names that there are."""
        return tuple(BUDGETS)

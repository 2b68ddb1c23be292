"""FPGAs that networks are planned for."""

from dataclasses import dataclass
from functools import cached_property

from bittrue.flows.planning.devices import BUDGETS, Part, find_budget


@dataclass(frozen=True)
class Device:
    """An FPGA in its package.

    Parameters
    ----------
    name : str
        One of `names`.
    package, speed : str
        Package and speed grade, for the synthesis scripts; empty for the usual ones.

    Raises
    ------
    UserError
        Listing what there is.

    Examples
    --------
    >>> import bittrue
    >>> bittrue.Device("ecp5-25f")
    Device(name='ecp5-25f', package='CABGA381', speed='6')
    >>> bittrue.Device.names()[:2]
    ('zynq7010', 'zynq7020')
    """

    name: str
    package: str = ""
    speed: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "package", self.part.package)
        object.__setattr__(self, "speed", self.part.speed)

    @cached_property
    def part(self) -> Part:
        """What is known of it."""
        return Part(find_budget(self.name), self.package, self.speed)

    @property
    def summary(self) -> str:
        """What people call it."""
        return self.part.budget.summary

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the names that there are."""
        return tuple(BUDGETS)

"""What a network takes of a device."""

from dataclasses import dataclass

from bittrue.flows.planning.devices import Budget
from bittrue.hdl.costs.costs import Costs


@dataclass(frozen=True)
class Resources:
    """Tables, hardware multipliers, and block RAMs in halves of one."""

    luts: int = 0
    multipliers: int = 0
    block_rams: float = 0.0

    @classmethod
    def of(cls, costs: Costs) -> "Resources":
        """Return the resources of a part that can be built in one way only."""
        return cls(int(costs.luts), int(costs.multipliers), int(costs.halves) / 2)

    @property
    def costs(self) -> Costs:
        """The same in halves of block RAMs."""
        return Costs(self.luts, self.multipliers, round(2 * self.block_rams))

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            self.luts + other.luts,
            self.multipliers + other.multipliers,
            self.block_rams + other.block_rams,
        )

    def fits(self, budget: Budget) -> bool:
        """Return whether a part has so much."""
        return (
            self.luts <= budget.luts
            and self.multipliers <= budget.multipliers
            and self.block_rams <= budget.block_rams
        )

"""The choice of bits for every layer, as a problem in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bittrue.golden.errors import UserError

Bits = tuple[int, int]
"""Bits of a layer's weights, and of the codes that it reads."""


@dataclass(frozen=True)
class Option:
    """One way to quantize a layer.

    Parameters
    ----------
    bits : (int, int)
        Of its weights, and of the codes that it reads.
    sensitivity : float
        What quantization harms; sums over layers.
    costs : mapping of str to float
        By the name of the cost; sum over layers.
    """

    bits: Bits
    sensitivity: float
    costs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Allocation:
    """A choice for every layer.

    Parameters
    ----------
    bits : mapping of str to (int, int)
        By layer: of its weights, and of the codes that it reads.
    sensitivity : float
    costs : mapping of str to float
        Of all layers together.
    """

    bits: Mapping[str, Bits]
    sensitivity: float
    costs: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Problem:
    """Options of every layer, and which layers must choose together.

    Parameters
    ----------
    options : mapping of str to tuple of Option
        By layer, each pair of bits once.
    readers : tuple of tuple of str
        Layers that read codes of one scale, and so choose the same bits for them.
    """

    options: Mapping[str, tuple[Option, ...]]
    readers: tuple[tuple[str, ...], ...]

    @cached_property
    def costs(self) -> tuple[str, ...]:
        """Names of the costs that every option has."""
        named = [set(option.costs) for options in self.options.values() for option in options]
        return tuple(sorted(set.intersection(*named))) if named else ()

    def allocation(self, bits: Mapping[str, Bits]) -> Allocation:
        """Return a choice with its sensitivity and costs."""
        chosen = [
            next(option for option in options if option.bits == bits[layer])
            for layer, options in self.options.items()
        ]
        return Allocation(
            {layer: bits[layer] for layer in self.options},
            sum(option.sensitivity for option in chosen),
            {name: sum(option.costs[name] for option in chosen) for name in self.costs},
        )

    def check_budgets(self, budgets: Mapping[str, float]) -> None:
        """Refuse budgets of costs that do not exist, or that are not positive.

        Raises
        ------
        UserError
        """
        for name, limit in budgets.items():
            if name not in self.costs:
                raise UserError(f"no cost is named {name!r}; choose from {', '.join(self.costs)}")
            if not limit > 0:
                raise UserError(f"the budget of {name} is {limit}; allowed: above 0")

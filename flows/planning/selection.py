"""One option for each part of a design, so that all together fit and cost least."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import csr_array, hstack

from bittrue.golden.integer_programs import solve
from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.hdl.costs.costs import Costs


@dataclass(frozen=True, eq=False)
class Options:
    """Resources of the options of a part, in arrays of equal length.

    Attributes
    ----------
    luts, multipliers, halves : ndarray of int64
        Tables, hardware multipliers, and block RAMs counted in halves of one.
    """

    luts: Int64
    multipliers: Int64
    halves: Int64

    @classmethod
    def of(cls, costs: Costs, length: int = 1) -> "Options":
        """Return options from costs, each an array or what all have in common."""
        columns = (costs.luts, costs.multipliers, costs.halves)
        return cls(*(np.broadcast_to(column, length).astype(np.int64) for column in columns))

    @classmethod
    def joined(cls, parts: Sequence["Options"]) -> "Options":
        """Return the options of all parts, one part after the other."""
        return cls(
            np.concatenate([part.luts for part in parts]),
            np.concatenate([part.multipliers for part in parts]),
            np.concatenate([part.halves for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.luts)

    @property
    def columns(self) -> tuple[Int64, Int64, Int64]:
        """Tables, multipliers, halves of block RAMs."""
        return self.luts, self.multipliers, self.halves

    def costs(self, place: int) -> Costs:
        """Return what one of them costs."""
        return Costs(*(int(column[place]) for column in self.columns))

    def at(self, places: Int64) -> "Options":
        """Return some of them."""
        return Options(*(column[places] for column in self.columns))

    def first(self, count: int) -> "Options":
        """Return the first ones."""
        return Options(*(column[:count] for column in self.columns))


def pareto(options: Options) -> Int64:
    """Return the places of options than which no other is better, one of several that are equal."""
    columns = options.columns
    places = _unbeaten_on_lines(np.arange(len(options)), columns[1], columns[2], columns[0])
    places = _unbeaten_on_lines(places, columns[2], columns[1], columns[0])
    places = places[np.lexsort([column[places] for column in (columns[2], columns[0], columns[1])])]
    kept = []
    # Of those with as many multipliers or fewer: halves in ascending, tables in descending order.
    all_halves: list[int] = []
    all_luts: list[int] = []
    for place, luts, halves in zip(
        places.tolist(), columns[0][places].tolist(), columns[2][places].tolist(), strict=True
    ):
        first = bisect_right(all_halves, halves)
        if first and all_luts[first - 1] <= luts:
            continue
        kept.append(place)
        first = bisect_left(all_halves, halves)
        beaten = first
        while beaten < len(all_luts) and all_luts[beaten] >= luts:
            beaten += 1
        all_halves[first:beaten] = [halves]
        all_luts[first:beaten] = [luts]
    return np.sort(np.array(kept, dtype=np.int64))


def _unbeaten_on_lines(places: Int64, line: Int64, first: Int64, second: Int64) -> Int64:
    """Return those of some places that no other with the same value of `line` beats or equals."""
    if not len(places):
        return places
    places = places[np.lexsort([column[places] for column in (second, first, line)])]
    # Each line's values are below those of the lines before, so that these do not count.
    numbers = np.unique(line[places], return_inverse=True)[1].ravel()
    values = second[places] - numbers * (int(second[places].max()) + 1)
    least = np.minimum.accumulate(values)
    return places[np.concatenate([[True], values[1:] < least[:-1]])]


@dataclass(frozen=True)
class Limits:
    """What there is, and what each is worth.

    Parameters
    ----------
    luts, multipliers, halves : int
        Of the budget.
    worth : (int, int, int)
        Of a table, a multiplier, and half a block RAM, in tables.
    """

    luts: int
    multipliers: int
    halves: int
    worth: tuple[int, int, int] = (1, 100, 60)

    @property
    def most(self) -> tuple[int, int, int]:
        """Tables, multipliers, halves of block RAMs."""
        return self.luts, self.multipliers, self.halves

    def hold(self, costs: Costs) -> bool:
        """Return whether there is so much of everything."""
        return bool((_amounts(costs) <= self.most).all())

    def share(self, amounts: Float64) -> Fraction:
        """Return the share that is taken of the resource of which the largest share is taken."""
        taken = zip(amounts, self.most, strict=True)
        return max(Fraction(round(amount), max(most, 1)) for amount, most in taken)

    def within(self, share: Fraction) -> "Limits":
        """Return a share of each resource."""
        luts, multipliers, halves = (math.floor(share * max(most, 1)) for most in self.most)
        return replace(self, luts=luts, multipliers=multipliers, halves=halves)


_RESOURCES = (("LUTs", 1), ("multipliers", 1), ("block RAMs", 2))
"""The resources in the order of `Options.columns`, and how many of what is counted are one."""

_TRADES = tuple(
    (first / 4, second / 4, (4 - first - second) / 4)
    for first in range(5)
    for second in range(5 - first)
)
"""Weights of the three resources under which what does not fit is seen not to fit, quickly."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Parts of a design, of each of which one option is to be chosen.

    Parameters
    ----------
    parts : sequence of Options
        At least one option each; none where a design has nothing to choose.
    limits : Limits
    """

    parts: Sequence[Options]
    limits: Limits

    @cached_property
    def _columns(self) -> list[Float64]:
        return [np.stack(part.columns).astype(float) for part in self.parts]

    @cached_property
    def _trades(self) -> Float64:
        """Weights of the resources: the worth of each, then some of parts of what there is."""
        most = np.maximum(self.limits.most, 1)
        return np.concatenate([[self.limits.worth], np.array(_TRADES) / most])

    @cached_property
    def _best(self) -> list[Int64]:
        """For each part, the place of the best option under each of `_trades`."""
        return [(self._trades @ columns).argmin(axis=1) for columns in self._columns]

    @cached_property
    def _least(self) -> Float64:
        """The least weighted sum of the resources, under each of `_trades`."""
        least = np.zeros(len(self._trades))
        for columns, best in zip(self._columns, self._best, strict=True):
            least += (self._trades * columns[:, best].T).sum(axis=1)
        return least

    def least_cost(self, fixed: Costs) -> int:
        """Return the cost of the cheapest options and of what comes on top, if it fits or not."""
        return round(float(self._least[0] + self._trades[0] @ _amounts(fixed)))

    def may_fit(self, fixed: Costs) -> bool:
        """Return whether no weighted sum of the resources rules out every choice."""
        return self.least_share(fixed) <= 1 + 1e-9

    def least_share(self, fixed: Costs) -> float:
        """Return a lower bound of the largest share that any choice takes of a resource."""
        # A mean of shares, however weighted, is no larger than the largest.
        return float((self._least[1:] + self._trades[1:] @ _amounts(fixed)).max())

    def share(self, places: Sequence[int], fixed: Costs) -> Fraction:
        """Return the largest share of a resource that a choice takes."""
        return self.limits.share(self._total(places, fixed))

    def most_even(self, fixed: Costs) -> list[int]:
        """Return the places of a choice whose largest share of a resource is as small as can be."""
        if not self.parts:
            return []
        most = np.maximum(self.limits.most, 1)
        # In parts of the lower bound, so that the solver's tolerances are small beside it.
        unit = max(self.least_share(fixed), 1e-12) * most
        resources, one_each = self._program
        largest = np.ones((len(_RESOURCES), 1))
        shares = np.hstack([resources / unit[:, np.newaxis], -largest])
        count = resources.shape[1]
        result = solve(
            np.append(np.zeros(count), 1),
            integrality=np.append(np.ones(count), 0),
            bounds=Bounds(0, np.append(np.ones(count), np.inf)),
            constraints=[
                LinearConstraint(hstack([one_each, csr_array((len(self.parts), 1))]), 1, 1),
                LinearConstraint(shares, ub=-_amounts(fixed) / unit),
            ],
        )
        return self._places(result.x[:-1])

    def fitting(self, fixed: Costs) -> list[int] | None:
        """Return the place of an option of each part; None if no choice fits."""
        for trade in range(len(self._trades)):
            places = [int(best[trade]) for best in self._best]
            if self._fits(places, fixed):
                return places
        return self._by_program(fixed, np.zeros(3)) if self.may_fit(fixed) else None

    def cheapest(self, fixed: Costs) -> list[int] | None:
        """Return the places of the cheapest choice; None if none fits."""
        places = [int(best[0]) for best in self._best]
        if self._fits(places, fixed):
            return places
        return self._by_program(fixed, self._trades[0]) if self.may_fit(fixed) else None

    def cost(self, places: Sequence[int], fixed: Costs) -> int:
        """Return the cost of a choice."""
        return round(float(self._trades[0] @ self._total(places, fixed)))

    def shortage(self, fixed: Costs) -> tuple[str, int, int] | None:
        """Return what is short, how much of it is needed, and how much there is.

        The resource of which the smallest share is missing if only one is short; otherwise the one
        of which the largest share is missing even with plenty of the others. None if none is.
        """
        found = []
        for alone in (False, True):
            for place, (name, unit) in enumerate(_RESOURCES):
                kept = [other for other in range(len(_RESOURCES)) if other != place and not alone]
                weights = np.eye(len(_RESOURCES))[place]
                chosen = self._by_program(fixed, weights, kept)
                if chosen is not None:
                    needed = self._total(chosen, fixed)[place]
                    there = self.limits.most[place]
                    missing = (needed - there) / max(there, 1)
                    found.append((missing, name, -(-int(needed) // unit), there // unit))
            short = [each for each in found if each[0] > 0]
            if short:
                return (max if alone else min)(short)[1:]
        return None

    @cached_property
    def _program(self) -> tuple[Float64, csr_array]:
        """Resources of all options of all parts, and which are whose: one row for each part."""
        sizes = [len(part) for part in self.parts]
        rows, columns = np.repeat(np.arange(len(sizes)), sizes), np.arange(sum(sizes))
        one_each = csr_array((np.ones(sum(sizes)), (rows, columns)))
        return np.concatenate(self._columns, axis=1), one_each

    def _places(self, chosen: Float64) -> list[int]:
        """Return the place of the chosen option of each part."""
        ends = np.cumsum([len(part) for part in self.parts])
        return [int(values.argmax()) for values in np.split(chosen, ends[:-1])]

    def _total(self, places: Sequence[int], fixed: Costs) -> Float64:
        chosen = zip(self._columns, places, strict=True)
        return np.sum([columns[:, place] for columns, place in chosen], axis=0) + _amounts(fixed)

    def _fits(
        self,
        places: Sequence[int],
        fixed: Costs,
        limited: Sequence[int] = range(len(_RESOURCES)),
    ) -> bool:
        within = self._total(places, fixed) <= self.limits.most
        return bool(within[list(limited)].all())

    def _by_program(
        self,
        fixed: Costs,
        weights: Float64,
        limited: Sequence[int] = range(len(_RESOURCES)),
    ) -> list[int] | None:
        """Solve an integer linear program: one variable for each option of each part."""
        if not self.parts:
            places: list[int] = []
            return places if self._fits(places, fixed, limited) else None
        resources, one_each = self._program
        most = np.array(self.limits.most) - _amounts(fixed)
        result = solve(
            weights @ resources,
            integrality=np.ones(resources.shape[1]),
            bounds=Bounds(0, 1),
            constraints=[
                LinearConstraint(one_each, 1, 1),
                *(LinearConstraint(resources[place], ub=most[place]) for place in limited),
            ],
        )
        if result.x is None:
            return None
        places = self._places(result.x)
        return places if self._fits(places, fixed, limited) else None


def _amounts(costs: Costs) -> Float64:
    return np.array([costs.luts, costs.multipliers, costs.halves], dtype=float).reshape(3)

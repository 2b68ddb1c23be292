"""Fronts: the allocations that no other one beats in both cost and sensitivity."""

from collections.abc import Iterable, Iterator

import numpy as np

from bittrue.golden.quantize.allocation.ilp import least_cost, solve_ilp
from bittrue.golden.quantize.allocation.problem import Allocation, Problem


def pareto_front(allocations: Iterable[Allocation], cost: str) -> list[Allocation]:
    """Return the allocations that no other beats, by ascending cost.

    One beats another if neither cost nor sensitivity is higher, and one of them is lower.
    """
    ordered = sorted(allocations, key=lambda each: (each.costs[cost], each.sensitivity))
    front: list[Allocation] = []
    for each in ordered:
        if not front or each.sensitivity < front[-1].sensitivity:
            front.append(each)
    return front


def ilp_front(problem: Problem, cost: str, points: int = 16) -> Iterator[Allocation]:
    """Yield the best allocation for each of some budgets, evenly spaced as ratios.

    Parameters
    ----------
    problem : Problem
    cost : str
        Whose budget rises from the least to what the least sensitive allocation costs.
    points : int
        Budgets.
    """
    problem.check_budgets({cost: 1.0})
    low = least_cost(problem, cost)
    high = max(solve_ilp(problem, {}).costs[cost], low)
    for budget in np.geomspace(max(low, 1e-9), max(high, 1e-9), points):
        # Rounding of the budget must not exclude the allocation that it is the cost of.
        yield solve_ilp(problem, {cost: float(budget) * (1 + 1e-9)})

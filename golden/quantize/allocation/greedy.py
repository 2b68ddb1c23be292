"""Bits for every layer, lowered one step at a time where it harms least for what it saves."""

from collections.abc import Iterator, Mapping

from bittrue.golden.errors import UserError
from bittrue.golden.quantize.allocation.problem import Allocation, Bits, Option, Problem


def solve_greedy(problem: Problem, budgets: Mapping[str, float]) -> Allocation:
    """Return an allocation within budgets, not always the best.

    Parameters
    ----------
    problem : Problem
    budgets : mapping of str to float
        Largest sum of a cost, by its name.

    Raises
    ------
    UserError
        If a cost does not exist, or the steps end above a budget.
    """
    problem.check_budgets(budgets)
    current = most_bits(problem)
    while exceeded := [name for name, limit in budgets.items() if current.costs[name] > limit]:
        step = _best_step(problem, current, {name: budgets[name] for name in exceeded})
        if step is None:
            name = exceeded[0]
            raise UserError(
                f"lowering bits step by step ends at {current.costs[name]:,.6g} of {name}, above "
                f"the budget of {budgets[name]:,.6g}; use the integer linear program, or more of it"
            )
        current = step
    return current


def greedy_path(problem: Problem, cost: str) -> Iterator[Allocation]:
    """Yield every allocation from the least sensitive to the cheapest, each cheaper than before.

    Raises
    ------
    UserError
        If the cost does not exist.
    """
    problem.check_budgets({cost: 1.0})
    step: Allocation | None = most_bits(problem)
    while step is not None:
        yield step
        step = _best_step(problem, step, {cost: 1.0})


def most_bits(problem: Problem) -> Allocation:
    """Return the allocation with the most bits everywhere."""
    return problem.allocation(
        {
            layer: max(option.bits for option in options)
            for layer, options in problem.options.items()
        }
    )


def _best_step(
    problem: Problem, current: Allocation, scale: Mapping[str, float]
) -> Allocation | None:
    """Return the change with the least sensitivity for what it saves; None if none saves.

    Costs are compared relative to a scale. What makes nothing worse comes first, then the least
    added sensitivity for each unit of cost.
    """
    best: tuple[float, float] | None = None
    chosen = None
    for bits in _changes(problem, current):
        after = problem.allocation({**current.bits, **bits})
        saved = sum(
            (current.costs[name] - after.costs[name]) / limit for name, limit in scale.items()
        )
        if saved <= 0:
            continue
        added = after.sensitivity - current.sensitivity
        key = (added / saved, -saved) if added > 0 else (added, -saved)
        if best is None or key < best:
            best, chosen = key, after
    return chosen


def _changes(problem: Problem, current: Allocation) -> Iterator[dict[str, Bits]]:
    """Yield fewer bits for the weights of one layer, or for the codes that layers read together."""
    for readers in problem.readers:
        for layer in readers:
            weight, values = current.bits[layer]
            for option in problem.options[layer]:
                if option.bits[1] == values and option.bits[0] < weight:
                    yield {layer: option.bits}
        widths = {option.bits[1] for option in problem.options[readers[0]]}
        for width in sorted(widths):
            if width < current.bits[readers[0]][1]:
                changed = {layer: (current.bits[layer][0], width) for layer in readers}
                if all(_has(problem.options[layer], bits) for layer, bits in changed.items()):
                    yield changed


def _has(options: tuple[Option, ...], bits: Bits) -> bool:
    return any(option.bits == bits for option in options)

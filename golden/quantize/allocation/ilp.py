"""The best choice of bits within budgets, by integer linear programming.

Z. Yao et al., "HAWQ-V3: Dyadic Neural Network Quantization", ICML 2021.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.optimize import Bounds, LinearConstraint

from bittrue.golden.errors import UserError
from bittrue.golden.integer_programs import solve
from bittrue.golden.numbers.arrays import Float64
from bittrue.golden.quantize.allocation.problem import Allocation, Bits, Problem


def solve_ilp(problem: Problem, budgets: Mapping[str, float]) -> Allocation:
    """Return the allocation of least sensitivity within budgets.

        minimise  sum of sensitivity * x    with x of each option 0 or 1,
        one option for each layer, sum of cost * x <= budget for each budget,
        and the same input bits for all readers of one tensor

    Parameters
    ----------
    problem : Problem
    budgets : mapping of str to float
        Largest sum of a cost, by its name.

    Raises
    ------
    UserError
        If a cost does not exist, or no choice stays within the budgets; naming the least cost.
    """
    problem.check_budgets(budgets)
    solver = _Solver(problem)
    chosen = solver.minimise(solver.sensitivity, budgets)
    if chosen is None:
        least = {name: solver.least(name) for name in budgets}
        raise UserError(
            "no choice of bits stays within "
            + ", ".join(f"{name} of {limit:,.6g}" for name, limit in budgets.items())
            + "; the least is "
            + ", ".join(f"{value:,.6g} of {name}" for name, value in least.items())
            + (" (not all at once)" if len(budgets) > 1 else "")
        )
    return problem.allocation(chosen)


def least_cost(problem: Problem, cost: str) -> float:
    """Return the smallest possible sum of a cost."""
    return _Solver(problem).least(cost)


class _Solver:
    """A problem in the arrays of a linear program, one variable for each option of each layer."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._options = [
            (layer, option) for layer, options in problem.options.items() for option in options
        ]
        self.sensitivity = np.array([option.sensitivity for _, option in self._options])
        rows = [*self._one_option_each(), *self._common_input_bits()]
        self._equalities = LinearConstraint(
            np.array([row for row, _ in rows]), *([[value for _, value in rows]] * 2)
        )

    def minimise(self, objective: Float64, budgets: Mapping[str, float]) -> dict[str, Bits] | None:
        """Return the bits of each layer that minimise an objective; None if there are none."""
        constraints = [self._equalities]
        for name, limit in budgets.items():
            constraints.append(LinearConstraint(self._cost(name)[None] / limit, ub=1.0))
        result = solve(
            objective / (np.abs(objective).max() or 1.0),
            integrality=np.ones(len(objective)),
            bounds=Bounds(0, 1),
            constraints=constraints,
        )
        if result.x is None:
            return None
        chosen = np.flatnonzero(result.x > 0.5)
        return {self._options[index][0]: self._options[index][1].bits for index in chosen}

    def least(self, cost: str) -> float:
        """Return the smallest possible sum of a cost."""
        chosen = self.minimise(self._cost(cost), {})
        assert chosen is not None
        return self._problem.allocation(chosen).costs[cost]

    def _cost(self, name: str) -> Float64:
        return np.array([float(option.costs[name]) for _, option in self._options])

    def _one_option_each(self) -> Iterator[tuple[Float64, float]]:
        for chosen in self._problem.options:
            yield np.array([float(layer == chosen) for layer, _ in self._options]), 1.0

    def _common_input_bits(self) -> Iterator[tuple[Float64, float]]:
        widths = sorted({option.bits[1] for _, option in self._options})
        for first, *others in self._problem.readers:
            for other in others:
                for width in widths:
                    row = [
                        (float(layer == first) - float(layer == other)) * (option.bits[1] == width)
                        for layer, option in self._options
                    ]
                    yield np.array(row), 0.0

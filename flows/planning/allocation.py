"""Bits for every layer of a torch module, from sensitivities, costs and budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from bittrue.flows.arguments.sample_files import SampleFiles
from bittrue.flows.planning.cost_tables import hardware_costs
from bittrue.flows.planning.devices import Budget
from bittrue.flows.reports.progress import progress_bar
from bittrue.golden.errors import UserError
from bittrue.golden.graph.passes.domains import Partition, partition
from bittrue.golden.quantize import QuantizedNetwork, Scheme, quantize
from bittrue.golden.quantize.allocation import (
    Allocation,
    Candidates,
    CostTable,
    Problem,
    Sensitivity,
    bit_operations,
    greedy_path,
    hessian_sensitivity,
    ilp_front,
    most_bits,
    noise_sensitivity,
    pareto_front,
    problem_of,
    solve_greedy,
    solve_ilp,
    untrained,
    weight_bytes,
)
from bittrue.golden.quantize.allocation.measure import Point, measure

_HESSIAN_SAMPLES = 64
"""Samples of the Hessian's loss, which are held with all their gradients."""


@dataclass(frozen=True, eq=False)
class Request:
    """What bits are chosen for, and how.

    Parameters
    ----------
    module : Module
    calibration : SampleFiles
    labels : Tensor, optional
        Classes of the calibration samples, for the Hessian.
    scheme : Scheme
        All but the bits that are chosen, which are chosen without its training.
    weight_bits, activation_bits : sequence of int
        Candidates.
    budgets : sequence of str
        ``cost=number`` or ``cost=number%``.
    sensitivity : {"noise", "hessian"}
    solver : {"ilp", "greedy"}
    points : int
        Budgets of the front.
    test : SampleFiles
        What allocations are measured on.
    test_labels : Tensor, optional
    device : Budget, optional
        Whose resources are costs, too.
    cycles : int
        Between images, for the device.
    """

    module: nn.Module
    calibration: SampleFiles
    labels: Tensor | None
    scheme: Scheme
    weight_bits: Sequence[int]
    activation_bits: Sequence[int]
    budgets: Sequence[str]
    sensitivity: Literal["noise", "hessian"]
    solver: Literal["ilp", "greedy"]
    points: int
    test: SampleFiles
    test_labels: Tensor | None
    device: Budget | None
    cycles: int


@dataclass(frozen=True, eq=False)
class Result:
    """What was chosen.

    Parameters
    ----------
    scheme : Scheme
    chosen : Point
    front : tuple of Point
        By ascending cost.
    budgets : mapping of str to float
        The front is along the first one's cost.
    domains : Partition
        Of the network that is chosen.
    sensitivity : Sensitivity
    """

    scheme: Scheme
    chosen: Point
    front: tuple[Point, ...]
    budgets: Mapping[str, float]
    domains: Partition
    sensitivity: Sensitivity


def allocate(request: Request, console: Console) -> Result:
    """Choose bits, and measure the front of choices that the chosen one is part of.

    Raises
    ------
    UserError
        Naming the layer, option or budget and what is allowed.
    """
    with console.status("quantizing at every candidate width"):
        candidates = Candidates.of(
            request.module,
            request.calibration,
            untrained(request.scheme),
            request.weight_bits,
            request.activation_bits,
        )
    costs = _costs(request, candidates, console)
    sensitivity = _sensitivity(request, candidates, console)
    problem = problem_of(candidates, sensitivity, costs)
    budgets = parse_budgets(request.budgets, problem)
    with console.status("choosing bits"):
        allocation = (solve_ilp if request.solver == "ilp" else solve_greedy)(problem, budgets)
        front = _front(problem, next(iter(budgets)), request)
    points = tuple(
        Point(
            each,
            measure(_quantized(request, candidates, each), request.test, request.test_labels),
        )
        for each in track(front, "measuring the front", console=console, transient=True)
    )
    quantized = _quantized(request, candidates, allocation)
    return Result(
        candidates.scheme_of(allocation.bits, request.scheme),
        Point(allocation, measure(quantized, request.test, request.test_labels)),
        points,
        budgets,
        partition(quantized.graph),
        sensitivity,
    )


def parse_budgets(texts: Sequence[str], problem: Problem) -> dict[str, float]:
    """Return budgets by the name of their cost.

    Raises
    ------
    UserError
        If one is not ``cost=number``, or the cost does not exist.
    """
    most = most_bits(problem).costs
    budgets = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            value = float(number.removesuffix("%"))
        except ValueError:
            raise UserError(
                f"--budget is {text!r}; allowed: COST=NUMBER or COST=NUMBER%, where COST is one of "
                + ", ".join(problem.costs)
            ) from None
        problem.check_budgets({name: value})
        budgets[name] = most[name] * value / 100 if number.endswith("%") else value
    return budgets


def _costs(request: Request, candidates: Candidates, console: Console) -> dict[str, CostTable]:
    costs: dict[str, CostTable] = {
        "bit_operations": bit_operations(candidates.network, candidates.bits),
        "weight_bytes": weight_bytes(candidates.network, candidates.bits),
    }
    if request.device is None:
        return costs
    widths = [(a, b) for a in request.weight_bits for b in request.activation_bits]
    graphs = {
        pair: quantize(request.module, request.calibration, candidates.uniform(*pair)).graph
        for pair in track(widths, "estimating hardware", console=console, transient=True)
    }
    return costs | hardware_costs(graphs, request.device, request.cycles)


def _sensitivity(request: Request, candidates: Candidates, console: Console) -> Sensitivity:
    if request.sensitivity == "noise":
        with progress_bar(console, "quantizing one part at a time") as progress:
            return noise_sensitivity(candidates, request.calibration, progress)
    samples = request.calibration.between(0, _HESSIAN_SAMPLES)
    labels = None if request.labels is None else request.labels[:_HESSIAN_SAMPLES]
    with console.status("estimating the Hessian's traces"):
        return hessian_sensitivity(candidates, samples, labels)


def _front(problem: Problem, cost: str, request: Request) -> list[Allocation]:
    if request.solver == "ilp":
        return pareto_front(ilp_front(problem, cost, request.points), cost)
    path = pareto_front(greedy_path(problem, cost), cost)
    # As many of the steps as there are points, the first and the last among them.
    last = len(path) - 1
    chosen = {round(i * last / max(request.points - 1, 1)) for i in range(request.points)}
    return [path[index] for index in sorted(chosen)]


def _quantized(
    request: Request, candidates: Candidates, allocation: Allocation
) -> QuantizedNetwork:
    scheme = candidates.scheme_of(allocation.bits)
    return quantize(request.module, request.calibration, scheme)

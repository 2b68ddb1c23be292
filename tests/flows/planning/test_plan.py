"""Plans: what fits is found, what is slower costs no more, and the choice is the best there is."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from bittrue.flows.planning.devices import BUDGETS, FILL, Budget, Fill
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.planning.planned import Plan
from bittrue.flows.planning.selection import Limits, Options, Selection, pareto
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph import Graph, Tensor, Window
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.gather import Gather
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.costs.costs import Costs
from cocotb_tests.network.builder import INT8, Builder
from tests.support.finn_networks import cnv_1w1a
from tests.support.onnx_fixtures import random_network

ZYNQ = BUDGETS["zynq7020"]


@pytest.fixture(scope="module")
def cnv() -> Graph:
    return certify(convert_onnx(cnv_1w1a().SerializeToString()))


def amounts(plan: Plan) -> np.ndarray:
    """Return tables, multipliers and halves of block RAMs of a plan."""
    found = plan.resources
    return np.array([found.luts, found.multipliers, 2 * found.block_rams])


def rises(plans: Sequence[Plan], budget: Budget) -> list[tuple[int, int]]:
    """Return pairs of plans of which the later takes more of what is scarcest in the earlier."""
    most = np.array([budget.luts, budget.multipliers, 2 * budget.block_rams])
    scarcest = [int((amounts(plan) / most).argmax()) for plan in plans]
    return [
        (tight, loose)
        for loose, plan in enumerate(plans)
        for tight in range(loose)
        if amounts(plan)[scarcest[tight]] > amounts(plans[tight])[scarcest[tight]]
    ]


def test_cnv_fits_as_fast_as_finn_builds_it(cnv: Graph) -> None:
    plan = plan_network(cnv, ZYNQ, 8192)
    assert plan.cycles <= 8192
    assert plan.resources.fits(ZYNQ)


def test_cnv_fits_when_nothing_is_asked(cnv: Graph) -> None:
    plan = plan_network(cnv, ZYNQ)
    assert plan.cycles <= 8192
    assert plan.resources.fits(ZYNQ)
    with pytest.raises(UserError, match=f"it has enough for {plan.cycles} cycles"):
        plan_network(cnv, ZYNQ, plan.cycles - 1)


@pytest.mark.parametrize(
    ("seed", "device"),
    [
        pytest.param(None, "zynq7020", marks=pytest.mark.regress),
        (1, "zynq7010"),
        pytest.param(None, "ecp5-85f", marks=pytest.mark.regress),
        pytest.param(2, "zynq7010", marks=pytest.mark.regress),
    ],
)
def test_slower_plans_never_take_more_of_what_is_scarcest(
    cnv: Graph, seed: int | None, device: str
) -> None:
    graph = cnv
    if seed is not None:
        graph = certify(convert_onnx(random_network(seed).SerializeToString()))
    budget = FILL.of(BUDGETS[device])
    rates = [round(8192 * 1.4**step) for step in range(8)] + [1 << 24]
    plans = [plan_network(graph, BUDGETS[device], cycles) for cycles in rates]
    assert all(plan.resources.fits(budget) for plan in plans)
    assert rises(plans, budget) == []
    assert rises(plans[::-1], budget)


@pytest.mark.parametrize("luts", [1413, 2421])
def test_fifos_that_turn_out_too_deep_leave_a_slower_plan(luts: int) -> None:
    """What FIFOs take is known once there is a plan: the fastest that seemed to fit does not."""
    b = Builder((10, 16, 8))
    rows = b.add(Gather(inputs=("x",), output="rows", axis=0, indices=(0, 2, 4, 4, 8)))
    shape, window = (8, 1, 1, 1), Window((1, 1))
    graph = b.graph(b.matrix(Convolution, rows, shape, INT8, INT8, window=window, groups=8))
    budget = replace(ZYNQ, luts=luts, multipliers=24, block_rams=10)
    plan = plan_network(graph, budget, fill=Fill(100))
    assert plan.resources.fits(budget)
    with pytest.raises(UserError, match=f"it has enough for {plan.cycles} cycles"):
        plan_network(graph, budget, plan.cycles - 1, fill=Fill(100))


def random_options(generator: np.random.Generator, count: int) -> Options:
    columns = generator.integers(0, 12, (3, count))
    return Options(*columns.astype(np.int64))


@pytest.mark.parametrize("seed", range(40))
def test_the_unbeaten_are_those_that_no_other_equals_or_beats(seed: int) -> None:
    options = random_options(np.random.default_rng(seed), 30)
    points = list(zip(*(column.tolist() for column in options.columns), strict=True))
    expected = {
        point
        for point in points
        if not any(
            other != point and all(a <= b for a, b in zip(other, point, strict=True))
            for other in points
        )
    }
    kept = [points[place] for place in pareto(options)]
    assert set(kept) == expected
    assert len(kept) == len(expected)


@pytest.mark.parametrize("seed", range(40))
def test_the_choice_is_the_cheapest_of_all_that_fit(seed: int) -> None:
    generator = np.random.default_rng(seed)
    parts = [random_options(generator, 5) for _ in range(4)]
    lut, dsp, ram = (int(limit) for limit in generator.integers(8, 30, 3))
    limits = Limits(lut, dsp, ram, worth=(1, 3, 2))
    fixed = Costs(2, 1, 3)
    columns = [np.stack(part.columns) for part in parts]
    totals = {
        places: np.array([2, 1, 3]) + sum(c[:, i] for c, i in zip(columns, places, strict=True))
        for places in product(range(5), repeat=4)
    }
    costs = [int(total @ limits.worth) for total in totals.values() if (total <= limits.most).all()]
    selection = Selection(parts, limits)
    even = totals[tuple(selection.most_even(fixed))]
    shares = [
        max(Fraction(int(a), b) for a, b in zip(each, limits.most, strict=True))
        for each in (even, *totals.values())
    ]
    assert shares[0] == min(shares)
    cheapest, fitting = selection.cheapest(fixed), selection.fitting(fixed)
    if not costs:
        assert cheapest is None
        assert fitting is None
        return
    assert cheapest is not None
    assert fitting is not None
    assert (totals[tuple(fitting)] <= limits.most).all()
    assert (totals[tuple(cheapest)] <= limits.most).all()
    assert selection.cost(cheapest, fixed) == min(costs)


def test_a_network_without_a_matrix_layer_takes_a_cycle_for_each_element() -> None:
    x = Tensor.of_type("x", (3, 5), IntegerType(8, True))
    clamp = Clamp(inputs=("x",), output="y", minimum=-3, maximum=40)
    plan = plan_network(Graph((x,), (clamp,), ("y",)), BUDGETS["zynq7010"], None)
    assert plan.cycles == 15

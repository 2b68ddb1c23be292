"""The table of devices, what else a budget can be, and plans for either."""

import pytest

import bittrue
from bittrue.cli import main
from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.packages.boards import BOARDS
from bittrue.flows.planning.devices import BUDGETS, SUGGESTED, Part, find_budget, parse_budget
from bittrue.golden.errors import UserError
from tests.support.graphs import dense

SERIES_7 = [name for name, budget in BUDGETS.items() if budget.fabric.family == "xc7"]


def test_every_device_is_one_of_its_own() -> None:
    assert len(BUDGETS) > 70
    summaries = [budget.summary for budget in BUDGETS.values()]
    assert len(set(summaries)) == len(summaries)
    parts = [(budget.part, budget.fabric.family) for budget in BUDGETS.values()]
    assert len(set(parts)) == len(parts)
    assert set(SUGGESTED) <= set(BUDGETS)


@pytest.mark.parametrize("name", SERIES_7)
def test_no_device_of_series_7_is_out_of_proportion(name: str) -> None:
    """What a slipped digit or two numbers of each other's place would be."""
    budget = find_budget(name)
    assert 1 / 500 < budget.multipliers / budget.luts < 1 / 120
    assert 1 / 900 < budget.block_rams / budget.luts < 1 / 240
    assert 1 < budget.multipliers / budget.block_rams < 3


def test_boards_have_parts_of_the_table() -> None:
    for board in BOARDS.values():
        budget = find_budget(board.device)
        made = {
            Part(budget, package, speed).vivado
            for package in budget.packages
            for speed in budget.speeds
        }
        assert board.part in made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lut=20000,dsp=40,bram=30", {"luts": 20_000, "multipliers": 40, "block_rams": 30}),
        (" dsp = 0 ", {"multipliers": 0}),
    ],
)
def test_a_budget_is_numbers(text: str, expected: dict[str, int]) -> None:
    assert parse_budget(text) == expected


@pytest.mark.parametrize("text", ["", "lut", "lut=", "lut=-1", "lut=1,lut=2", "ff=1", "lut=²", "1"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"budget is .*; allowed: lut=N,dsp=N,bram=N"):
        parse_budget(text)


def test_a_plan_keeps_to_a_budget() -> None:
    graph = dense(64, 32)
    whole = bittrue.plan(graph, "zynq7020")
    some = bittrue.Device("", budget="lut=4000,dsp=6,bram=2")
    less = bittrue.plan(graph, some)
    assert less.cycles > whole.cycles
    assert less.luts <= 4000
    assert less.multipliers <= 6
    assert less.block_rams <= 2
    few = bittrue.plan(graph, bittrue.Device("zynq7020", budget="dsp=3"))
    assert few.multipliers <= 3
    with pytest.raises(UserError, match=r"it has to be lut=N,dsp=N,bram=N"):
        bittrue.Device("", budget="lut=4000")


@pytest.mark.parametrize("name", ["k26", "lifcl-40", "gw2a-18", "5csea6", "t120", "mpf300"])
def test_a_plan_is_made_for_every_kind_of_device(name: str) -> None:
    plan = bittrue.plan(dense(64, 32), name, cycles=64)
    assert plan.cycles <= 64


def test_a_latency_is_kept_by_the_slowest_plan_that_does() -> None:
    graph = dense(64, 32)

    def latency(plan: bittrue.Plan) -> int:
        return Accelerator("net", plan.circuits, plan.shell).estimated_latency

    quick, slow = (bittrue.plan(graph, "zynq7020", latency=cycles) for cycles in (150, 1500))
    assert latency(quick) <= 150
    assert latency(slow) <= 1500
    assert slow.cycles > quick.cycles
    assert slow.luts < quick.luts
    with pytest.raises(UserError, match=r"latency is 10 cycles; the fastest plan that fits takes"):
        bittrue.plan(graph, "zynq7020", latency=10)


def test_the_command_lists_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    said = capsys.readouterr().out
    assert "zynq7020" in said
    assert "53,200" in said
    assert len(said.splitlines()) >= len(BUDGETS)

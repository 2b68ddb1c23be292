"""What multiplies is what is cheapest, or what somebody has chosen."""

from dataclasses import replace
from typing import Any

import pytest

from bittrue.flows.planning.circuits import Circuits
from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.planning.planned import PlannedLayer
from bittrue.flows.planning.planner import Planner
from bittrue.flows.units.matrix_layers import example_matrix_graph
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.multipliers.catalogue import find_multiplier

NETWORKS = {
    "ternary": ((-1, 0, 1), "int8"),
    "power_of_two": ((-128, -64, 64), "int8"),
    "codebook": ((-107, 93), "uint3"),
    "lut": (tuple(range(-4, 4)), "int4"),
    "xnor": ((-1, 1), "uint1"),
}
"""Weights and inputs of which each kind is the cheapest where hardware multipliers are too few."""


def network(kind: str, **other: Any) -> Graph:
    """Return a dense layer with 64 inputs and 32 outputs."""
    values, code = other.get("values", NETWORKS[kind][0]), other.get("code", NETWORKS[kind][1])
    bipolar = kind == "xnor"
    return example_matrix_graph(
        FullyConnected,
        (64,),
        (32, 64),
        code=IntegerType.parse(code),
        weights=IntegerType(1, False) if bipolar else IntegerType(8, True),
        values=() if bipolar else values,
        zero_point=0,
        bipolar=bipolar,
        output=IntegerType(8, True),
    )


def planned(graph: Graph, cycles: int = 8, **options: object) -> PlannedLayer:
    plan = plan_network(graph, find_budget("zynq7010"), cycles, **options)  # type: ignore[arg-type]
    (layer,) = plan.layers
    return layer


def chosen(graph: Graph, **options: object) -> str:
    folding = planned(graph, **options).folding  # type: ignore[arg-type]
    assert folding is not None
    return folding.multiplier.name


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_cheapest_kind_is_chosen(kind: str) -> None:
    assert chosen(network(kind)) == kind


@pytest.mark.parametrize("kind", ["codebook", "lut"])
def test_a_kind_can_be_chosen_by_name(kind: str) -> None:
    assert chosen(network("ternary"), multipliers={"y": find_multiplier(kind)}) == kind


@pytest.mark.parametrize(("kind", "passes"), [("shiftadd", 1), ("systolic", 1), ("bitserial", 16)])
def test_what_is_never_cheapest_is_there_by_name(kind: str, passes: int) -> None:
    """Four bits of weights and of inputs are sixteen pairs of planes."""
    graph = network("lut", values=(-8, 7), code="uint4")
    layer = planned(graph, 240, multipliers={"y": find_multiplier(kind)})
    folding = layer.folding
    assert folding is not None
    assert folding.multiplier.name == kind
    frames, beats = -(-32 // folding.outputs), -(-64 // folding.simd)
    assert layer.passes == passes
    assert layer.cycles == max(frames * beats * passes, 64) <= 240
    whole = 64 * 32 * passes
    assert layer.utilisation(240) == pytest.approx(whole / (240 * folding.outputs * folding.simd))
    assert (layer.resources.multipliers >= folding.outputs * folding.simd) == (kind == "systolic")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("z", "lut", "no layer with weights is named 'z'; there are y"),
        ("y", "xnor", "layer 0, fully_connected 'y': the input is uint3; XNOR and popcount take"),
        ("y", "power_of_two", "layer 0, fully_connected 'y': a weight is 107; allowed: powers"),
    ],
)
def test_a_kind_that_does_not_suit_is_refused(name: str, kind: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        chosen(network("codebook"), multipliers={name: find_multiplier(kind)})


def test_no_such_kind() -> None:
    with pytest.raises(UserError, match="no multiplier is named 'cheap'; choose one of dsp, "):
        find_multiplier("cheap")


@pytest.mark.parametrize("cycles", [8, 128, 1024])
@pytest.mark.parametrize("kind", NETWORKS)
def test_what_is_planned_is_what_the_layer_says(kind: str, cycles: int) -> None:
    """Counted bits have another bias than sums of products, and so other ROMs."""
    budget = find_budget("zynq7010")
    plan = plan_network(network(kind), budget, cycles)
    ((layer,), (spec,)) = plan.layers, plan.spec.layers.values()
    said = spec.costs(budget.fabric)
    assert layer.resources.multipliers == said.multipliers
    assert round(2 * layer.resources.block_rams) == said.halves
    assert layer.resources.luts == said.luts


def test_a_network_fits_a_device_without_multipliers() -> None:
    """Requantizers multiply in logic where hardware multipliers are too few for them."""
    none_left = replace(find_budget("zynq7010"), multipliers=0)
    graph = network("lut")
    plan = plan_network(graph, none_left, 512)
    assert plan.resources.multipliers == 0
    assert [layer.folding.scales_in_logic for layer in plan.layers if layer.folding] == [True]
    (layer,) = plan.spec.layers.values()
    assert layer.costs(none_left.fabric).multipliers == 0


def test_requantizers_take_multipliers_where_there_are_some() -> None:
    """Negative control: with as many as they need, and without products in logic."""
    plan = plan_network(network("lut"), find_budget("zynq7010"), 512)
    assert plan.resources.multipliers > 0
    assert [layer.folding.scales_in_logic for layer in plan.layers if layer.folding] == [False]
    circuits = Circuits(network("lut"), find_budget("zynq7010").fabric, shell="stream")
    assert not Planner(circuits, replace(find_budget("zynq7010"), multipliers=0)).fits()

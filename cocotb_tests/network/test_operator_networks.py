"""Each operator within a small network: the Verilog of its default plan equals golden, on time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bittrue
from bittrue.building import random_images
from bittrue.flows.arguments.code_files import in_model_layout
from bittrue.golden.graph import Graph
from bittrue.golden.graph.constant import Constant
from cocotb_tests.network.operator_networks import NAMES, network

IMAGES = 4


def simulated(
    plan: bittrue.Plan, simulator: str, builds: Path, stall: int = 0
) -> bittrue.Simulation:
    codes = random_images(plan.graph, IMAGES, seed=1)
    given = {name: in_model_layout(plan.graph, name, each) for name, each in codes.items()}
    return bittrue.simulate(plan, given, simulator, stall, builds=builds)


@pytest.mark.regress
@pytest.mark.parametrize("name", NAMES)
def test_equal_golden_as_often_as_planned(name: str, any_simulator: str, builds: Path) -> None:
    plan = bittrue.plan(network(name), "zynq7020")
    result = simulated(plan, any_simulator, builds)
    assert result.passed, result.first_difference
    assert result.verdict.compared == IMAGES * sum(
        plan.graph.tensors[output].elements for output in plan.graph.outputs
    )
    assert result.pace is not None
    assert (result.pace.intervals == plan.cycles).all()


@pytest.mark.parametrize("name", ["class token", "multi-threshold"])
def test_equal_golden_however_streams_pause(name: str, any_simulator: str, builds: Path) -> None:
    plan = bittrue.plan(network(name), "zynq7020", cycles=64)
    assert simulated(plan, any_simulator, builds, stall=100).passed


def test_a_wrong_row_is_noticed(any_simulator: str, builds: Path) -> None:
    """Negative control: golden has another token than the circuit."""
    graph = network("class token")
    plan = bittrue.plan(graph, "zynq7020", cycles=64)
    assert not simulated(replace(plan, graph=_other_token(graph)), any_simulator, builds).passed


def _other_token(graph: Graph) -> Graph:
    nodes = [
        replace(node, values=np.where(node.values > 0, node.values - 1, node.values + 1))
        if isinstance(node, Constant) else node
        for node in graph.nodes
    ]  # fmt: skip
    return replace(graph, nodes=tuple(nodes))

"""Nodes that nobody reads are gone from circuits, and everything else is as it was."""

import numpy as np
import pytest

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, Node, Tensor
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.lowering.needed_nodes import needed_nodes
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.network.spec import NetworkSpec


def clamp(source: str, output: str, top: int) -> Node:
    return Clamp(inputs=(source,), output=output, minimum=0, maximum=top)


def forked() -> Graph:
    """Return a branch of two nodes that leads nowhere, beside one that leads out."""
    nodes = (clamp("x", "a", 9), clamp("a", "b", 5), clamp("b", "c", 3), clamp("a", "y", 7))
    return Graph((Tensor.of_type("x", (4,), IntegerType(8, True)),), nodes, ("y",))


def test_what_leads_nowhere_is_gone() -> None:
    kept = needed_nodes(forked())
    assert [node.output for node in kept.nodes] == ["a", "y"]
    codes = np.arange(-128, 128).reshape(-1, 4)
    np.testing.assert_array_equal(Executor(kept).run(codes)["y"], np.clip(codes, 0, 7))
    assert needed_nodes(kept) is kept


def test_a_plan_has_no_circuit_of_it() -> None:
    plan = plan_network(forked(), find_budget("zynq7020"))
    assert set(plan.spec.layers) == {"a", "y"}


def test_a_circuit_with_a_stream_that_nobody_takes_is_refused() -> None:
    with pytest.raises(UserError, match="nothing reads 'c', whose stream would wait for ever"):
        NetworkSpec(forked())

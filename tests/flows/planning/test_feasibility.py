"""What is said to stand in the way does, and nothing else: plans are made, or refused."""

from dataclasses import dataclass

import pytest

from bittrue.flows.planning.devices import SUGGESTED, Fill, find_budget
from bittrue.flows.planning.feasibility import circuit_obstacles, holding_devices
from bittrue.flows.planning.plan import plan_network
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph, Node, Tensor
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.node import Inference
from bittrue.golden.numbers.integer_type import IntegerType
from tests.support.graphs import dense

INT8 = IntegerType(8, True)


@dataclass(frozen=True, eq=False, kw_only=True)
class Unbuilt(Node, abstract=True):
    """An operator that nobody has built."""

    def infer(self, *inputs: Tensor) -> Inference:
        """Return the input's codes."""
        (tensor,) = inputs
        return Inference(Tensor.of_type(self.output, tensor.shape, tensor.type))


def test_every_layer_without_a_circuit_is_told() -> None:
    nodes = (
        Unbuilt(inputs=("x",), output="a"),
        Clamp(inputs=("a",), output="b", minimum=0, maximum=9),
        Unbuilt(inputs=("b",), output="c"),
    )
    graph = Graph((Tensor.of_type("x", (4,), INT8),), nodes, ("c",))
    first, second = circuit_obstacles(graph)
    assert first.startswith("layer 0, unbuilt 'a': there is no circuit for this operator")
    assert second.startswith("layer 2, unbuilt 'c': there is no circuit for this operator")


@pytest.mark.parametrize("shape", [(16, 8), (512, 768)])
def test_a_device_holds_a_network_where_there_is_a_plan(shape: tuple[int, int]) -> None:
    graph = dense(*shape)
    assert circuit_obstacles(graph) == ()
    held = holding_devices(graph)
    for name in SUGGESTED:
        if name in held:
            assert plan_network(graph, find_budget(name)).resources
        else:
            with pytest.raises(UserError, match="does not fit"):
                plan_network(graph, find_budget(name))


def test_less_of_a_device_holds_less() -> None:
    """Negative control: some devices hold it, some do not, and none does by a hundredth."""
    graph = dense(512, 768)
    assert 0 < len(holding_devices(graph)) < len(SUGGESTED)
    assert holding_devices(graph, Fill(1, 1, 1)) == ()

"""Every operator has a layer, or is a wire; planning asks layers without building them."""

from dataclasses import dataclass

import numpy as np
import pytest
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring

from bittrue.flows.planning.devices import find_budget
from bittrue.flows.planning.plan import plan_network
from bittrue.flows.units.matrix_layers import example_matrix_graph
from bittrue.golden.errors import UserError
from bittrue.golden.graph import OPERATORS, Graph, Node, Tensor
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.node import Inference
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.registry import import_modules
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.registry import LAYERS, WIRES, is_wire, layer_spec, makes_layers_of

INT8 = IntegerType(8, True)
TENSOR = Tensor.of_type("x", (4,), INT8)


def test_every_operator_is_a_layer_or_a_wire() -> None:
    import_modules("bittrue.hdl.layers")
    assert set(OPERATORS.values()) == set(LAYERS) | WIRES
    assert not set(LAYERS) & WIRES


def test_an_operator_has_one_circuit() -> None:
    import_modules("bittrue.hdl.layers")
    with pytest.raises(TypeError, match="clamp has a circuit already"):
        makes_layers_of(Clamp)(LAYERS[Clamp])


def test_an_operator_without_a_circuit_is_refused() -> None:
    @dataclass(frozen=True, eq=False, kw_only=True)
    class Unbuilt(Node, abstract=True):
        """An operator that nobody has built."""

        def infer(self, *inputs: Tensor) -> Inference:
            return Inference(inputs[0])

    node = Unbuilt(inputs=("x",), output="y")
    with pytest.raises(UserError, match="there is no circuit for this operator; there are for Add"):
        layer_spec(node, Place((TENSOR,), (1,), 1))


def test_new_shapes_are_wires() -> None:
    assert is_wire(Reshape(inputs=("x",), output="y", shape=(2, 2)))
    assert not is_wire(Clamp(inputs=("x",), output="y", minimum=0, maximum=9))


def dense() -> Graph:
    return example_matrix_graph(
        FullyConnected,
        (16,),
        (8, 16),
        code=INT8,
        weights=INT8,
        values=(),
        zero_point=0,
        bipolar=False,
        output=INT8,
    )


def test_planning_builds_no_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = dense()

    def refuse(self: wiring.Component, *args: object) -> None:
        raise AssertionError("a circuit is built")

    monkeypatch.setattr(wiring.Component, "__init__", refuse)
    plan = plan_network(graph, find_budget("zynq7020"), 32)
    assert plan.cycles <= 32
    (layer,) = plan.spec.layers.values()
    # Negative control: a circuit that is built is noticed.
    with pytest.raises(AssertionError, match="a circuit is built"):
        layer.build("layer")


def test_a_layer_says_what_its_circuit_is() -> None:
    (layer,) = plan_network(dense(), find_budget("zynq7020"), 32).spec.layers.values()
    circuit = layer.build("layer")
    assert isinstance(circuit, Elaboratable)
    assert set(circuit.signature.members) == {"i", "o"}
    assert len(circuit.i.payload) == layer.input_lanes[0]
    assert len(circuit.o.payload) == layer.output_lanes
    assert (layer.inputs_needed(np.arange(8))[0] == 16).all()

"""The mixed-precision digits network: integers against the network it was trained as."""

import pytest

from bittrue.golden.digits.data import load
from bittrue.golden.digits.mixed import mixed_digits_graph, train_mixed_digits
from bittrue.golden.digits.settings import Training
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.quantize import QuantizedNetwork
from bittrue.golden.quantize.agreement import compare_layers

QUICK = Training(epochs=2)


@pytest.fixture(scope="module")
def digits() -> QuantizedNetwork:
    return train_mixed_digits(QUICK)


def test_every_layer_has_the_widths_it_says(digits: QuantizedNetwork) -> None:
    tensors = digits.graph.tensors
    names = ["conv1", "conv2", "conv3", "dense1", "dense2"]
    widths = [str(tensors[name].type) for name in names]
    assert widths == ["uint4", "uint4", "uint1", "uint8", "int8"]
    kinds = [str(node.weight_type) for node in digits.graph.nodes if hasattr(node, "weight_type")]
    assert kinds == ["int8", "int4", "int2", "uint1", "int8"]


def test_every_layer_computes_the_codes_that_the_trained_network_means(
    digits: QuantizedNetwork,
) -> None:
    _, test = load()
    layers = list(compare_layers(digits.fake, digits.graph, test.images))
    assert {layer.layer: layer.differing for layer in layers} == {
        "conv1": 0,
        "conv2": 0,
        "conv3": 0,
        "flatten": 0,
        "dense1": 0,
        "dense2": 0,
    }


def test_what_is_shipped_is_the_same_network_trained_in_full(digits: QuantizedNetwork) -> None:
    """Its accuracy, computed in integers, is that of the file: 355 of 360 on every machine."""
    graph = mixed_digits_graph()
    assert [node.output for node in graph.nodes] == [node.output for node in digits.graph.nodes]
    types = {name: tensor.type for name, tensor in digits.graph.tensors.items()}
    assert {name: tensor.type for name, tensor in graph.tensors.items()} == types
    _, test = load()
    scores = Executor(graph).run(to_codes(graph, test.images))[graph.outputs[0]]
    assert int((scores.argmax(axis=1) == test.labels.numpy()).sum()) == 355

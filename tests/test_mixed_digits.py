"""The mixed-precision digits network: integers against the network it was trained as."""

from pathlib import Path

import pytest

from golden.digits.data import load
from golden.digits.mixed import mixed_digits_graph, train_mixed_digits
from golden.digits.settings import Training
from golden.quantize import QuantizedNetwork
from golden.quantize.agreement import compare_layers

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


def test_the_file_is_made_once_and_belongs_to_its_settings(tmp_path: Path) -> None:
    first = mixed_digits_graph(tmp_path, QUICK)
    (path,) = tmp_path.iterdir()
    written = path.stat().st_mtime_ns
    again = mixed_digits_graph(tmp_path, QUICK)
    assert path.stat().st_mtime_ns == written
    assert [node.output for node in again.nodes] == [node.output for node in first.nodes]
    mixed_digits_graph(tmp_path, Training(epochs=1))
    assert len(list(tmp_path.iterdir())) == 2

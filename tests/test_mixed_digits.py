"""The mixed-precision digits network: integers against the network it was trained as."""

import copy

import pytest
import torch

from golden.digits.data import load
from golden.digits.mixed import MixedDigits, mixed_codes, train_mixed_digits
from golden.digits.mixed_network import (
    EIGHT_BIT_STEP,
    FOUR_BIT_STEP,
    INPUT_STEP,
    signed,
    stepped,
    through,
)
from golden.digits.settings import Training
from golden.execute import Executor


@pytest.fixture(scope="module")
def digits() -> MixedDigits:
    return train_mixed_digits(Training(epochs=2))


def test_every_layer_has_the_widths_it_says(digits: MixedDigits) -> None:
    tensors = digits.graph.tensors
    widths = [str(tensors[f"layer{n}"].type) for n in range(1, 6)]
    assert widths == ["uint4", "uint4", "uint1", "uint8", "int8"]
    kinds = [str(node.weight_type) for node in digits.graph.nodes if hasattr(node, "weight_type")]
    assert kinds == ["int8", "int4", "int2", "uint1", "int8"]


def test_every_layer_computes_the_codes_that_the_trained_network_means(
    digits: MixedDigits,
) -> None:
    _, test = load()
    images = test.images
    network = copy.deepcopy(digits.network).double()
    codes = mixed_codes(images)
    names = [f"layer{n}" for n in range(1, 6)]
    got = Executor(digits.graph).run(codes, names)
    with torch.no_grad():
        x = stepped(images.double(), INPUT_STEP, 255)
        x = stepped(
            network.norm1(network.conv1._conv_forward(x, through(network.conv1.weight, 8), None)),
            FOUR_BIT_STEP,
            15,
        )
        one = torch.round(x / FOUR_BIT_STEP).permute(0, 2, 3, 1)
        x = stepped(
            network.norm2(network.conv2._conv_forward(x, through(network.conv2.weight, 4), None)),
            FOUR_BIT_STEP,
            15,
        )
        two = torch.round(x / FOUR_BIT_STEP).permute(0, 2, 3, 1)
        x = signed(
            network.norm3(network.conv3._conv_forward(x, through(network.conv3.weight, 2), None))
        ).permute(0, 2, 3, 1)
        three = (x + 1) / 2
        x = stepped(
            network.norm4(torch.nn.functional.linear(x.flatten(1), signed(network.dense1.weight))),
            EIGHT_BIT_STEP,
            255,
        )
        four = torch.round(x / EIGHT_BIT_STEP)
        scores = torch.nn.functional.linear(x, through(network.dense2.weight, 8))
    for name, expected in zip(names, (one, two, three, four), strict=False):
        assert (got[name] == expected.numpy()).all(), name
    assert (got["layer5"].argmax(axis=1) == scores.argmax(dim=1).numpy()).mean() > 0.95

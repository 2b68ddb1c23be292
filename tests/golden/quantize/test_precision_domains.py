"""Networks of several precisions: conversions, their count, and exactness of every layer."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Certified, FixedPoint
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.quantize import (
    ActivationScheme,
    LayerScheme,
    QuantizedNetwork,
    Scheme,
    quantize,
)
from bittrue.golden.quantize.agreement import compare_layers


class Join(nn.Module):
    """Two branches of one input, joined."""

    def __init__(self, join: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 3, padding=1)
        self.join = join
        self.after = nn.Conv2d(8 if join is concatenate else 4, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.join(self.first(x).relu(), self.second(x)))


def concatenate(one: Tensor, other: Tensor) -> Tensor:
    return torch.cat([one, other], dim=1)


def of_bits(**bits: int) -> Scheme:
    """Return a scheme with widths of some layers' results."""
    layers = {name: LayerScheme(activation={"bits": width}) for name, width in bits.items()}
    return Scheme(layers=layers)


def samples(count: int = 64) -> Tensor:
    return torch.randn(count, 3, 6, 6, generator=torch.Generator().manual_seed(3))


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return make().eval()


def differing(network: QuantizedNetwork, inputs: Tensor) -> int:
    return sum(each.differing for each in compare_layers(network.fake, network.graph, inputs))


def widths(network: QuantizedNetwork) -> dict[str, int]:
    return {name: tensor.type.width for name, tensor in network.graph.tensors.items()}


def test_concatenation_of_one_precision_needs_no_conversion() -> None:
    network = quantize(seeded(lambda: Join(concatenate)), samples(), of_bits(first=4, second=4))
    assert network.precision.conversions == ()
    assert [widths(network)[name] for name in ("first", "second", "cat")] == [4, 4, 4]
    scales = {network.graph.quantization[name].scale for name in ("first", "second", "cat")}
    assert len(scales) == 1


@pytest.mark.parametrize(
    ("bits", "converted", "result"),
    [
        ({"first": 4, "second": 6}, ["cat.joined0"], 6),
        ({"first": 6, "second": 4}, ["cat.joined1"], 6),
        ({"first": 4, "second": 6, "cat": 3}, ["cat.joined0", "cat.joined1"], 3),
        ({"first": 4, "cat": 8}, ["cat.joined0"], 8),
        ({"first": 4}, [], 4),
    ],
)
def test_concatenation_converts_inputs_of_another_precision(
    bits: dict[str, int], converted: list[str], result: int
) -> None:
    network = quantize(seeded(lambda: Join(concatenate)), samples(), of_bits(**bits))
    assert [layer.output for layer in network.precision.conversions] == converted
    nodes = [node for node in network.graph.nodes if isinstance(node, Requantize)]
    assert [node.output for node in nodes] == converted
    assert widths(network)["cat"] == result
    for name, width in bits.items():
        assert widths(network)[name] == width
    assert differing(network, samples()) == 0


def test_inputs_of_the_network_keep_their_own_precision_in_a_concatenation() -> None:
    class Skip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, padding=1)
            self.after = nn.Conv2d(7, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.after(torch.cat([x, self.conv(x)], dim=1))

    network = quantize(seeded(Skip), samples(), of_bits(conv=4))
    assert [layer.output for layer in network.precision.conversions] == ["cat.joined1"]
    assert widths(network)["x"] == 8
    assert differing(network, samples()) == 0


OPERATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda x: x.mean((2, 3)),
    "sum pool": lambda x: nn.functional.avg_pool2d(x, 3, 1, 1),
    "square": lambda x: x * x.relu(),
    "table": torch.sigmoid,
    "difference": lambda x: x - 0.3 * x.relu(),
}


@pytest.mark.parametrize("type_", ["asymmetric", "symmetric", "power_of_two"])
@pytest.mark.parametrize("bits", [2, 8])
def test_every_layer_equals_its_fake_quantization(bits: int, type_: str) -> None:
    class Everything(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3, padding=1)
            self.second = nn.Conv2d(6, 6, 3, padding=1)

        def forward(self, x: Tensor) -> tuple[Tensor, ...]:
            y = self.conv(x).relu()
            y = y + self.second(y)
            return tuple(operation(y) for operation in OPERATIONS.values())

    values = ActivationScheme(bits=bits, type=type_)
    scheme = Scheme(
        activation=values,
        input=values,
        output=values,
        layers={"second": LayerScheme(input={"bits": 5}, activation={"bits": 7})},
    )
    network = quantize(seeded(Everything), samples(64), scheme)
    assert {name: width for name, width in widths(network).items() if name in ("x", "second")} == {
        "x": bits,
        "second": 7,
    }
    compared = list(compare_layers(network.fake, network.graph, samples(64)))
    assert len(compared) == len(network.graph.nodes)
    assert {each.layer for each in compared if each.differing} == set()


def test_a_rounding_that_is_not_exact_is_noticed() -> None:
    """Negative control: multipliers and roundings of a runtime do differ in places."""

    class Pooled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.avg_pool2d(x, 2)

    scheme = Scheme(
        input=ActivationScheme(type="power_of_two"), output=ActivationScheme(type="power_of_two")
    )
    images = samples(400)
    assert differing(quantize(Pooled(), images, scheme), images) == 0
    rounded = Scheme(input=scheme.input, output=scheme.output, requantization="single_half_up")
    network = quantize(Pooled(), images, rounded)
    (pooled,) = compare_layers(network.fake, network.graph, images)
    assert pooled.differing > 0
    assert pooled.farthest_from_tie < 1e-9  # Exactly the ties.


def test_conversion_of_every_code_follows_the_definition() -> None:
    """8 bits to 3, against exact rational arithmetic, ties to even."""

    class Plain(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.max_pool2d(x, 1)

    scheme = Scheme(layers={"max_pool2d": LayerScheme(input={"bits": 3})})
    network = quantize(Plain(), samples(), scheme)
    (convert,) = (node for node in network.graph.nodes if isinstance(node, Requantize))
    assert isinstance(convert.requantization, FixedPoint | Certified)
    source, target = (network.graph.quantization[name] for name in ("x", convert.output))
    for code in range(-128, 128):
        value = (code - source.encoding.zero_point) * Fraction(source.scale)
        steps = round(value / Fraction(target.scale)) + target.encoding.zero_point
        got = convert.requantization.evaluate(np.array([[code - source.encoding.zero_point]]))
        assert int(got[0, 0]) == min(max(steps, -4), 3)


def test_different_precisions_of_pooled_values_are_refused() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.MaxPool2d(2), nn.Conv2d(4, 2, 1))
    scheme = Scheme(
        layers={
            "0": LayerScheme(activation={"bits": 4}),
            "1": LayerScheme(activation={"bits": 6}),
        }
    )
    with pytest.raises(UserError, match="given different activations"):
        quantize(module.eval(), samples(), scheme)


def test_patterns_match_only_layers_that_the_user_knows() -> None:
    """A binary layer's padding, put in for it, is not what ``1*`` names."""
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 1))
    layers = {
        "0": LayerScheme(activation={"type": "binary"}),
        "1*": LayerScheme(activation={"bits": 4}),
    }
    graph = quantize(module.eval(), torch.randn(8, 1, 6, 6), Scheme(layers=layers)).graph
    assert [graph.tensors[name].type.width for name in ("0", "1.pad", "1", "2")] == [1, 1, 4, 8]

"""Precision domains of graphs: their layers, their conversions, and what these cost."""

import torch
from torch import Tensor, nn

from bittrue.golden.graph.passes.domains import Conversion, Domain, Partition, partition
from bittrue.golden.quantize import LayerScheme, Scheme, quantize


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.left, self.right = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.stem(x).relu()
        y = (self.left(y).relu() + self.right(y)).relu()
        return self.head(self.pool(y))


def of(scheme: Scheme) -> Partition:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return partition(quantize(Network().eval(), torch.randn(8, 1, 6, 6), scheme).graph)


def test_one_precision_is_one_domain() -> None:
    assert of(Scheme()).domains == (Domain(8, 8, ("stem", "left", "right", "add", "pool", "head")),)
    assert of(Scheme()).conversions == ()
    assert of(Scheme()).crossings == 0


def test_domains_without_conversion() -> None:
    """Requantizers give the next domain its precision: crossings, but nothing to pay for."""
    four = LayerScheme(weight={"bits": 4}, activation={"bits": 4})
    found = of(
        Scheme(
            layers={
                "stem": LayerScheme(activation={"bits": 4}),
                "left": four,
                "right": four,
            }
        )
    )
    assert found.domains == (
        Domain(8, 8, ("stem",)),
        Domain(4, 4, ("left", "right", "add")),
        Domain(8, 8, ("pool", "head")),
    )
    assert found.conversions == ()
    assert found.crossings == 2  # The stem's result and the sum.


def test_conversions_are_counted() -> None:
    found = of(Scheme(layers={"right": LayerScheme(weight={"bits": 4}, input={"bits": 4})}))
    assert found.domains == (
        Domain(8, 8, ("stem", "left", "add", "pool", "head")),
        Domain(4, 4, ("right",)),
    )
    assert found.conversions == (Conversion("right.input", "int8", "int4", 4 * 6 * 6),)
    assert found.converted_values == 144
    assert found.crossings == 1  # What the addition reads from the right.

"""What quantization results in."""

from dataclasses import dataclass

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.lower import lower
from bittrue.golden.graph import Graph
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.precision import Precision
from bittrue.golden.quantize.scheme import Scheme


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """A network with quantizers, and the same in integers.

    Parameters
    ----------
    scheme : Scheme
    precision : Precision
        The scheme of every part, and the conversions between precision domains.
    float_network : FloatNetwork
        As traced, with nothing quantized; what corrections leave its function as it is, such as
        equalization, are in it.
    fake : FakeQuantizedNetwork
        In floating point, as it was trained or corrected.
    graph : Graph
        In integers.
    """

    scheme: Scheme
    precision: Precision
    float_network: FloatNetwork
    fake: FakeQuantizedNetwork
    graph: Graph


def lower_fake(fake: FakeQuantizedNetwork, scheme: Scheme) -> Graph:
    """Return the integer graph of a fake-quantized network as it is now."""
    activations = {name: fake.activation(name).map for name in fake.network.shapes}
    weights = {name: layer.integers() for name, layer in fake.matrices.items()}
    return lower(fake.current(), activations, weights, scheme.rounding)

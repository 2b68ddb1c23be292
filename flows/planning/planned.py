"""A network with the circuit of every layer decided."""

from dataclasses import dataclass

from bittrue.flows.planning.resources import Resources
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.network.spec import NetworkSpec


@dataclass(frozen=True)
class PlannedLayer:
    """A layer of a plan.

    Attributes
    ----------
    name : str
        The layer's output.
    operator : str
    products : int
        Multiplications of an image.
    folding : Folding or None
        Of a matrix layer.
    multipliers : int
        Products per cycle, or parts of products where several passes make one.
    passes : int
        Parts of a product.
    cycles : int
        Of an image, if nothing waits.
    resources : Resources
        Estimated.
    """

    name: str
    operator: str
    products: int
    folding: Folding | None
    multipliers: int
    passes: int
    cycles: int
    resources: Resources

    def utilisation(self, interval: int) -> float:
        """Return the share of multipliers at work when images come at an interval, in cycles."""
        if not self.multipliers:
            return 0.0
        return self.products * self.passes / (self.multipliers * interval)


@dataclass(frozen=True, eq=False)
class Plan:
    """A network with everything decided.

    Attributes
    ----------
    spec : NetworkSpec
        What the circuit is made from.
    layers : tuple of PlannedLayer
        Those that have a circuit.
    surroundings : Resources
        Of the shell and of the FIFOs between layers, estimated.
    """

    spec: NetworkSpec
    layers: tuple[PlannedLayer, ...]
    surroundings: Resources

    @property
    def cycles(self) -> int:
        """Cycles between images: of the slowest layer or stream, or of states that take longer."""
        ends = (tensor.name for tensor in (*self.spec.inputs, *self.spec.outputs))
        beats = (self.spec.beats_of(name) for name in ends)
        return max(self.spec.call_interval, *beats, *(layer.cycles for layer in self.layers))

    @property
    def resources(self) -> Resources:
        """Of all layers and what surrounds them, estimated."""
        return sum((layer.resources for layer in self.layers), self.surroundings)

    @property
    def multipliers(self) -> int:
        """Products per cycle, of all layers."""
        return sum(layer.multipliers for layer in self.layers)

    @property
    def products(self) -> int:
        """Multiplications of an image."""
        return sum(layer.products for layer in self.layers)

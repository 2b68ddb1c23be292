"""All circuits that a network can have on the devices of one family."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

from bittrue.flows.planning.candidates import MatrixChoices
from bittrue.flows.planning.levels import Levels
from bittrue.flows.planning.streams import Streams
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.graph.names import first_name, full_name
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.multipliers.multiplier import Multiplier
from bittrue.hdl.network.spec import naming


class Circuits:
    """What there is to choose from for a network, whatever a device has of it.

    Parameters
    ----------
    graph : Graph
        With certificates where there are any, and without constants that are spread.
    fabric : Fabric
        Of the devices.
    shell : str
        What surrounds the network; one of `hdl.shell.AXI_SHELLS` is counted.
    streams : Streams, optional
        Of the graph, as another family's circuits have them.
    in_logic : bool
        Whether requantizers may multiply in logic.
    multipliers : mapping of str to Multiplier, optional
        What multiplies in layers for which somebody has chosen, by their output.
    """

    def __init__(
        self,
        graph: Graph,
        fabric: Fabric,
        shell: str,
        streams: Streams | None = None,
        in_logic: bool = False,
        multipliers: Mapping[str, Multiplier] = MappingProxyType({}),
    ) -> None:
        self.graph = graph
        self.streams = streams or Streams(graph)
        self.fabric = fabric
        self._shell = shell
        self._in_logic = in_logic
        self._multipliers = multipliers

    def on(self, fabric: Fabric) -> "Circuits":
        """Return the circuits of another family, those of this one if it is the same."""
        if fabric == self.fabric:
            return self
        return self._like(fabric, self._in_logic)

    @cached_property
    def scaled_in_logic(self) -> "Circuits":
        """The same, and requantizers that multiply in logic besides."""
        found = self._like(self.fabric, in_logic=True)
        found.choices = self.choices
        return found

    @cached_property
    def levels(self) -> Levels:
        """The lanes of all streams."""
        multipliers = {name: each.multipliers[0] for name, each in self.choices.items()}
        return Levels(
            self.graph, self.fabric, self._shell, self.streams, self._in_logic, multipliers
        )

    @cached_property
    def choices(self) -> dict[str, MatrixChoices]:
        """The circuits of each matrix layer.

        Raises
        ------
        UserError
            If there is no such layer for which a multiplier is chosen, or it does not multiply
            what the layer reads.
        """
        layers = {
            name: layer
            for name, layer in self.streams.slowest.layers.items()
            if isinstance(layer, MatrixLayerSpec)
        }
        multipliers = {}
        for called, multiplier in self._multipliers.items():
            name = full_name(called, layers)
            if name is None:
                raise UserError(
                    f"no layer with weights is named {called!r}; there are "
                    f"{', '.join(map(first_name, layers))}"
                )
            multipliers[name] = multiplier
        found = {}
        for name, layer in layers.items():
            with naming(self.graph, layer.node):
                found[name] = MatrixChoices(layer, self.fabric, multipliers.get(name))
        return found

    def _like(self, fabric: Fabric, in_logic: bool) -> "Circuits":
        return Circuits(self.graph, fabric, self._shell, self.streams, in_logic, self._multipliers)

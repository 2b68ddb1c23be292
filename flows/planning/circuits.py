"""All circuits that a network can have on the devices of one family."""

from functools import cached_property

from flows.planning.candidates import MatrixChoices
from flows.planning.levels import Levels
from flows.planning.streams import Streams
from golden.graph import Graph
from hdl.costs.fabric import Fabric
from hdl.layers.parts.matrix_layer import MatrixLayerSpec


class Circuits:
    """What there is to choose from for a network, whatever a device has of it.

    Parameters
    ----------
    graph : Graph
        With certificates where there are any, and without constants that are spread.
    fabric : Fabric
        Of the devices.
    shell : bool
        Whether an AXI shell is counted.
    streams : Streams, optional
        Of the graph, as another family's circuits have them.
    """

    def __init__(
        self, graph: Graph, fabric: Fabric, shell: bool, streams: Streams | None = None
    ) -> None:
        self.graph = graph
        self.streams = streams or Streams(graph)
        self._fabric = fabric
        self._shell = shell

    def on(self, fabric: Fabric) -> "Circuits":
        """Return the circuits of another family, those of this one if it is the same."""
        if fabric == self._fabric:
            return self
        return Circuits(self.graph, fabric, self._shell, self.streams)

    @cached_property
    def levels(self) -> Levels:
        """The lanes of all streams."""
        return Levels(self.graph, self._fabric, self._shell, self.streams)

    @cached_property
    def choices(self) -> dict[str, MatrixChoices]:
        """The circuits of each matrix layer."""
        return {
            name: MatrixChoices(layer, self._fabric)
            for name, layer in self.streams.slowest.layers.items()
            if isinstance(layer, MatrixLayerSpec)
        }

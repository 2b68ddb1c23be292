"""What the circuits of layers have in common."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from amaranth.lib import wiring

if TYPE_CHECKING:
    from bittrue.hdl.layers.layer_spec import LayerSpec

SpecT_co = TypeVar("SpecT_co", bound="LayerSpec", covariant=True)


class Layer(wiring.Component, Generic[SpecT_co]):
    """The circuit of a layer.

    Parameters
    ----------
    spec : LayerSpec
        What it is made from.
    name : str
        Prefix of the names of its ROM files; unique within a design.

    Members
    -------
    i, or i0, i1, ... : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the output.
    """

    def __init__(self, spec: SpecT_co, name: str) -> None:
        self.spec = spec
        self.name = name
        super().__init__(spec.ports)

    @property
    def inputs(self) -> list[Any]:
        """The input streams, in the order of what the node reads."""
        return [getattr(self, name) for name in self.spec.input_names]

    @property
    def latency(self) -> int:
        """See `LayerSpec.latency`."""
        return self.spec.latency

    def cycles_per_image(self) -> int:
        """See `LayerSpec.cycles_per_image`."""
        return self.spec.cycles_per_image()

"""What layers with equally many lanes at all their streams have in common."""

from dataclasses import dataclass
from functools import cached_property

from bittrue.golden.graph import Node, Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.layers.layer_spec import LayerSpec
from bittrue.hdl.layers.parts.codes import check_lanes, elements_through_beat


@dataclass(frozen=True, eq=False)
class LanewiseSpec(LayerSpec):
    """A layer with as many lanes at its output as at its inputs.

    Parameters
    ----------
    node : Node
    tensors : tuple of Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of the channels.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    node: Node
    tensors: tuple[Tensor, ...]
    lanes: int

    def __post_init__(self) -> None:
        for tensor in self.tensors:
            check_lanes(self.lanes, tensor.channels)

    @cached_property
    def output(self) -> Tensor:
        """What it makes."""
        return self.node.infer(*self.tensors).tensor

    @property
    def input_lanes(self) -> tuple[int, ...]:
        """Elements of a beat of each input."""
        return (self.lanes,) * len(self.tensors)

    @property
    def output_lanes(self) -> int:
        """Elements of a beat of the output."""
        return self.lanes


class BeatwiseSpec(LanewiseSpec):
    """A layer whose `k`-th beat out takes the `k`-th beat of each input and no other."""

    def cycles_per_image(self) -> int:
        """Return the cycles between images, one for each beat."""
        return self.tensors[0].elements // self.lanes

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements of each input must have come; see `LayerSpec`."""
        needed = elements_through_beat(outputs // self.lanes, self.lanes)
        return (needed,) * len(self.tensors)

"""A border around an image."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Value
from amaranth.lib import stream

from bittrue.golden.errors import UserError
from bittrue.golden.graph.pad import Pad as PadNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, counters_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.codes import elements_through_beat
from bittrue.hdl.layers.parts.lanewise import LanewiseSpec
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class PadSpec(LanewiseSpec):
    """A border of one code around images.

    Parameters
    ----------
    node : golden.graph.pad.Pad
        Sizes of the border in each dimension, and its code.
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat, a divisor of the channels and of their padding.
    """

    node: PadNode

    pauses = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(size % self.lanes for size in self.node.padding[-1]):
            raise UserError(
                f"lanes is {self.lanes} and channels are padded by {self.node.padding[-1]}; "
                "allowed: lanes that divide both"
            )

    @property
    def whole(self) -> tuple[int, ...]:
        """Channels of the input and of the border, which are whole beats."""
        return (self.tensors[0].channels, *self.node.padding[-1])

    @cached_property
    def inside(self) -> list[tuple[int, int]]:
        """First beat of the image along each dimension, and the end of them."""
        channels = tuple(size // self.lanes for size in self.node.padding[-1])
        padding = [*self.node.padding[:-1], channels]
        sizes = self._beats(self.tensors[0].shape)
        return [(before, before + size) for (before, _), size in zip(padding, sizes, strict=True)]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Beats of the padded image along each dimension."""
        return self._beats(self.output.shape)

    def _beats(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] // self.lanes)

    @property
    def latency(self) -> int:
        """Cycles of a beat."""
        return 2

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the padded one."""
        return int(np.prod(self.sizes))

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        beats = self._taken[outputs // self.lanes]
        return (elements_through_beat(beats - 1, self.lanes),)

    @cached_property
    def _taken(self) -> Int64:
        """Beats of the input that have been taken with each beat of the output."""
        inside = np.zeros(self.sizes, dtype=np.int64)
        inside[tuple(slice(*ends) for ends in self.inside)] = 1
        return np.maximum(inside.ravel().cumsum(), 1)

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        return STREAM + counters_cost(self.sizes)  # The border sets and resets flip-flops.

    def build(self, name: str) -> "Pad":
        """Return the circuit."""
        return Pad(self, name)


@makes_layers_of(PadNode)
def pad_spec(node: PadNode, place: Place) -> PadSpec:
    """Return the layer of a node."""
    return PadSpec(node, place.tensors, place.common_lanes)


class Pad(Layer[PadSpec]):
    """Surround each image with a border of one code.

    Parameters
    ----------
    spec : PadSpec
    name : str
        See `Layer`.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Latency 2 cycles, one beat per cycle out. The border above an image leaves when the first beat
    of the image is there.
    """

    def elaborate(self, platform: object) -> Module:
        """Take a beat of the image where it lies, the border's code elsewhere."""
        m = Module()
        held = stream.Signature(0).create(path=("held",))
        entering = Pipeline(m, platform, self.i, held, 1)
        given = entering.register("given", self.i.payload)

        merged = stream.Signature(0).create(path=("merged",))
        leaving = Pipeline(m, platform, merged, self.o, 1)
        passes = merged.valid & merged.ready
        index = Position(m, "position", self.spec.sizes, passes).index
        limits = zip(index, self.spec.inside, self.spec.sizes, strict=True)
        inside = Cat(_within(place, *ends, size) for place, ends, size in limits).all()
        first = ~Cat(index).any()
        m.d.comb += [
            merged.valid.eq(held.valid | ~(inside | first)),
            held.ready.eq(merged.ready & inside),
        ]
        code = C(self.spec.node.code, self.spec.tensors[0].type.width)
        border = code.replicate(self.spec.lanes)
        m.d.comb += self.o.payload.as_value().eq(
            leaving.register("beat", Mux(inside, given, border))
        )
        return m


def _within(place: Value, first: int, end: int, size: int) -> Value:
    """Tell whether a place below `size` is one of `first` to ``end - 1``."""
    reached = place >= first if first > 0 else C(1)
    return reached & (place < end) if end < size else reached

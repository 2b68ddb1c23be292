"""A part of an image."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal, Value

from bittrue.golden.errors import UserError
from bittrue.golden.graph.slice import Slice as SliceNode
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


@dataclass(frozen=True)
class Taken:
    """Which beats pass along a dimension.

    Parameters
    ----------
    length : int
        Beats of the input.
    begin, size, stride : int
        The first one, how many, and from one to the next.
    """

    length: int
    begin: int
    size: int
    stride: int

    @property
    def everything(self) -> bool:
        """Whether all pass."""
        return self.size == self.length

    @property
    def cost(self) -> Costs:
        """What tells whether a beat passes takes: comparisons, or the next one that does."""
        bits = (self.length - 1).bit_length()
        if self.stride > 1:
            return Costs(2 * (bits + 1))
        ends = (self.begin > 0) + (self.begin + self.size < self.length)
        return Costs(-(-bits // 3) * ends)

    def inside(self, factor: int) -> "Taken":
        """Return the same of dimensions joined, of which the faster one passes as a whole."""
        return Taken(self.length * factor, self.begin * factor, self.size * factor, 1)


@dataclass(frozen=True, eq=False)
class SliceSpec(LanewiseSpec):
    """A part of images.

    Parameters
    ----------
    node : golden.graph.slice.Slice
        Which elements of each dimension.
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat, a divisor of the channels, of those taken, and of those before them; 1
        where channels are left out between others.
    """

    node: SliceNode

    spreads = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(size % self.lanes for size in self.whole):
            begin, size, stride = (
                part[-1] for part in (self.node.begin, self.node.size, self.node.stride)
            )
            raise UserError(
                f"lanes is {self.lanes} and {size} channels are taken, from {begin} on by "
                f"{stride}; allowed: lanes that divide both, and 1 where others lie between"
            )

    @property
    def whole(self) -> tuple[int, ...]:
        """Channels of the input, those taken and those before, which are whole beats."""
        begin, size, stride = self.node.begin[-1], self.node.size[-1], self.node.stride[-1]
        between = (1,) if size > 1 and stride > 1 else ()
        return (self.tensors[0].channels, size, begin, *between)

    @cached_property
    def taken(self) -> tuple[Taken, ...]:
        """The beats that pass, along as few dimensions as say it."""
        node, joined = self.node, list[Taken]()
        lengths = zip(self.tensors[0].shape, node.begin, node.size, node.stride, strict=True)
        *slower, channels = (
            Taken(length, begin, size, stride if size > 1 else 1)
            for length, begin, size, stride in lengths
        )
        length, begin, size = (
            count // self.lanes for count in (channels.length, channels.begin, channels.size)
        )
        beats = Taken(length, begin, size, channels.stride)
        for each in (*slower, beats):
            if joined and each.everything and joined[-1].stride == 1:
                joined[-1] = joined[-1].inside(each.length)
            else:
                joined.append(each)
        return tuple(joined)

    @cached_property
    def _numbers(self) -> Int64:
        """The beats of the input that pass, in order."""
        lengths = [each.length for each in self.taken]
        ranges = [
            slice(each.begin, each.begin + (each.size - 1) * each.stride + 1, each.stride)
            for each in self.taken
        ]
        numbers: Int64 = np.arange(math.prod(lengths)).reshape(lengths)[tuple(ranges)].ravel()
        return numbers

    @property
    def latency(self) -> int:
        """Cycles of a beat."""
        return 1

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the input."""
        return self.tensors[0].elements // self.lanes

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        return (elements_through_beat(self._numbers[outputs // self.lanes], self.lanes),)

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        counting = counters_cost([each.length for each in self.taken])
        keeping = Costs(2)  # Beats left out are taken whatever the output does.
        return STREAM + keeping + counting + sum((each.cost for each in self.taken), Costs())

    def build(self, name: str) -> "Slice":
        """Return the circuit."""
        return Slice(self, name)


@makes_layers_of(SliceNode)
def slice_spec(node: SliceNode, place: Place) -> SliceSpec:
    """Return the layer of a node."""
    return SliceSpec(node, place.tensors, place.common_lanes)


class Slice(Layer[SliceSpec]):
    """Pass on a part of each image.

    Parameters
    ----------
    spec : SliceSpec
    name : str
        See `Layer`.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Latency 1 cycle, one beat per cycle in. What is left out is taken whatever the output does.
    """

    def elaborate(self, platform: object) -> Module:
        """Let those beats leave that are taken along every dimension."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        passes = self.i.valid & self.i.ready
        taken = self.spec.taken
        position = Position(m, "position", [each.length for each in taken], passes)
        # What a dimension ends with is the step of the one before.
        ends = zip(position.index, position.ends, (*position.ends[1:], C(1)), strict=True)
        kept = [
            _is_taken(m, f"next_{dimension}", each, index, passes & step, last)
            for dimension, (each, (index, last, step)) in enumerate(zip(taken, ends, strict=True))
        ]
        pipeline.keep_only(Cat(kept).all())
        m.d.comb += self.o.payload.as_value().eq(pipeline.register("beat", self.i.payload))
        return m


def _is_taken(m: Module, name: str, taken: Taken, index: Value, step: Value, last: Value) -> Value:
    """Tell whether a place along a dimension is one of those taken.

    Parameters
    ----------
    m : Module
        Receives the statements.
    name : str
        Of the register that holds the next place to take, where some between are left out.
    taken : Taken
    index : Value
        The place.
    step : Value
        Whether the next place follows.
    last : Value
        Whether the place is the last one, with all faster dimensions.
    """
    if taken.stride == 1:
        conditions = []
        if taken.begin > 0:
            conditions.append(index >= taken.begin)
        if taken.begin + taken.size < taken.length:
            conditions.append(index < taken.begin + taken.size)
        return Cat(conditions).all() if conditions else C(1)
    final = taken.begin + (taken.size - 1) * taken.stride
    following = Signal(range(taken.length + 1), init=taken.begin, name=name)
    found = index == following
    # Behind the last one taken comes none: a place that is not there.
    after = Mux(following == final, taken.length, following + taken.stride)
    with m.If(step & (found | last)):
        m.d.sync += following.eq(Mux(last, taken.begin, after))
    return found

"""Several tensors to one."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import stream

from bittrue.golden.graph import Tensor
from bittrue.golden.graph.concat import Concat as ConcatNode
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
class ConcatSpec(LanewiseSpec):
    """Tensors joined along a dimension: a block of the first, a block of the second, ... in turn.

    Parameters
    ----------
    node : golden.graph.concat.Concat
        The dimension.
    tensors : tuple of Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of every input's channels.
    leader : int
        Number of the input of which a beat must be there before an image begins. With constants
        before it, an image would otherwise begin that nobody has sent.
    """

    node: ConcatNode
    leader: int = 0

    pauses = True

    @classmethod
    def example(cls, tensors: tuple[Tensor, ...], axis: int, lanes: int) -> "ConcatSpec":
        """Return a layer that joins tensors along an axis."""
        names = tuple(tensor.name for tensor in tensors)
        return cls(ConcatNode(inputs=names, output="y", axis=axis), tensors, lanes)

    @cached_property
    def blocks(self) -> list[int]:
        """Beats of a block of each input."""
        axis = self.node.axis
        return [math.prod(tensor.shape[axis:]) // self.lanes for tensor in self.tensors]

    @property
    def beats(self) -> int:
        """Of the output."""
        return self.output.elements // self.lanes

    @property
    def whole(self) -> tuple[int, ...]:
        """Channels of the inputs, whose blocks follow each other in whole beats."""
        return tuple(tensor.channels for tensor in self.tensors)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the input streams, numbered even if there is one."""
        return tuple(f"i{index}" for index in range(len(self.tensors)))

    @property
    def latency(self) -> int:
        """Cycles of a beat."""
        return 1

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the output."""
        return self.beats

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements of each input must have come; see `LayerSpec`."""
        beat = outputs // self.lanes
        return tuple(elements_through_beat(each[beat] - 1, self.lanes) for each in self._taken)

    @cached_property
    def _taken(self) -> list[Int64]:
        """Beats of each input that have been taken with each beat of the output."""
        turns = np.repeat(np.arange(len(self.blocks)), self.blocks)
        turns = np.resize(turns, self.beats)
        beats = [(turns == index).cumsum() for index in range(len(self.blocks))]
        beats[self.leader] = np.maximum(beats[self.leader], 1)
        return beats

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        choices = -(-(len(self.tensors) - 1) // 2)  # A table chooses one of three.
        choosing = Costs(choices * self.lanes * self.output.type.width)
        period = sum(self.blocks)
        counted = [self.beats // period, period] if self.leader else [period]
        return STREAM + choosing + counters_cost(counted)

    def build(self, name: str) -> "Concat":
        """Return the circuit."""
        return Concat(self, name)


@makes_layers_of(ConcatNode)
def concat_spec(node: ConcatNode, place: Place) -> ConcatSpec:
    """Return the layer of a node."""
    given = [port for port, constant in enumerate(place.constants) if not constant]
    return ConcatSpec(node, place.tensors, place.output_lanes, min(given, default=0))


class Concat(Layer[ConcatSpec]):
    """Join tensors along a dimension: a block of the first, a block of the second, ... in turn.

    Parameters
    ----------
    spec : ConcatSpec
    name : str
        See `Layer`.

    Members
    -------
    i0, i1, ... : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the joined tensor.

    Latency 1 cycle, one beat per cycle. An input waits while others have their turn.
    """

    def elaborate(self, platform: object) -> Module:
        """Count beats of a block; its end passes the turn to the next input."""
        m = Module()
        inputs, blocks, leader = self.inputs, self.spec.blocks, self.spec.leader
        turns = Signal(len(inputs), init=1)
        chosen = stream.Signature(0).create(path=("chosen",))
        pipeline = Pipeline(m, platform, chosen, self.o, self.latency)
        passes = chosen.valid & chosen.ready
        period = sum(blocks)
        index = Position(m, "place", [self.spec.beats // period, period], passes).index
        place, begun = index[1], Cat(index).any() if leader else C(1)
        ends = np.cumsum(blocks).tolist()
        with m.If(passes & Cat(place == end - 1 for end in ends).any()):
            m.d.sync += turns.eq(turns.rotate_left(1))
        given = Cat(turn & each.valid for turn, each in zip(turns, inputs, strict=True)).any()
        may_begin = begun | inputs[leader].valid
        m.d.comb += chosen.valid.eq(given & may_begin)
        payload = inputs[0].payload.as_value()
        for turn, each in zip(turns, inputs, strict=True):
            m.d.comb += each.ready.eq(chosen.ready & turn & may_begin)
            payload = Mux(turn, each.payload.as_value(), payload)
        m.d.comb += self.o.payload.as_value().eq(pipeline.register("beat", payload))
        return m

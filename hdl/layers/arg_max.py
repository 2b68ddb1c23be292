"""Index of the largest code."""

from dataclasses import dataclass

from amaranth.hdl import C, Module, Mux, Signal, Value

from bittrue.golden.graph import Tensor
from bittrue.golden.graph.arg_max import ArgMax as ArgMaxNode
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

_Candidate = tuple[Value, Value]
"""A code and its index."""


@dataclass(frozen=True, eq=False)
class ArgMaxSpec(LanewiseSpec):
    """The index of the largest code of each row, one to a beat.

    Parameters
    ----------
    node : golden.graph.arg_max.ArgMax
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Codes of a beat of the input, a divisor of the channels.
    """

    node: ArgMaxNode

    spreads = False

    @classmethod
    def example(cls, tensor: Tensor, lanes: int) -> "ArgMaxSpec":
        """Return a layer that takes a tensor."""
        return cls(ArgMaxNode(inputs=(tensor.name,), output="y"), (tensor,), lanes)

    @property
    def output_lanes(self) -> int:
        """Elements of a beat of the output."""
        return 1

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a row to its index."""
        return (self.lanes - 1).bit_length() + 2

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the input."""
        return self.tensors[0].elements // self.lanes

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        return (elements_through_beat(outputs, self.tensors[0].channels),)

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        width, index = self.tensors[0].type.width, self.output.type.width
        comparing = Costs(width // 2 + width) * self.lanes + Costs(index)
        return STREAM + comparing + counters_cost([self.tensors[0].channels // self.lanes])

    def build(self, name: str) -> "ArgMax":
        """Return the circuit."""
        return ArgMax(self, name)


@makes_layers_of(ArgMaxNode)
def arg_max_spec(node: ArgMaxNode, place: Place) -> ArgMaxSpec:
    """Return the layer of a node."""
    return ArgMaxSpec(node, place.tensors, place.lanes[0])


class ArgMax(Layer[ArgMaxSpec]):
    """Index of the largest code of each row, the first of equals.

    Parameters
    ----------
    spec : ArgMaxSpec
    name : str
        See `Layer`.

    Members
    -------
    i : In(stream)
        Codes.
    o : Out(stream)
        One index for each row, one to a beat.

    Latency `latency` cycles from the last beat of a row, one beat per cycle in.
    """

    def elaborate(self, platform: object) -> Module:
        """Compare the codes of a beat in a tree, and its largest with that of the beats before."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        beat = self.i.valid & self.i.ready
        beats = self.spec.tensors[0].channels // self.spec.lanes
        position = Position(m, "position", [beats], beat)
        arrived = self.latency - 1
        place = pipeline.register("beat", position.index[0], arrived)
        pipeline.leave_when(pipeline.register("last_beat", position.ends[0], arrived))

        candidates: list[_Candidate] = [
            (
                pipeline.register(f"code_{lane}", self.i.payload[lane]),
                C(lane, range(self.spec.lanes)),
            )
            for lane in range(self.spec.lanes)
        ]
        level = 0
        while len(candidates) > 1:
            pairs = [candidates[first : first + 2] for first in range(0, len(candidates), 2)]
            candidates = [
                (
                    pipeline.register(f"code_{level}_{n}", code),
                    pipeline.register(f"lane_{level}_{n}", lane),
                )
                for n, (code, lane) in enumerate(map(_larger, pairs))
            ]
            level += 1
        code, lane = candidates[0]

        largest = Signal(code.shape(), reset_less=True)
        index = Signal.like(self.o.payload[0], name="index", reset_less=True)
        arriving = pipeline.advance & pipeline.valid[arrived - 1]
        with m.If(arriving & ((place == 0) | (code > largest))):
            m.d.sync += [largest.eq(code), index.eq(place * self.spec.lanes + lane)]
        m.d.comb += self.o.payload[0].eq(index)
        return m


def _larger(pair: list[_Candidate]) -> _Candidate:
    """Return the candidate with the larger code, the first of equals."""
    if len(pair) == 1:
        return pair[0]
    (first, first_lane), (second, second_lane) = pair
    later = second > first
    return Mux(later, second, first), Mux(later, second_lane, first_lane)

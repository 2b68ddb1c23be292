"""Short operands repeated to the size of an image."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.broadcast import Broadcast as BroadcastNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, counters_cost
from bittrue.hdl.costs.memories import usual_ram_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import LayerSpec, Place
from bittrue.hdl.layers.parts.codes import check_lanes
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class BroadcastSpec(LayerSpec):
    """Blocks of codes, each of them sent several times.

    Parameters
    ----------
    node : golden.graph.broadcast.Broadcast
        The shape; its dimensions that are repeated follow each other, but for those of size 1.
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat of the output, a divisor of its channels. The input has as many, or one
        where its only channel is repeated.
    """

    node: BroadcastNode
    tensors: tuple[Tensor, ...]
    lanes: int

    pauses = True

    def __post_init__(self) -> None:
        check_lanes(self.lanes, self.output.channels)
        _ = self.block  # Refuses dimensions that the circuit does not take.

    @cached_property
    def output(self) -> Tensor:
        """What it makes."""
        return self.node.infer(*self.tensors).tensor

    @property
    def output_lanes(self) -> int:
        """Elements of a beat of the output."""
        return self.lanes

    @property
    def input_lanes(self) -> tuple[int, ...]:
        """Elements of a beat of the input."""
        return (self.output_lanes if self.block % self.output_lanes == 0 else 1,)

    @property
    def _run(self) -> tuple[int, int]:
        shape = self.tensors[0].shape
        aligned = (*(1,) * (len(self.node.shape) - len(shape)), *shape)
        return repeated_run(aligned, self.node.shape)

    @cached_property
    def block(self) -> int:
        """Elements of a block: what lies behind the dimensions that are repeated."""
        return math.prod(self.node.shape[self._run[1] :])

    @cached_property
    def repeated(self) -> int:
        """Elements that are sent for a block."""
        first, end = self._run
        return self.block * math.prod(self.node.shape[first:end])

    @property
    def beats(self) -> int:
        """Of a block."""
        return self.block // self.input_lanes[0]

    @property
    def times(self) -> int:
        """How often the beats of a block are sent."""
        return self.repeated // self.output_lanes // self.beats

    @property
    def memory_shape(self) -> tuple[int, int]:
        """Bits of a beat of the input, and beats that are kept."""
        return self.input_lanes[0] * self.tensors[0].type.width, 2 * self.beats

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a block to the first of its copies."""
        return 3

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the output."""
        return self.output.elements // self.output_lanes

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        return ((outputs // self.repeated + 1) * self.block,)

    def taken_with(self, port: int, needed: Int64) -> Int64:
        """Return when elements are taken: a block, while the one before it is sent."""
        block, place = np.divmod(np.arange(self.tensors[0].elements), self.block)
        beat = np.minimum(place // self.input_lanes[0] + 1, self.beats * self.times)
        return (block - 1) * self.repeated + beat * self.output_lanes

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        counters = counters_cost([2, self.beats, 2, self.times, self.beats])
        return STREAM + Costs(6) + counters + usual_ram_cost(*self.memory_shape, fabric).sum()

    def build(self, name: str) -> "Broadcast":
        """Return the circuit."""
        return Broadcast(self, name)


@makes_layers_of(BroadcastNode)
def broadcast_spec(node: BroadcastNode, place: Place) -> BroadcastSpec:
    """Return the layer of a node."""
    return BroadcastSpec(node, place.tensors, place.common_lanes)


class Broadcast(Layer[BroadcastSpec]):
    """Keep blocks of codes, and send each several times: a number for each channel at every pixel.

    A block is what lies behind the dimensions that are repeated. One is received while the one
    before it is sent.

    Parameters
    ----------
    spec : BroadcastSpec
    name : str
        See `Layer`.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Latency 3 cycles from the last beat of a block, one beat per cycle out.
    """

    def elaborate(self, platform: object) -> Module:
        """Write a block beside the one that is read, again and again."""
        m = Module()
        m.submodules.blocks = memory = Ram(self.spec.memory_shape[0], 1, self.spec.memory_shape[1])
        request = stream.Signature(0).create(path=("request",))
        pipeline = Pipeline(m, platform, request, self.o, 2)
        kept = Signal(range(3), name="blocks_kept")
        writes = self.i.valid & self.i.ready
        reads = request.valid & request.ready
        free = Position(m, "free", [2, self.spec.beats], writes)
        sent = Position(m, "sent", [2, self.spec.times, self.spec.beats], reads)
        arrived, left = writes & free.ends[1], reads & sent.ends[1]
        with m.If(arrived != left):
            m.d.sync += kept.eq(Mux(arrived, kept + 1, kept - 1))
        beat = pipeline.register("beat", memory.data)
        copies = self.spec.output_lanes // self.spec.input_lanes[0]
        m.d.comb += [
            self.i.ready.eq(kept != 2),
            request.valid.eq(kept != 0),
            memory.write.eq(writes),
            memory.write_address.eq(self._address(free.index[0], free.index[1])),
            memory.write_data.eq(self.i.payload),
            memory.enable.eq(pipeline.advance),
            memory.address.eq(self._address(sent.index[0], sent.index[2])),
            self.o.payload.as_value().eq(beat.replicate(copies)),
        ]
        return m

    def _address(self, block: Value, beat: Value) -> Value:
        return Mux(block, self.spec.beats, 0) + beat


def repeated_run(aligned: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the first of the dimensions along which a tensor is repeated, and the end of them.

    Raises
    ------
    UserError
        If dimensions that are not repeated lie between them.
    """
    repeated = [axis for axis, size in enumerate(shape) if aligned[axis] != size]
    if not repeated:
        return 0, 0
    first, end = repeated[0], repeated[-1] + 1
    if any(size > 1 for size in aligned[first:end]):
        raise UserError(
            f"{aligned} is repeated to {shape}; the circuit takes dimensions that follow each "
            "other, so repeat along the others before"
        )
    return first, end

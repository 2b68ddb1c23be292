"""A border around an image."""

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden import graph
from golden.errors import UserError
from golden.numbers.arrays import Int64
from hdl.blocks.pipeline import Pipeline
from hdl.layers.parts.codes import check_lanes, code_stream, elements_through_beat
from hdl.layers.parts.position import Position


class Pad(wiring.Component):
    """Surround each image with a border of one code.

    Parameters
    ----------
    node : golden.graph.Pad
        Sizes of the border in each dimension, and its code.
    tensor : Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of the channels and of their padding.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Latency 2 cycles, one beat per cycle out. The border above an image leaves when the first beat
    of the image is there.
    """

    latency = 2
    pauses = True

    def __init__(self, node: graph.Pad, tensor: graph.Tensor, lanes: int) -> None:
        check_lanes(lanes, tensor.channels)
        if any(size % lanes for size in node.padding[-1]):
            raise UserError(
                f"lanes is {lanes} and channels are padded by {node.padding[-1]}; allowed: lanes "
                "that divide both"
            )
        self.node = node
        self.tensors = (tensor,)
        self.lanes = lanes
        padding = [*node.padding[:-1], tuple(size // lanes for size in node.padding[-1])]
        self._inside = [
            (before, before + size)
            for (before, _), size in zip(padding, self._beats(tensor.shape), strict=True)
        ]
        self._sizes = self._beats(node.infer(tensor).tensor.shape)
        port = code_stream(tensor.type, lanes)
        super().__init__({"i": In(port), "o": Out(port)})

    def _beats(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] // self.lanes)

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the padded one."""
        return int(np.prod(self._sizes))

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave."""
        inside = np.zeros(self._sizes, dtype=np.int64)
        inside[tuple(slice(*ends) for ends in self._inside)] = 1
        beats = np.maximum(inside.ravel().cumsum(), 1)
        return elements_through_beat(beats[outputs // self.lanes] - 1, self.lanes)

    def elaborate(self, platform: object) -> Module:
        """Take a beat of the image where it lies, the border's code elsewhere."""
        m = Module()
        held = stream.Signature(0).create(path=("held",))
        entering = Pipeline(m, platform, self.i, held, 1)
        given = entering.register("given", self.i.payload)

        merged = stream.Signature(0).create(path=("merged",))
        leaving = Pipeline(m, platform, merged, self.o, 1)
        passes = merged.valid & merged.ready
        index = Position(m, "position", self._sizes, passes).index
        limits = zip(index, self._inside, self._sizes, strict=True)
        inside = Cat(_within(place, *ends, size) for place, ends, size in limits).all()
        first = ~Cat(index).any()
        m.d.comb += [
            merged.valid.eq(held.valid | ~(inside | first)),
            held.ready.eq(merged.ready & inside),
        ]
        border = Cat(C(self.node.code, self.tensors[0].type.width) for _ in range(self.lanes))
        m.d.comb += self.o.payload.as_value().eq(
            leaving.register("beat", Mux(inside, given, border))
        )
        return m


def _within(place: Value, first: int, end: int, size: int) -> Value:
    """Tell whether a place below `size` is one of `first` to ``end - 1``."""
    reached = place >= first if first > 0 else C(1)
    return reached & (place < end) if end < size else reached

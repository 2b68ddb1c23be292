"""Some rows and columns of an image."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.layers.parts.codes import check_lanes, code_stream, elements_through_beat
from bittrue.hdl.layers.parts.position import Position


class Subsample(wiring.Component):
    """Keep one row of several and one column of several, the first of each.

        o[y, x] = i[y * stride[0], x * stride[1]]

    Parameters
    ----------
    kind : IntegerType
        Of each element.
    shape : (int, int, int)
        Height, width and channels of the input.
    stride : (int, int)
        In height and width, at least 1.
    lanes : int
        Elements of a beat, a divisor of the channels.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Latency 1 cycle, one beat per cycle in. What is left out is taken whatever the output does.
    """

    latency = 1

    def __init__(
        self, kind: IntegerType, shape: tuple[int, int, int], stride: tuple[int, int], lanes: int
    ) -> None:
        check_lanes(lanes, shape[2])
        if min(stride) < 1:
            raise UserError(f"stride is {stride}; allowed: at least 1")
        self.shape = shape
        self.stride = stride
        self.lanes = lanes
        port = code_stream(kind, lanes)
        super().__init__({"i": In(port), "o": Out(port)})

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of the input."""
        height, width, channels = self.shape
        return height * width * channels // self.lanes

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave."""
        height, width, channels = self.shape
        numbers = np.arange(height * width * channels).reshape(self.shape)
        kept = numbers[:: self.stride[0], :: self.stride[1]].ravel()[outputs]
        return elements_through_beat(kept // self.lanes, self.lanes)

    def elaborate(self, platform: object) -> Module:
        """Count within a stride, anew in every row and image."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        height, width, channels = self.shape
        passes = self.i.valid & self.i.ready
        position = Position(m, "position", (height, width, channels // self.lanes), passes)
        phases = []
        for dimension, stride in enumerate(self.stride):
            phase = Signal(range(stride), name=("row_phase", "column_phase")[dimension])
            with m.If(passes & position.ends[dimension + 1]):
                wraps = position.ends[dimension] | (phase == stride - 1)
                m.d.sync += phase.eq(Mux(wraps, 0, phase + 1))
            phases.append(phase)
        kept = ~Cat(phases).any()
        pipeline.keep_only(kept)
        m.d.comb += self.o.payload.as_value().eq(pipeline.register("beat", self.i.payload))
        return m

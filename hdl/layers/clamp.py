"""Limits of a code: relu, relu6, as a layer."""

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Out

from golden import graph
from hdl.blocks.pipeline import Pipeline
from hdl.layers.parts.beatwise import BeatwiseLayer
from hdl.layers.parts.codes import check_lanes, clamped, code_stream


class Clamp(BeatwiseLayer):
    """Limit codes to a range.

        o[k] = min(max(i[k], minimum), maximum)

    Parameters
    ----------
    node : golden.graph.Clamp
        The range.
    tensor : Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of the channels.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency 1 cycle, one beat per cycle.
    """

    latency = 1

    def __init__(self, node: graph.Clamp, tensor: graph.Tensor, lanes: int) -> None:
        check_lanes(lanes, tensor.channels)
        self.node = node
        self.tensors = (tensor,)
        port = code_stream(node.infer(tensor).tensor.type, lanes)
        super().__init__({"i": In(port), "o": Out(port)}, lanes)

    def elaborate(self, platform: object) -> Module:
        """Compare with both limits."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        low, high = self.node.minimum, self.node.maximum
        codes = [clamped(self.i.payload[lane], low, high) for lane in range(self.lanes)]
        m.d.comb += self.o.payload.as_value().eq(
            Cat(pipeline.register(f"code_{lane}", code) for lane, code in enumerate(codes))
        )
        return m

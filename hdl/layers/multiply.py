"""Products of two tensors, as a layer."""

from collections.abc import Sequence

from amaranth.hdl import Module

from golden import graph
from golden.graph import Tensor
from hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from hdl.layers.codes import decoded
from hdl.layers.elementwise import Elementwise


class MultiplyLayer(Elementwise):
    """Multiply two tensors and scale the product.

        o[k] = requantize(value(i0[k]) * value(i1[k]))

    Parameters
    ----------
    node : golden.graph.Multiply
        Encodings and requantization.
    tensors : sequence of Tensor
        The two it reads, of one shape.
    lanes : int
        Elements of a beat, a divisor of the channels; each has a multiplier.
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i0, i1 : In(stream)
        Codes of each input.
    o : Out(stream)
        Codes of the product.

    Latency `latency` cycles, one beat per cycle.
    """

    def __init__(
        self, node: graph.Multiply, tensors: Sequence[Tensor], lanes: int, name: str = "multiply"
    ) -> None:
        super().__init__(node, tensors, lanes, name, ("i0", "i1"))
        self.encodings = node.encodings

    @property
    def _accumulation(self) -> int:
        return MULTIPLIER_LATENCY

    def elaborate(self, platform: object) -> Module:
        """Subtract zero points and multiply."""
        m = Module()
        joined, inputs = self._inputs(m)
        pipeline, requantizer = self._accumulating(m, platform, joined)
        products = []
        for lane in range(self.lanes):
            values = [
                decoded(given.payload[lane], encoding)
                for given, encoding in zip(inputs, self.encodings, strict=True)
            ]
            products.append(multiplier(pipeline, f"product_{lane}", *values))
        self._requantize(m, requantizer, products)
        return m

"""Changes of scale, zero point or width, as a layer."""

import numpy as np
from amaranth.hdl import Cat, Module

from golden import graph
from golden.graph import Tensor
from hdl.blocks.pipeline import Pipeline
from hdl.layers.codes import decoded, resized
from hdl.layers.elementwise import CHEAP_TABLE_WIDTH, Elementwise
from hdl.layers.table import CODE_TABLE_LATENCY, code_table


class RequantizeLayer(Elementwise):
    """Change scale, zero point or width.

        o[k] = requantize(value(i[k]))

    Parameters
    ----------
    node : golden.graph.Requantize
        Encoding and requantization.
    tensor : Tensor
        What it reads.
    lanes : int
        Elements of a beat, a divisor of the channels.
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency `latency` cycles, one beat per cycle: 2 for codes of up to 8 bits that all channels
    scale alike, for which a table does; otherwise that of a requantizer and 1.
    """

    def __init__(
        self, node: graph.Requantize, tensor: Tensor, lanes: int, name: str = "requantize"
    ) -> None:
        super().__init__(node, [tensor], lanes, name, ("i",))
        self.encoding = node.encoding
        self._values: np.ndarray | None = None
        requantization = node.requantization
        kind = tensor.type
        if (
            requantization is not None
            and len(requantization) == 1
            and kind.width <= CHEAP_TABLE_WIDTH
        ):
            codes = np.arange(tensor.minimum, tensor.maximum + 1)
            values = requantization.evaluate(node.encoding.decode(codes)[:, None])[:, 0]
            absent = tensor.minimum - kind.minimum, kind.maximum - tensor.maximum
            self._values = np.pad(values, absent, mode="edge")

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return CODE_TABLE_LATENCY if self._values is not None else super().latency

    @property
    def _accumulation(self) -> int:
        return 1

    def elaborate(self, platform: object) -> Module:
        """Look every code up, or subtract the zero point and requantize."""
        m = Module()
        codes = [self.i.payload[lane] for lane in range(self.lanes)]
        if self._values is not None:
            pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
            kind, width = self.tensors[0].type, len(self.o.payload[0])
            found = [
                code_table(m, pipeline, self.name, f"found_{lane}", code, kind, self._values)
                for lane, code in enumerate(codes)
            ]
            m.d.comb += self.o.payload.as_value().eq(Cat(resized(value, width) for value in found))
            return m
        pipeline, requantizer = self._accumulating(m, platform, self.i)
        values = [
            pipeline.register(f"value_{lane}", decoded(code, self.encoding))
            for lane, code in enumerate(codes)
        ]
        self._requantize(m, requantizer, values)
        return m

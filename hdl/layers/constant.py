"""Codes that do not depend on the input."""

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from golden import graph
from golden.graph import Tensor
from golden.numbers.arrays import Int64
from hdl.blocks.packed_words import pack_words
from hdl.blocks.pipeline import Pipeline
from hdl.blocks.rom import Rom
from hdl.layers.parts.codes import check_lanes, code_stream

_LATENCY = 2
"""Cycles of reading the ROM: a block RAM without a register behind it would set the clock."""


class ConstantSource(wiring.Component):
    """Send the codes of a constant, for every image again.

    Parameters
    ----------
    node : golden.graph.Constant
        The codes of an image.
    lanes : int
        Elements of a beat, a divisor of the channels.
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    o : Out(stream)
        Codes, without end.

    A beat is there in every cycle from the third one on. Codes that repeat within an image, as
    those of a constant for each channel do, are stored once; if all beats are equal, nothing is
    stored.
    """

    def __init__(self, node: graph.Constant, lanes: int, name: str = "constant") -> None:
        tensor = node.infer().tensor
        check_lanes(lanes, tensor.channels)
        self.node = node
        self.tensors: tuple[Tensor, ...] = ()
        self.lanes = lanes
        self.name = name
        self.kind = tensor.type
        self.beats = _one_period(node.values.astype(np.int64).reshape(-1, lanes))
        super().__init__({"o": Out(code_stream(tensor.type, lanes))})

    def cycles_per_image(self) -> int:
        """Return the cycles between images."""
        return self.node.values.size // self.lanes

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return what each output needs of each input; there are none."""
        return ()

    def elaborate(self, platform: object) -> Module:
        """Read one beat after the other, over and over again."""
        m = Module()
        width = self.kind.width
        columns = [(codes, width) for codes in self.beats.T]
        if len(self.beats) == 1:
            m.d.comb += [
                self.o.valid.eq(1),
                self.o.payload.as_value().eq(C(pack_words(columns)[0], self.lanes * width)),
            ]
            return m
        request = stream.Signature(0).create(path=("request",))
        pipeline = Pipeline(m, platform, request, self.o, _LATENCY)
        m.submodules.codes = rom = Rom(self.name, columns)
        address = Signal(range(len(self.beats)), name="address")
        m.d.comb += [
            request.valid.eq(1),
            rom.enable.eq(pipeline.advance),
            rom.address.eq(address),
            self.o.payload.as_value().eq(Cat(pipeline.register("beat", rom.data))),
        ]
        with m.If(request.ready):
            m.d.sync += address.eq(Mux(address == len(self.beats) - 1, 0, address + 1))
        return m


def _one_period(beats: Int64) -> Int64:
    """Return the shortest beginning of an image's beats that gives all of them when repeated."""
    count = len(beats)
    for period in (length for length in range(1, count) if count % length == 0):
        if (beats == np.resize(beats[:period], beats.shape)).all():
            return beats[:period]
    return beats

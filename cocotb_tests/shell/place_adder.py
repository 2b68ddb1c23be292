"""A circuit whose outputs and stalls are easily predicted, for tests of the shell around it."""

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.layers import code_stream
from bittrue.hdl.layers.parts.position import Position


class PlaceAdder(wiring.Component):
    """Add to each code the number of its beat in the image, modulo the width.

    Its "layers" are said to stall when a beat passes whose first code is odd, or negative or in
    the upper half: how often they did is known from the data alone.
    """

    LATENCY = 3

    def __init__(self, kind: IntegerType, lanes: int, beats: int) -> None:
        self.kind = kind
        self.lanes = lanes
        self.beats = beats
        codes = code_stream(kind, lanes)
        stalls = data.StructLayout({"odd": 1, "upper": 1})
        super().__init__({"i": In(codes), "o": Out(codes), "stalls": Out(stalls)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.LATENCY)
        passes = self.i.valid & self.i.ready
        place = Position(m, "place", [self.beats], passes).index[0]
        for lane in range(self.lanes):
            moved = (self.i.payload[lane].as_unsigned() + place)[: self.kind.width]
            m.d.comb += self.o.payload[lane].eq(
                pipeline.register(f"moved_{lane}", moved, self.LATENCY)
            )
        first = self.i.payload[0].as_unsigned()
        m.d.comb += [
            self.stalls.odd.eq(passes & first[0]),
            self.stalls.upper.eq(passes & first[-1]),
        ]
        return m

    def expected(self, images: Int64) -> Int64:
        """Return the outputs of images, shape (images, beats, lanes)."""
        size = 1 << self.kind.width
        moved = images + np.arange(self.beats)[:, None] - self.kind.minimum
        return moved % size + self.kind.minimum

    def stalled(self, images: Int64) -> dict[str, int]:
        """Return how often each layer stalls."""
        first = images[..., 0] % (1 << self.kind.width)
        return {
            "odd": int((first % 2).sum()),
            "upper": int((first >> (self.kind.width - 1)).sum()),
        }


class TwoAdders(wiring.Component):
    """Two of them side by side, of images of different sizes; the layers are those of the first."""

    def __init__(self) -> None:
        kind = IntegerType(8, True)
        self.adders = {"a": PlaceAdder(kind, 1, 6), "b": PlaceAdder(kind, 1, 4)}
        codes = code_stream(kind, 1)
        streams = {f"i_{name}": In(codes) for name in self.adders}
        streams |= {f"o_{name}": Out(codes) for name in self.adders}
        super().__init__(streams | {"stalls": Out(data.StructLayout({"odd": 1, "upper": 1}))})

    @property
    def beats(self) -> dict[str, int]:
        """Of an image, by stream."""
        return {f"{end}_{name}": each.beats for end in "io" for name, each in self.adders.items()}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, adder in self.adders.items():
            m.submodules[name] = adder
            wiring.connect(m, wiring.flipped(getattr(self, f"i_{name}")), adder.i)
            wiring.connect(m, adder.o, wiring.flipped(getattr(self, f"o_{name}")))
        m.d.comb += self.stalls.eq(self.adders["a"].stalls)
        return m

"""The words of every tap of a window, and the weights that belong to them."""

from amaranth.hdl import Cat, Module, Mux, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.engine.memories import tile_port, weight_port
from bittrue.hdl.engine.window_preparation import window_layout
from bittrue.hdl.engine.window_walker import WindowWalker, group_layout


def taps_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a step: one tap, one plane, of some pixels.

    Members: ``words``, the codes of each pixel, border where the tap is not in the tile;
    ``weights``, a row of these; ``last`` of the group, and ``group``, see
    `hdl.engine.window_walker.group_layout`. Pixels beyond the group's count have any codes.
    """
    word = data.ArrayLayout(signed(8), engine.lanes)
    return data.StructLayout(
        {
            "words": data.ArrayLayout(word, engine.pixels),
            "weights": 8 * engine.row_bytes,
            "last": 1,
            "group": group_layout(engine),
        }
    )


class TapReader(wiring.Component):
    """Walk windows over a tile, and read the word of each tap.

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    i : In(stream.Signature(...))
        Instructions; see `hdl.engine.window_preparation.window_layout`.
    tiles : Out(tile_port), one for each pixel
    weights : Out(weight_port)
    o : Out(stream.Signature(...))
        Steps; see `taps_layout`.

    One step per cycle, as `hdl.engine.window_walker.WindowWalker` takes them. ``o.valid`` falls a
    cycle after the walk ends; all holds while a step waits.
    """

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "i": In(stream.Signature(window_layout(engine))),
                "tiles": Out(tile_port(engine)).array(engine.pixels),
                "weights": Out(weight_port(engine)),
                "o": Out(stream.Signature(taps_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the walk, and one stage that reads."""
        m = Module()
        engine = self.engine
        m.submodules.walker = walker = WindowWalker(engine)
        wiring.connect(m, wiring.flipped(self.i), walker.i)
        step = walker.o.payload
        reading = Pipeline(m, platform, walker.o, self.o, 1)
        for k, tile in enumerate(self.tiles):
            m.d.comb += [tile.enable.eq(reading.advance), tile.address.eq(step.address[k])]
        inside = reading.register("inside", step.inside)
        pad = reading.register("pad", step.pad)
        pads = Cat(pad for _ in range(engine.lanes))
        taps = self.o.payload
        m.d.comb += [
            self.weights.enable.eq(reading.advance),
            self.weights.address.eq(step.row),
            taps.words.as_value().eq(
                Cat(Mux(inside[k], tile.data, pads) for k, tile in enumerate(self.tiles))
            ),
            taps.weights.eq(self.weights.data),
            taps.last.eq(reading.register("last", step.last)),
            taps.group.as_value().eq(reading.register("group", step.group.as_value())),
        ]
        return m

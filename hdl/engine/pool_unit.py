"""The greatest codes of windows."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.engine.results import result_layout
from bittrue.hdl.engine.tap_reader import taps_layout
from bittrue.hdl.engine.window_walker import group_layout


class PoolUnit(wiring.Component):
    """Keep the greatest code of each lane over a group's steps, within limits.

        codes = what `golden.engine.execute` writes for a `golden.engine.instruction.Pool`

    Parameters
    ----------
    engine : EngineConfiguration

    Members
    -------
    i : In(stream.Signature(...))
        Steps of instructions that go by planes; see `hdl.engine.tap_reader.taps_layout`.
    o : Out(stream.Signature(...))
        Words, pixel by pixel; see `hdl.engine.results.result_layout`.

    One step per cycle, and one word per cycle, whichever takes longer for a group of pixels.
    """

    def __init__(self, engine: EngineConfiguration) -> None:
        self.engine = engine
        super().__init__(
            {
                "i": In(stream.Signature(taps_layout(engine))),
                "o": Out(stream.Signature(result_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the extremes of the group under way, and the words of the one before it."""
        m = Module()
        engine, step = self.engine, self.i.payload
        word = data.ArrayLayout(signed(8), engine.lanes)
        kept = [Signal(word, name=f"kept_{k}") for k in range(engine.pixels)]
        made = [Signal(word, name=f"made_{k}") for k in range(engine.pixels)]
        group = Signal(group_layout(engine), name="group")
        begins, holds = Signal(init=1, name="begins"), Signal(name="holds")
        pixel = Signal(range(engine.pixels + 1), name="pixel")
        address = Signal(Shape.cast(range(engine.output_words)), name="address")
        last = Signal(name="last")
        m.d.comb += [
            last.eq(pixel + 1 == group.count),
            self.i.ready.eq(~step.last | ~holds | (self.o.ready & last)),
            self.o.valid.eq(holds),
            self.o.payload.address.eq(address),
            self.o.payload.end.eq(last & group.end),
        ]
        with m.If(holds & self.o.ready):
            m.d.sync += [pixel.eq(pixel + 1), address.eq(address + 1), holds.eq(~last)]
        greatest = [
            [
                self._greater(m, begins, kept[k][lane], step.words[k][lane], f"{k}_{lane}")
                for lane in range(engine.lanes)
            ]
            for k in range(engine.pixels)
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += begins.eq(step.last)
            for k, codes in enumerate(greatest):
                m.d.sync += [kept[k][lane].eq(code) for lane, code in enumerate(codes)]
            with m.If(step.last):
                for k, codes in enumerate(greatest):
                    m.d.sync += [made[k][lane].eq(code) for lane, code in enumerate(codes)]
                m.d.sync += [
                    group.eq(step.group),
                    holds.eq(1),
                    pixel.eq(0),
                    address.eq(step.group.output),
                ]
        chosen = Signal(word, name="chosen")
        with m.Switch(pixel):
            for k, each in enumerate(made):
                with m.Case(k):
                    m.d.comb += chosen.eq(each)
        for lane in range(engine.lanes):
            code = chosen[lane]
            low, high = group.minimum, group.maximum
            m.d.comb += self.o.payload.codes[lane].eq(
                Mux(code < low, low, Mux(code > high, high, code))
            )
        return m

    def _greater(self, m: Module, begins: Value, kept: Value, code: Value, name: str) -> Signal:
        """Return the greater of two codes, or the second where a group begins."""
        greater = Signal(signed(8), name=f"greatest_{name}")
        m.d.comb += greater.eq(Mux(begins | (code > kept), code, kept))
        return greater

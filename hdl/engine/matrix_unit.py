"""Products with weights: the array, and its sums in words."""

from amaranth.hdl import Cat, Module, Shape, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.mac_spec import MacSpec, Multiplier
from bittrue.hdl.engine.record_requantizer import sum_layout
from bittrue.hdl.engine.tap_reader import taps_layout
from bittrue.hdl.engine.window_walker import group_layout
from bittrue.hdl.units.mac import Mac

_LONGEST_SUM = 1 << 16
"""Products of a sum, beyond which sums are right modulo 2**32, as the engine defines them."""

_GROUPS = 16
"""Groups of pixels between taps and sums; each takes a step at least."""


class MatrixUnit(wiring.Component):
    """Multiply the words of taps with weights, and add.

        accumulator[o] of each pixel = sum over a group's steps, and over lanes, of
            word[lane] * weights[o][lane]

    Parameters
    ----------
    engine : EngineConfiguration
    multiplier : Multiplier
        What multiplies.

    Members
    -------
    i : In(stream.Signature(...))
        Steps; see `hdl.engine.tap_reader.taps_layout`.
    o : Out(stream.Signature(...))
        Sums in words, pixel by pixel and in each the planes; see
        `hdl.engine.record_requantizer.sum_layout`.

    One step of `pixels * lanes * outputs` products per cycle, and one word per cycle, whichever
    takes longer for a group of pixels; the array holds while sums wait. They are 32 bits wide,
    modulo 2**32.
    """

    def __init__(
        self, engine: EngineConfiguration, multiplier: Multiplier = Multiplier.DSP
    ) -> None:
        self.engine = engine
        self.spec = MacSpec(
            lanes=engine.lanes,
            rows=engine.pixels,
            columns=engine.outputs,
            length=_LONGEST_SUM,
            multiplier=multiplier,
            accumulator=IntegerType(32, True),
        )
        super().__init__(
            {
                "i": In(stream.Signature(taps_layout(engine))),
                "o": Out(stream.Signature(sum_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the array, and beside it what becomes of its sums."""
        m = Module()
        engine, step = self.engine, self.i.payload
        m.submodules.array = array = Mac(self.spec)
        m.submodules.groups = groups = SyncFIFO(width=group_layout(engine).size, depth=_GROUPS)
        # A step waits where its group has no place yet.
        room = Signal(name="room")
        m.d.comb += [
            room.eq(~step.last | groups.w_rdy),
            array.i.valid.eq(self.i.valid & room),
            self.i.ready.eq(array.i.ready & room),
            groups.w_en.eq(self.i.valid & self.i.ready & step.last),
            groups.w_data.eq(step.group),
            array.i.payload.last.eq(step.last),
            array.i.payload.a.as_value().eq(step.words.as_value()),
            array.i.payload.b.as_value().eq(step.weights),
        ]
        self._sums(m, array, groups)
        return m

    def _sums(self, m: Module, array: Mac, groups: SyncFIFO) -> None:
        """Hand out the sums of a group in words."""
        engine = self.engine
        words = Shape.cast(range(engine.output_words)).width
        sums = Signal(array.o.payload.shape(), name="sums")
        group = Signal(group_layout(engine), name="group")
        holds = Signal(name="holds")
        pixel = Signal(range(engine.pixels + 1), name="pixel")
        plane = Signal(range(engine.group_words + 1), name="plane")
        address, first = Signal(words, name="address"), Signal(words, name="first")
        last_plane, last = Signal(name="last_plane"), Signal(name="last")
        takes = Signal(name="takes")
        m.d.comb += [
            last_plane.eq(plane + 1 == group.words),
            last.eq(last_plane & (pixel + 1 == group.count)),
            self.o.valid.eq(holds),
            takes.eq(array.o.valid & (~holds | (self.o.ready & last))),
            array.o.ready.eq(takes),
            groups.r_en.eq(takes),
        ]
        given = data.View(group_layout(engine), groups.r_data)
        with m.If(takes):
            m.d.sync += [
                sums.eq(array.o.payload),
                group.eq(given),
                holds.eq(1),
                pixel.eq(0),
                plane.eq(0),
                address.eq(given.output),
                first.eq(given.output + 1),
            ]
        with m.Elif(self.o.ready & holds):
            m.d.sync += [plane.eq(plane + 1), address.eq(address + group.plane)]
            with m.If(last_plane):
                m.d.sync += [
                    plane.eq(0),
                    pixel.eq(pixel + 1),
                    address.eq(first),
                    first.eq(first + 1),
                ]
            with m.If(last):
                m.d.sync += holds.eq(0)
        chosen = Signal(32 * engine.lanes, name="chosen")
        with m.Switch(Cat(plane[: _bits(engine.group_words)], pixel[: _bits(engine.pixels)])):
            for k in range(engine.pixels):
                for j in range(engine.group_words):
                    with m.Case(j | k << _bits(engine.group_words)):
                        lanes = range(j * engine.lanes, (j + 1) * engine.lanes)
                        m.d.comb += chosen.eq(Cat(sums[k][lane] for lane in lanes))
        lane_bits = (engine.lanes - 1).bit_length()
        m.d.comb += [
            self.o.payload.accumulators.as_value().eq(chosen),
            self.o.payload.records.eq(group.records[lane_bits:] + plane),
            self.o.payload.address.eq(address),
            self.o.payload.end.eq(last & group.end),
        ]


def _bits(count: int) -> int:
    return max((count - 1).bit_length(), 1)

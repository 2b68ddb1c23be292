"""Sums in words to codes, by records that are looked up."""

from amaranth.hdl import Cat, Module, Shape
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.engine.memories import record_port
from bittrue.hdl.engine.results import result_layout
from bittrue.hdl.engine.word_requantizer import ACCUMULATOR, WordRequantizer


def sum_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a word of sums.

    Members: ``accumulators``, one for each lane; ``records``, the number of the first lane's
    record, divided by the lanes; ``address`` in the output memory; ``end``, whether it is the last
    word of its instruction.
    """
    return data.StructLayout(
        {
            "accumulators": data.ArrayLayout(ACCUMULATOR, engine.lanes),
            "records": range(max(-(-engine.records // engine.lanes), 2)),
            "address": range(engine.output_words),
            "end": 1,
        }
    )


class RecordRequantizer(wiring.Component):
    """Requantize words of sums, each lane by the record that memory has for it.

    Parameters
    ----------
    engine : EngineConfiguration
    long : bool
        See `WordRequantizer`.

    Members
    -------
    i : In(stream.Signature(...))
        Words of sums; see `sum_layout`.
    records : Out(record_port)
    o : Out(stream.Signature(...))
        Words of codes; see `hdl.engine.results.result_layout`.

    Latency 1 + `WordRequantizer.LATENCY` cycles, one word per cycle; all stages hold while the
    output waits.
    """

    def __init__(self, engine: EngineConfiguration, long: bool = False) -> None:
        self.engine = engine
        self.long = long
        super().__init__(
            {
                "i": In(stream.Signature(sum_layout(engine))),
                "records": Out(record_port(engine)),
                "o": Out(stream.Signature(result_layout(engine))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build a stage that looks up, and the requantizers behind it."""
        m = Module()
        engine, given = self.engine, self.i.payload
        words = Shape.cast(range(engine.output_words)).width
        m.submodules.requantizer = requantizer = WordRequantizer(engine.lanes, words + 1, self.long)
        found = stream.Signature(0).create(path=("found",))
        looking = Pipeline(m, platform, self.i, found, 1)
        payload, result = requantizer.i.payload, self.o.payload
        m.d.comb += [
            self.records.enable.eq(looking.advance),
            self.records.address.eq(given.records),
            requantizer.i.valid.eq(found.valid),
            found.ready.eq(requantizer.i.ready),
            payload.accumulators.as_value().eq(
                looking.register("accumulators", given.accumulators.as_value())
            ),
            payload.tag.eq(looking.register("tag", Cat(given.address, given.end))),
            payload.records.as_value().eq(self.records.data),
            self.o.valid.eq(requantizer.o.valid),
            requantizer.o.ready.eq(self.o.ready),
            result.address.eq(requantizer.o.payload.tag[:-1]),
            result.end.eq(requantizer.o.payload.tag[-1]),
            result.codes.as_value().eq(requantizer.o.payload.codes.as_value()),
        ]
        return m

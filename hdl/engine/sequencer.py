"""What stands before a unit: its queue of instructions, its tokens, and what has begun."""

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.instruction import Unit
from bittrue.golden.engine.program import MAXIMUM_INSTRUCTIONS

NUMBER = range(MAXIMUM_INSTRUCTIONS)
"""Of instructions in a program."""


def queued_layout(width: int) -> data.StructLayout:
    """Layout of an instruction in a queue: tokens, its ``number``, and ``content``, its fields."""
    return data.StructLayout(
        {"waits": len(Unit), "signals": len(Unit), "number": NUMBER, "content": width}
    )


class Sequencer(wiring.Component):
    """Begin instructions in order, each when its tokens are there; send tokens as they end.

    Parameters
    ----------
    width : int
        Bits of an instruction's fields.
    depth : int
        Instructions that wait in the queue, at least 1.
    in_flight : int
        Instructions that have begun and not ended, at least 1.

    Members
    -------
    i : In(stream.Signature(queued_layout(width)))
    o : Out(stream.Signature(width))
        An instruction for the unit, offered once its tokens are there; they are taken with it.
    done : In(1)
        The earliest one that has begun ends in this cycle.
    sent : In(4)
        Units that send this one a token in this cycle.
    sends : Out(4)
        Units that this one sends a token to in this cycle.
    ending : Out(NUMBER)
        Number of the earliest instruction that has begun.
    halt : In(1)
        Nothing begins.
    clear : In(1)
        Queue and tokens are dropped; given when nothing is in flight.
    empty, begun, waits : Out(1)
        The queue is empty; an instruction has begun and not ended; one waits for tokens.

    Counters have as many bits as the number of a program's instructions, so none overflows. A token
    counts from the cycle after the one in which it is sent.
    """

    def __init__(self, width: int, depth: int = 16, in_flight: int = 8) -> None:
        self.width = width
        self.depth = depth
        self.in_flight = in_flight
        super().__init__(
            {
                "i": In(stream.Signature(queued_layout(width))),
                "o": Out(stream.Signature(width)),
                "done": In(1),
                "sent": In(len(Unit)),
                "sends": Out(len(Unit)),
                "ending": Out(NUMBER),
                "halt": In(1),
                "clear": In(1),
                "empty": Out(1),
                "begun": Out(1),
                "waits": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the queue, a counter for each unit, and the list of what is in flight."""
        m = Module()
        layout = queued_layout(self.width)
        flying = data.StructLayout({"signals": len(Unit), "number": NUMBER})
        cleared = ResetInserter({"sync": self.clear})
        queue = SyncFIFO(width=layout.size, depth=self.depth)
        flight = SyncFIFO(width=flying.size, depth=self.in_flight)
        m.submodules.queue, m.submodules.flight = cleared(queue), flight
        head = data.View(layout, queue.r_data)
        ending = data.View(flying, flight.r_data)
        ready, begins = Signal(name="tokens_are_there"), Signal(name="begins")
        m.d.comb += [
            queue.w_en.eq(self.i.valid),
            queue.w_data.eq(self.i.payload),
            self.i.ready.eq(queue.w_rdy),
            self.o.valid.eq(queue.r_rdy & ready & flight.w_rdy & ~self.halt),
            self.o.payload.eq(head.content),
            begins.eq(self.o.valid & self.o.ready),
            queue.r_en.eq(begins),
            flight.w_en.eq(begins),
            flight.w_data.eq(Cat(head.signals, head.number)),
            flight.r_en.eq(self.done),
            self.ending.eq(ending.number),
            self.empty.eq(~queue.r_rdy),
            self.begun.eq(flight.r_rdy),
            self.waits.eq(queue.r_rdy & ~ready & ~flight.r_rdy),
        ]
        with m.If(self.done):
            m.d.comb += self.sends.eq(ending.signals)
        lacks = Signal(len(Unit), name="lacks")
        m.d.comb += ready.eq(lacks == 0)
        for unit in Unit:
            tokens = Signal(range(MAXIMUM_INSTRUCTIONS + 1), name=f"tokens_{unit.name.lower()}")
            m.d.comb += lacks[unit].eq(head.waits[unit] & (tokens == 0))
            takes = begins & head.waits[unit]
            with m.If(self.clear):
                m.d.sync += tokens.eq(0)
            with m.Elif(self.sent[unit] & ~takes):
                m.d.sync += tokens.eq(tokens + 1)
            with m.Elif(~self.sent[unit] & takes):
                m.d.sync += tokens.eq(tokens - 1)
        return m

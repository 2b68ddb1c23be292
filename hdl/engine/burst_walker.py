"""Transfers as bursts: runs cut where pages end and where bursts may be no longer."""

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.errors import UserError
from bittrue.hdl.engine.axi import ADDRESS, PAGE

_OFFSET = 50
"""Bits of a place in a region: 2**32 + 2**16 * 2**32 + 2**16 * 2**32, and a run behind it."""


def transfer_layout() -> data.StructLayout:
    """Layout of what loads and stores have in common, and the region that they are in.

    Members as of `golden.engine.instruction.Load`; ``base``, address of the region's first byte, a
    multiple of a word; ``size``, bytes of the region.
    """
    return data.StructLayout(
        {
            "address": 32,
            "run": 32,
            "row_stride": 32,
            "plane_stride": 32,
            "rows": 16,
            "planes": 16,
            "base": ADDRESS,
            "size": 33,
        }
    )


def burst_layout(longest: int) -> data.StructLayout:
    """Layout of a burst.

    Members: ``address``; ``beats``, one less than its words; ``first`` and ``last`` of its
    transfer; ``refused``: the transfer leaves its region or is not aligned, and nothing more of it
    comes; the burst itself is none then.
    """
    return data.StructLayout(
        {
            "address": ADDRESS,
            "beats": range(longest),
            "first": 1,
            "last": 1,
            "refused": 1,
        }
    )


class BurstWalker(wiring.Component):
    """Cut transfers into bursts.

    Runs of each plane after each other, a run from ``address + p * plane_stride + r * row_stride``
    on; a run is cut where a page of 4 KiB ends, and after `longest` words. A run that leaves the
    region ends its transfer with one burst that is ``refused``, before any of its words.

    Parameters
    ----------
    engine : EngineConfiguration
        Whose lanes are the bytes of a word.
    longest : int
        Words of a burst at most: a power of two up to 256, no more than a page.

    Members
    -------
    i : In(stream.Signature(...))
        Transfers; see `transfer_layout`. Rows, planes and run of zero are refused.
    o : Out(stream.Signature(...))
        Bursts; see `burst_layout`.

    A burst every three cycles, from registers; an instruction takes two cycles more.
    """

    def __init__(self, engine: EngineConfiguration, longest: int = 16) -> None:
        if longest & (longest - 1) or not 2 <= longest <= min(256, PAGE // engine.lanes):
            raise UserError(
                f"the longest burst is {longest}; allowed: a power of two, 2 to 256, up to a page"
            )
        self.engine = engine
        self.longest = longest
        super().__init__(
            {
                "i": In(stream.Signature(transfer_layout())),
                "o": Out(stream.Signature(burst_layout(longest))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the places of planes, runs and words, and one burst after the other."""
        m = Module()
        lanes = self.engine.lanes
        shift = (lanes - 1).bit_length()
        transfer = Signal(transfer_layout(), name="transfer")
        plane_place, row_place, place = (
            Signal(_OFFSET, name=f"{name}_place") for name in ("plane", "row", "word")
        )
        plane, row = Signal(16, name="plane"), Signal(16, name="row")
        left = Signal(32, name="left")
        refused, first = Signal(name="refused"), Signal(name="first")
        burst = self.o.payload
        address = Signal(ADDRESS, name="address")
        beats = Signal(range(self.longest + 1), name="words")
        count = Shape.cast(range(PAGE // lanes + 1))
        page = Signal(count, name="page_words")
        run_ends, row_ends = Signal(name="run_ends"), Signal(name="row_ends")
        m.d.comb += [
            self.i.ready.eq(0),
            run_ends.eq(left == beats),
            row_ends.eq(row + 1 == transfer.rows),
            burst.address.eq(address),
            burst.beats.eq(beats - 1),
            burst.first.eq(first),
            burst.refused.eq(refused),
            burst.last.eq(refused | (run_ends & row_ends & (plane + 1 == transfer.planes))),
        ]
        with m.FSM():
            with m.State("IDLE"):
                given = self.i.payload
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += [
                        transfer.eq(given),
                        plane_place.eq(given.address),
                        row_place.eq(given.address),
                        plane.eq(0),
                        row.eq(0),
                        first.eq(1),
                    ]
                    m.next = "RUN"
            with m.State("RUN"):
                moves = (transfer.run != 0) & (transfer.rows != 0) & (transfer.planes != 0)
                ends = row_place + (transfer.run << shift)
                m.d.sync += [
                    place.eq(row_place),
                    left.eq(transfer.run),
                    refused.eq(~moves | (ends > transfer.size) | (row_place[:shift] != 0)),
                ]
                m.next = "PAGE"
            with m.State("PAGE"):
                start = transfer.base + place
                m.d.sync += [
                    address.eq(start),
                    page.eq(PAGE // lanes - start[shift : PAGE.bit_length() - 1]),
                ]
                m.next = "CUT"
            with m.State("CUT"):
                short = Mux(page < self.longest, page, self.longest)
                m.d.sync += beats.eq(Mux(left < short, left, short))
                m.next = "BURST"
            with m.State("BURST"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [
                        first.eq(0),
                        left.eq(left - beats),
                        place.eq(place + (beats << shift)),
                    ]
                    with m.If(burst.last):
                        m.next = "IDLE"
                    with m.Elif(~run_ends):
                        m.next = "PAGE"
                    with m.Elif(row_ends):
                        ahead = plane_place + transfer.plane_stride
                        m.d.sync += [
                            plane_place.eq(ahead),
                            row_place.eq(ahead),
                            row.eq(0),
                            plane.eq(plane + 1),
                        ]
                        m.next = "RUN"
                    with m.Else():
                        m.d.sync += [
                            row_place.eq(row_place + transfer.row_stride),
                            row.eq(row + 1),
                        ]
                        m.next = "RUN"
        return m

"""Ports are called what their modules call the same bits."""

import re

from amaranth.back import rtlil
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.hdl.printer.port_names import name_ports

LANES = stream.Signature(data.ArrayLayout(5, 3))


class Source(wiring.Component):
    """Drives the lanes of a stream from registers of their own."""

    o: Out(LANES)  # type: ignore[valid-type]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        counters = [Signal(5, name=f"counter_{lane}") for lane in range(3)]
        for lane, counter in enumerate(counters):
            m.d.sync += counter.eq(counter + lane)
        m.d.comb += self.o.payload.as_value().eq(Cat(counters[0], counters[2], counters[1]))
        return m


class Sink(wiring.Component):
    """Reads lanes, and parts of a signal that has no lanes."""

    i: In(LANES)  # type: ignore[valid-type]
    word: In(15)  # type: ignore[valid-type]
    o: Out(1)  # type: ignore[valid-type]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.o.eq(self.i.payload[1].xor() ^ self.word.xor())
        return m


class Both(wiring.Component):
    """A source and two sinks, which see the lanes in other orders."""

    o: Out(2)  # type: ignore[valid-type]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.source = source = Source()
        for number in range(2):
            m.submodules[f"sink_{number}"] = sink = Sink()
            lanes = [source.o.payload[lane] for lane in range(3)]
            m.d.comb += [
                sink.i.payload.as_value().eq(Cat(lanes[number:], lanes[:number])),
                sink.word.eq(Cat(lanes[::-1])),
                self.o[number].eq(sink.o),
            ]
        return m


def ports(text: str) -> dict[str, set[str]]:
    """Return the ports of each module, without clock and reset."""
    found = {}
    for kind, body in re.findall(r"^module \\(\S+)\n(.*?)^end\n", text, re.M | re.S):
        names = re.findall(r"^  wire .*(?:input|output) \d+ .*\\(\S+)$", body, re.M)
        found[kind] = set(names) - {"clk", "rst"}
    return found


def test_lanes_are_called_after_their_stream() -> None:
    text = rtlil.convert(Both(), name="top", emit_src=False)
    assert "port$" in text
    named = name_ports(text)
    assert "port$" not in named
    assert ports(named) == {
        "top": {"o"},
        "top.source": {"counter_0", "counter_1", "counter_2"},
        "top.sink_0": {"i__payload[0]", "i__payload[1]", "i__payload[2]", "o"},
        "top.sink_1": {"i__payload[0]", "i__payload[1]", "i__payload[2]", "o"},
    }


def test_names_stay_when_something_else_changes() -> None:
    """The numbers of cells in the netlist do, so they must not be part of a name."""

    class Larger(Both):
        def elaborate(self, platform: object) -> Module:
            m = super().elaborate(platform)
            extra = Signal(9)
            m.d.sync += extra.eq(extra * 3 + 1)
            m.d.comb += self.o[0].eq(extra[3])
            return m

    plain, larger = (rtlil.convert(each, name="top", emit_src=False) for each in (Both(), Larger()))
    assert ports(name_ports(plain))["top.sink_1"] == ports(name_ports(larger))["top.sink_1"]


CROWDED = r"""module \top.inner
  wire width 1 input 0 \port$1$0
  wire width 1 input 1 \port$2$0
  wire width 1 output 2 \o
  wire width 1 \x$3
  wire width 1 \x
  wire width 1 \x_2
connect \x$3 \port$1$0 [0]
connect \x \port$2$0 [0]
connect \x_2 1'1
connect \o \x_2 [0]
end
module \top
  wire width 1 input 0 \a
  wire width 1 output 1 \o
  cell \top.inner \inner
    connect \port$1$0 \a [0]
    connect \port$2$0 \a [0]
    connect \o \o [0]
  end
end
"""
"""A module whose wires have the names that its ports would get one after the other."""


def test_no_port_gets_the_name_of_a_wire() -> None:
    named = name_ports(CROWDED)
    for body in re.findall(r"^module \\\S+\n(.*?)^end\n", named, re.M | re.S):
        names = re.findall(r"^  wire .*?(\S+)$", body, re.M)
        assert len(set(names)) == len(names), names
    assert ports(named)["top.inner"] == {"x", "x_2", "o"}
    # What is driven is what was driven.
    assert re.search(r"^connect (\S+) 1'1\nconnect \\o \1 \[0\]$", named, re.M)

"""Wires between streams."""

from typing import Any

from amaranth.hdl import Module, ValueLike


def connect(m: Module, source: Any, sink: Any, payload: ValueLike | None = None) -> None:
    """Connect the end of one stream to the beginning of another.

    Parameters
    ----------
    m : Module
        Receives the statements.
    source, sink : stream interfaces
        What delivers, and what takes, as seen from here.
    payload : ValueLike, optional
        Delivered in place of the source's own payload.
    """
    given = source.payload.as_value() if payload is None else payload
    m.d.comb += [
        sink.valid.eq(source.valid),
        sink.payload.as_value().eq(given),
        source.ready.eq(sink.ready),
    ]


def feed(m: Module, source: Any, sink: Any, payload: ValueLike | None = None) -> None:
    """Connect parts neither of which ever waits; see `connect`."""
    given = source.payload.as_value() if payload is None else payload
    m.d.comb += [sink.valid.eq(source.valid), sink.payload.as_value().eq(given)]

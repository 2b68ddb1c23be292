"""Vectors that arrive in several beats."""

from typing import Any

from amaranth.hdl import C, Module, Signal, Value


class Chunks:
    """Tells the first and the last beat of each vector on a stream.

    Parameters
    ----------
    m : Module
        Receives the statements.
    i : stream interface
        As seen from inside the component.
    count : int
        Beats of a vector, at least 1; counted from reset.

    Attributes
    ----------
    first, last : Value
        Whether the beat offered on `i` is the first or the last one; constants when `count` is 1.
    """

    def __init__(self, m: Module, i: Any, count: int) -> None:
        self.first: Value = C(1)
        self.last: Value = C(1)
        if count == 1:
            return
        chunk = Signal(range(count))
        self.first = ~chunk.any()
        self.last = chunk == count - 1
        with m.If(i.valid & i.ready):
            with m.If(self.last):
                m.d.sync += chunk.eq(0)
            with m.Else():
                m.d.sync += chunk.eq(chunk + 1)

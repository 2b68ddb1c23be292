"""Images that pass on several streams, each in its own time."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value

_WIDTH = 32
"""Bits of a number of images by which one stream is ahead of another."""


def all_of(m: Module, name: str, passes: Sequence[Value]) -> Value:
    """Return whether another image has now passed on every stream.

    Parameters
    ----------
    m : Module
        Receives the counters, in the domain ``core``.
    name : str
        Their names begin with it.
    passes : sequence of Value
        Whether an image passes on each stream in this cycle.
    """
    if len(passes) == 1:
        return passes[0]
    every = Signal(name=f"{name}_everywhere")
    ahead = [Signal(_WIDTH, name=f"{name}_ahead_{index}") for index in range(len(passes))]
    m.d.comb += every.eq(
        Cat(one | (count != 0) for one, count in zip(passes, ahead, strict=True)).all()
    )
    for one, count in zip(passes, ahead, strict=True):
        with m.If(one & ~every):
            m.d.core += count.eq(count + 1)
        with m.Elif(every & ~one):
            m.d.core += count.eq(count - 1)
    return every


def any_of(m: Module, name: str, passes: Sequence[Value]) -> tuple[Value, list[Value]]:
    """Return whether an image now passes on the first stream of all, and who is behind.

    Parameters
    ----------
    m, name, passes
        As `all_of` has them; several streams.

    Returns
    -------
    Value
        Whether one that is not behind has another image.
    list of Value
        For each stream, whether another has had more images.
    """
    first = Signal(name=f"{name}_first")
    behind = [Signal(_WIDTH, name=f"{name}_behind_{index}") for index in range(len(passes))]
    m.d.comb += first.eq(
        Cat(one & (count == 0) for one, count in zip(passes, behind, strict=True)).any()
    )
    for one, count in zip(passes, behind, strict=True):
        with m.If(first & ~one):
            m.d.core += count.eq(count + 1)
        with m.Elif(one & ~first):
            m.d.core += count.eq(count - 1)
    return first, [count != 0 for count in behind]

"""Where in an image a stream is."""

from collections.abc import Sequence

from amaranth.hdl import C, Module, Signal, Value


class Position:
    """Counts beats through the dimensions of an image, over and over again.

    Parameters
    ----------
    m : Module
        Receives the statements.
    name : str
        Prefix of the counters' names.
    sizes : sequence of int
        Beats along each dimension, each at least 1; the last dimension runs fastest.
    step : Value
        Whether a beat passes in this cycle.

    Attributes
    ----------
    index : tuple of Value
        Of the beat, along each dimension; a constant where the size is 1.
    last : Value
        Whether the beat is the last one of an image.
    """

    def __init__(self, m: Module, name: str, sizes: Sequence[int], step: Value) -> None:
        index: list[Value] = []
        moving, last = step, C(1)
        for dimension, size in reversed(list(enumerate(sizes))):
            if size == 1:
                index.append(C(0))
                continue
            counter = Signal(range(size), name=f"{name}_{dimension}")
            ends = counter == size - 1
            with m.If(moving):
                with m.If(ends):
                    m.d.sync += counter.eq(0)
                with m.Else():
                    m.d.sync += counter.eq(counter + 1)
            moving, last = moving & ends, last & ends
            index.append(counter)
        self.index = tuple(reversed(index))
        self.last = last

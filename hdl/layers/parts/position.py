"""Where in an image a stream is."""

from collections.abc import Sequence

from amaranth.hdl import C, Module, Mux, Signal, Value


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
    ends : tuple of Value
        For each dimension, whether the beat is the last one along it and all faster ones: the last
        of the image for dimension 0.
    """

    def __init__(self, m: Module, name: str, sizes: Sequence[int], step: Value) -> None:
        index: list[Value] = []
        ends: list[Value] = []
        last: Value = C(1)
        for dimension, size in reversed(list(enumerate(sizes))):
            here: Value = C(0)
            if size > 1:
                here = Signal(range(size), name=f"{name}_{dimension}")
                at_end = here == size - 1
                with m.If(step & last):
                    m.d.sync += here.eq(Mux(at_end, 0, here + 1))
                last = last & at_end
            index.append(here)
            ends.append(last)
        self.index = tuple(reversed(index))
        self.ends = tuple(reversed(ends))

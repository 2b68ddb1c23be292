"""Sums of windows to averages."""

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from golden.graph import AveragePool, Tensor
from golden.lowering.certify import certified_average
from golden.numbers.integer_type import IntegerType
from hdl.layers.beatwise import Beatwise
from hdl.layers.codes import Int64, code_stream
from hdl.layers.position import Position
from hdl.units.certified_requant import CertifiedRequantizer, certified_latency


class WindowAverage(Beatwise):
    """Divide the sum of each window by the number of its taps that lie inside the tensor.

        o[j] = clamp(half_away(i[j] / taps inside))

    Parameters
    ----------
    node : AveragePool
        Windows and clamp.
    tensor : Tensor
        What they slide over.
    accumulator : IntegerType
        Signed; holds every sum.
    lanes : int
        Elements of a beat, a divisor of the channels.
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    i : In(code_stream(accumulator, lanes))
        Sums, in the order of the output's elements.
    o : Out(code_stream(type of the tensor, lanes))
        Averages.

    Latency `latency` cycles, one beat per cycle. Nothing in it ever waits: ``i.ready`` is always
    high, and ``o.ready`` must be. There are a few kinds of rows and of columns, by the taps that
    windows have inside; each pair of kinds is an entry of one certificate, so a division is a
    multiplication, an addition and a shift, and exact for every sum that can occur.
    """

    def __init__(
        self,
        node: AveragePool,
        tensor: Tensor,
        accumulator: IntegerType,
        lanes: int,
        name: str = "average",
    ) -> None:
        self.node = node
        self.accumulator = accumulator
        self.name = name
        inside = node.window.taps_inside(tensor.shape)
        self._sizes = [*inside.shape, tensor.channels // lanes]
        _, rows, self._row_kinds = np.unique(inside, axis=0, return_index=True, return_inverse=True)
        _, columns, self._column_kinds = np.unique(
            inside, axis=1, return_index=True, return_inverse=True
        )
        self.taps: Int64 = inside[np.ix_(rows, columns)]
        self.division = certified_average(
            self.taps.ravel(), tensor.type, node.minimum, node.maximum
        )
        super().__init__(
            {"i": In(code_stream(accumulator, lanes)), "o": Out(code_stream(tensor.type, lanes))},
            lanes,
        )

    @property
    def latency(self) -> int:
        """Cycles from accepted sums to their averages."""
        return certified_latency(self.division.certificate)

    def elaborate(self, platform: object) -> Module:
        """Follow the position of the window, and hand each lane to its divider."""
        m = Module()
        beat = self.i.valid
        row, column, _ = Position(m, "position", self._sizes, beat).index
        kind = _kind(m, "row_kind", row, self._row_kinds) * self.taps.shape[1]
        kind = kind + _kind(m, "column_kind", column, self._column_kinds)
        dividers = [
            CertifiedRequantizer(
                self.division.certificate,
                self.accumulator,
                self.division.output,
                self.name,
                stalls=False,
            )
            for _ in range(self.lanes)
        ]
        for lane, divider in enumerate(dividers):
            m.submodules[f"divider_{lane}"] = divider
            m.d.comb += [
                divider.i.valid.eq(self.i.valid),
                divider.i.payload.accumulator.eq(self.i.payload[lane]),
                divider.i.payload.channel.eq(kind),
                divider.o.ready.eq(1),
            ]
        m.d.comb += [
            self.i.ready.eq(1),
            self.o.valid.eq(dividers[0].o.valid),
            self.o.payload.as_value().eq(Cat(divider.o.payload for divider in dividers)),
        ]
        return m


def _kind(m: Module, name: str, place: Value, kinds: Int64) -> Value:
    """Return the kind of a row or column; most have the same one."""
    usual = int(np.bincount(kinds).argmax())
    kind = Signal(range(int(kinds.max()) + 1), init=usual, name=name)
    with m.Switch(place):
        for other in set(kinds.tolist()) - {usual}:
            with m.Case(*np.flatnonzero(kinds == other).tolist()):
                m.d.comb += kind.eq(other)
    return kind

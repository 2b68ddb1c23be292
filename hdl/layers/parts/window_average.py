"""Sums of windows to averages."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from bittrue.golden.graph import Tensor, Window
from bittrue.golden.graph.requantization import Certified
from bittrue.golden.lowering.certify import certified_average
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.parts.beatwise import Beatwise
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.position import Position
from bittrue.hdl.units.certified_requant import CertifiedRequantizer, certified_latency


@dataclass(frozen=True, eq=False)
class WindowAverageSpec:
    """The division of the sums of windows by the number of their taps that lie inside a tensor.

    Parameters
    ----------
    window : Window
    minimum, maximum : int
        Least and greatest code.
    tensor : Tensor
        What the windows slide over.
    accumulator : IntegerType
        Signed; holds every sum.
    lanes : int
        Elements of a beat, a divisor of the channels.
    """

    window: Window
    minimum: int
    maximum: int
    tensor: Tensor
    accumulator: IntegerType
    lanes: int

    @cached_property
    def inside(self) -> Int64:
        """Taps of each window that lie inside, shape (height, width) of the output."""
        return self.window.taps_inside(self.tensor.shape)

    @cached_property
    def kinds(self) -> tuple[Int64, Int64, Int64]:
        """Taps inside by kinds of rows and columns; the kind of each row, and of each column."""
        _, rows, row_kinds = np.unique(self.inside, axis=0, return_index=True, return_inverse=True)
        _, columns, column_kinds = np.unique(
            self.inside, axis=1, return_index=True, return_inverse=True
        )
        return self.inside[np.ix_(rows, columns)], row_kinds, column_kinds

    @cached_property
    def division(self) -> Certified:
        """An entry for each pair of kinds."""
        taps = self.kinds[0].ravel()
        return certified_average(taps, self.tensor.type, self.minimum, self.maximum)

    @property
    def latency(self) -> int:
        """Cycles from accepted sums to their averages."""
        return certified_latency(self.division.certificate)


class WindowAverage(Beatwise):
    """Divide the sum of each window by the number of its taps that lie inside the tensor.

        o[j] = clamp(half_away(i[j] / taps inside))

    Parameters
    ----------
    spec : WindowAverageSpec
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    i : In(code_stream(accumulator, lanes))
        Sums, in the order of the output's elements.
    o : Out(code_stream(type of the tensor, lanes))
        Averages.

    Latency `latency` cycles; one beat per cycle. Nothing in it ever waits: ``i.ready`` is always
    high, and ``o.ready`` must be. There are few kinds of rows and of columns, by the taps that
    windows have inside; each pair of kinds is an entry of one certificate, so a division is a
    multiplication, an addition and a shift, and exact for every sum that can occur.
    """

    def __init__(self, spec: WindowAverageSpec, name: str = "average") -> None:
        self.spec = spec
        self.name = name
        super().__init__(
            {
                "i": In(code_stream(spec.accumulator, spec.lanes)),
                "o": Out(code_stream(spec.tensor.type, spec.lanes)),
            },
            spec.lanes,
        )

    @property
    def latency(self) -> int:
        """Cycles from accepted sums to their averages."""
        return self.spec.latency

    def elaborate(self, platform: object) -> Module:
        """Follow the position of the window, and hand each lane to its divider."""
        m = Module()
        beat = self.i.valid
        spec = self.spec
        sizes = [*spec.inside.shape, spec.tensor.channels // spec.lanes]
        row, column, _ = Position(m, "position", sizes, beat).index
        taps, row_kinds, column_kinds = spec.kinds
        kind = _kind(m, "row_kind", row, row_kinds) * taps.shape[1]
        kind = kind + _kind(m, "column_kind", column, column_kinds)
        dividers = [
            CertifiedRequantizer(
                spec.division.certificate,
                spec.accumulator,
                spec.division.output,
                self.name,
                stalls=False,
            )
            for _ in range(spec.lanes)
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

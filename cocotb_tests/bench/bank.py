"""Units side by side that take the same beats in step, to try many modes in one simulation."""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_
from typing import Any

import numpy as np
from amaranth.hdl import Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.flows.simulation.bench.cosimulation import Run
from bittrue.flows.simulation.bench.payload import Columns
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType

Feed = Callable[[str, Any, data.View], list[Any]]
"""From a unit's name, its input payload and the bank's payload: what the unit is given."""


class Bank(wiring.Component):
    """Units with streams ``i`` and ``o``, those of shorter latency waiting for the others.

    Parameters
    ----------
    units : mapping of str to Component
        By name.
    payload : mapping of str to ShapeLike
        What the bank takes in a beat.
    feed : callable
        Connects a unit's payload.

    Members
    -------
    i : In(stream.Signature(...))
        `payload`; a beat is taken when all units take it.
    o : Out(stream.Signature(...))
        The result of each unit, by its name, when all of them have one.
    """

    def __init__(
        self,
        units: Mapping[str, wiring.Component],
        payload: Mapping[str, Any],
        feed: Feed,
    ) -> None:
        self.units = dict(units)
        self._feed = feed
        results = {name: unit.o.payload.shape() for name, unit in units.items()}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(dict(payload)))),
                "o": Out(stream.Signature(data.StructLayout(results))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join the streams of all units."""
        m = Module()
        ready: list[Value] = []
        valid: list[Value] = []
        for name, unit in self.units.items():
            m.submodules[name] = unit
            m.d.comb += [
                *self._feed(name, unit.i.payload, self.i.payload),
                unit.i.valid.eq(self.i.valid & self.i.ready),
                unit.o.ready.eq(self.o.ready & self.o.valid),
                self.o.payload[name].eq(unit.o.payload),
            ]
            ready.append(unit.i.ready)
            valid.append(unit.o.valid)
        m.d.comb += [
            self.i.ready.eq(reduce(and_, ready)),
            self.o.valid.eq(reduce(and_, valid)),
        ]
        return m


def scenario(name: str, beats: Columns, expected: Columns) -> Scenario:
    """Return a run through a bank, which promises no cycle."""
    count = len(next(iter(expected.values())))
    return Scenario(name, Run({"i": beats}, {"o": count}), {"o": expected})


def grid(*sizes: int) -> list[Int64]:
    """Return all combinations of codes below the sizes, a column for each."""
    return [axis.ravel() for axis in np.meshgrid(*map(np.arange, sizes))]


def value_of(codes: Int64, kind: IntegerType) -> Int64:
    """Return what the low bits of codes stand for in a type."""
    low = codes & ((1 << kind.width) - 1)
    return np.where(low > kind.maximum, low - (1 << kind.width), low)

"""A user's own circuit in a simulator, compared with what it should make."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from amaranth.lib import wiring
from numpy.typing import ArrayLike

from bittrue.flows.simulation.bench import cosimulation as bench
from bittrue.flows.simulation.bench.harness import Harness, StreamPort
from bittrue.flows.simulation.bench.scenario import Scenario, Verdict, judge, record_waves
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.printer.component_ports import payload_fields
from bittrue.hdl.printer.verilog_output import Design, to_verilog
from bittrue.simulation import BUILDS

Beats = ArrayLike | Mapping[str, ArrayLike]
"""The beats of a stream: one number each, or the fields of a structured payload by name."""


@dataclass(frozen=True, eq=False)
class Cosimulation:
    """An Amaranth component as Verilog in a simulator, between random pauses.

    Parameters
    ----------
    component : amaranth.lib.wiring.Component
        With `amaranth.lib.stream` ports, one at least at each end, and plain inputs.
    name : str
        Of its Verilog module.
    simulator : {"verilator", "icarus"}
    builds : str or Path
        A folder where builds are kept; equal circuits are built once. Files of the latest run are
        below ``NAME-SIMULATOR`` in it.

    Raises
    ------
    UserError
        If there is no bench for such ports, or no such simulator.

    Examples
    --------
    A component that adds one, its numbers beside it:

    >>> import bittrue, numpy as np
    >>> from amaranth.hdl import Module
    >>> from amaranth.lib import stream, wiring
    >>> class Increment(wiring.Component):
    ...     i: wiring.In(stream.Signature(8))
    ...     o: wiring.Out(stream.Signature(8))
    ...     def elaborate(self, platform):
    ...         m = Module()
    ...         m.d.comb += [self.o.payload.eq(self.i.payload + 1),
    ...                      self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
    ...         return m
    >>> numbers = np.arange(256)
    >>> bench = bittrue.Cosimulation(Increment(), "increment", simulator="icarus")
    >>> verdict = bench.compare({"i": numbers}, {"o": (numbers + 1) % 256}, stall=64)
    >>> print(verdict)
    increment: 256 outputs compared, 0 differed, on icarus (seed 1)
    >>> verdict = bench.compare({"i": numbers}, {"o": numbers + 1})
    >>> verdict.passed, verdict.problems[0]
    (False, 'run: 1 of 256 beats of o differ, first beat 255: o is 0, expected 256, at cycle 256 \
(input: payload 255)')
    """

    component: wiring.Component
    name: str = "circuit"
    simulator: str = "verilator"
    builds: str | Path = field(default=BUILDS)

    def __post_init__(self) -> None:
        Harness.of(self.component, self.name)

    @cached_property
    def design(self) -> Design:
        """The circuit's Verilog, and its ROM files."""
        return to_verilog(self.component, self.name)

    def compare(
        self,
        inputs: Mapping[str, Beats],
        expected: Mapping[str, Beats],
        stall: int | Mapping[str, int] = 0,
        controls: Mapping[str, int] | None = None,
        seed: int = 1,
        cycles: Mapping[str, ArrayLike] | None = None,
        patience: int = bench.DEFAULT_PATIENCE,
        waves: bool = False,
    ) -> Verdict:
        """Stream beats through the circuit, and compare every one that comes out.

        Parameters
        ----------
        inputs, expected : mapping of str to array, or to mapping of str to array
            By port; the beats of each stream in order, for a structured payload its fields by
            name.
        stall : int, or mapping of str to int
            Probability of a pause per cycle in 1/256, at all ports or by port.
        controls : mapping of str to int, optional
            Values of plain inputs; 0 by default.
        seed : int
            Of the pauses.
        cycles : mapping of str to array, optional
            By output port: the cycle in which each beat must come, where that is promised; the
            first in which an input can be taken is 1.
        patience : int
            Cycles without any transfer after which the circuit is given up as hung.
        waves : bool
            Whether to run again and write ``waves.vcd``, the cycles around the first difference.

        Returns
        -------
        Verdict
            Beats are compared for equality; surplus or missing ones, a payload that changes while
            it waits, unknown bits and a circuit that hangs are problems, too.

        Raises
        ------
        UserError
            If a port is missing or unknown, or a number does not fit it.
        ExecutionError
            If the simulator is missing or fails.
        """
        harness = Harness.of(self.component, self.name)
        beats = _columns("inputs", inputs, harness.sources)
        wanted = _columns("expected", expected, harness.sinks)
        streams = [port.name for port in harness.streams]
        stalls = dict.fromkeys(streams, stall) if isinstance(stall, int) else stall
        promised = {name: np.asarray(each, np.int64) for name, each in (cycles or {}).items()}
        _check_names("stall", stalls, streams)
        _check_names("cycles", promised, wanted)
        _check_names("controls", controls or {}, [port.name for port in harness.controls])
        run = bench.Run(
            beats,
            {name: _count(columns) for name, columns in wanted.items()},
            stalls,
            controls or {},
            seed=seed,
            patience=patience,
        )
        scenario = Scenario("run", run, wanted, promised)
        builds = Path(self.builds)
        circuit = bench.Cosimulation(self.component, self.design, self.simulator, builds)
        with run_folder(builds / f"{self.name}-{self.simulator}") as work:
            verdict = judge(circuit, [scenario], seed, work)
            if waves:
                record_waves(circuit, [scenario], verdict, work)
        return verdict


def _columns(
    what: str, given: Mapping[str, Beats], ports: Sequence[StreamPort]
) -> dict[str, dict[str, Int64]]:
    if set(given) != {port.name for port in ports}:
        raise UserError(
            f"{what} are given for {', '.join(given) or 'no port'}; the circuit's are "
            f"{', '.join(port.name for port in ports)}"
        )
    return {port.name: _fields(f"{what} of {port.name}", given[port.name], port) for port in ports}


def _fields(what: str, beats: Beats, port: StreamPort) -> dict[str, Int64]:
    """Return the columns of a stream, in the order of its payload's fields."""
    fields = beats if isinstance(beats, Mapping) else {"": beats}
    names = [name for name, _, _ in payload_fields(port.shape)]
    if set(fields) != set(names):
        raise UserError(
            f"{what} has fields {', '.join(map(repr, fields)) or 'none'}; the payload's are "
            f"{', '.join(map(repr, names))}"
        )
    columns = {name: np.asarray(fields[name]) for name in names}
    if any(each.dtype.kind not in "iu" or each.ndim != 1 for each in columns.values()):
        raise UserError(f"{what} is no array of integers in one dimension, one for each beat")
    if len({len(each) for each in columns.values()}) != 1:
        raise UserError(f"{what} has fields of different lengths; allowed: one for each beat")
    return {name: each.astype(np.int64) for name, each in columns.items()}


def _check_names(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted({*given} - {*known})
    if unknown:
        raise UserError(
            f"{what} names {', '.join(unknown)}; allowed: {', '.join(known) or 'nothing'}"
        )


def _count(columns: Mapping[str, Int64]) -> int:
    return len(next(iter(columns.values())))

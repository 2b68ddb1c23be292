"""Whether a network is the same everywhere: in golden, in ONNX Runtime, and in simulators."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from bittrue.flows.fuzzing.case import random_codes
from bittrue.flows.fuzzing.reference import reference_codes
from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Outcome
from bittrue.flows.simulation.bench.scenario import Scenario, compare
from bittrue.flows.simulation.bench.side_by_side import SideBySide, merged
from bittrue.flows.simulation.network import network_scenario
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.golden.errors import ExecutionError, UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.graph import Graph, file
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.network.connections import Connections
from bittrue.hdl.network.spec import NetworkSpec
from bittrue.hdl.printer.verilog_output import to_verilog

Value = TypeVar("Value")

_PACED_CYCLES = 300
"""For how long a circuit runs at full speed at least, filling included."""

_PACED_IMAGES = 6
_STALLED_IMAGES = 2
_PATIENCE = 1_500
"""Cycles without a beat after which a circuit hangs, if an image takes less than a tenth of it."""


def golden_problem(graph: Graph, codes: Mapping[str, Int64], optimized: bool) -> str:
    """Return what differs between golden and ONNX Runtime; empty if nothing does.

    The graph is written as a file and read again first.

    Raises
    ------
    UserError
        If ONNX cannot say what the graph computes.
    ExecutionError
        If ONNX Runtime is missing.
    """
    try:
        written = file.dumps(graph)
        read = file.loads(written)
        if file.dumps(read) != written:
            return "the graph's file is another one when it is read and written again"
        expected = reference_codes(graph, codes, optimized)
        for name, got in Executor(read).run(dict(codes)).items():
            if got.shape != expected[name].shape:
                return f"{name} has shape {got.shape}, ONNX Runtime's {expected[name].shape}"
            wrong = np.argwhere(got.astype(np.int64) != expected[name].astype(np.int64))
            if len(wrong):
                place = tuple(wrong[0].tolist())
                return (
                    f"{len(wrong)} of {got.size} codes of {name} differ, at {place} it is "
                    f"{int(got[place])}, ONNX Runtime's {int(expected[name][place])}"
                )
    except (UserError, ExecutionError):
        raise
    except Exception as error:
        return raised(error)
    return ""


def raised(error: Exception) -> str:
    """Return an exception that should not have come, in one line."""
    return f"raised {type(error).__name__}: {' '.join(str(error).split())[:300]}"


@dataclass(frozen=True, eq=False)
class Circuit:
    """A circuit that is compared with golden.

    Parameters
    ----------
    spec : NetworkSpec
    stall : (int, int)
        Pauses of inputs and of outputs in the second scenario, in 1/256 a cycle.
    seed : int
        Of codes and pauses.
    """

    spec: NetworkSpec
    stall: tuple[int, int]
    seed: int

    @property
    def planned(self) -> int:
        """Cycles between images."""
        return Connections(self.spec).interval

    def scenarios(self, network: Network) -> list[Scenario]:
        """Return images back to back, and after a reset others with pauses."""
        images = max(_PACED_IMAGES, _PACED_CYCLES // self.planned)
        fast = self._scenario(network, "full speed", images, (0, 0))
        slow = self._scenario(network, "with pauses", _STALLED_IMAGES, self.stall)
        return [fast, slow]

    def _scenario(
        self, network: Network, name: str, images: int, stall: tuple[int, int]
    ) -> Scenario:
        graph = self.spec.graph
        codes = random_codes(graph, images, np.random.default_rng([self.seed, images]))
        golden = Executor(graph).run(codes)
        pauses = dict(zip("io", stall, strict=True))
        scenario = network_scenario(network, name, codes, golden, pauses, self.seed % 65_521 + 1)
        patience = max(_PATIENCE, 10 * self.planned)
        return replace(scenario, run=replace(scenario.run, patience=patience))


def circuit_problems(
    circuits: Mapping[str, Circuit], simulator: str, folder: Path
) -> dict[str, str]:
    """Simulate circuits side by side, and return what is wrong with those that have a fault.

    Codes are golden's, images come as often as planned, and no stream breaks its rules.

    Parameters
    ----------
    circuits : mapping of str to Circuit
        By names of letters and digits.
    simulator : {"verilator", "icarus"}
    folder : Path
        Where builds and runs go.
    """
    try:
        return _simulated(circuits, simulator, folder)
    except Exception as error:
        if len(circuits) == 1:
            return {name: raised(error) for name in circuits}
    # One of them is at fault; which, they say each alone.
    found: dict[str, str] = {}
    for name, circuit in circuits.items():
        found |= circuit_problems({name: circuit}, simulator, folder)
    return found


def _simulated(circuits: Mapping[str, Circuit], simulator: str, folder: Path) -> dict[str, str]:
    networks = {
        name: Network(replace(circuit.spec, prefix=f"{name}_"))
        for name, circuit in circuits.items()
    }
    scenarios = {name: circuits[name].scenarios(network) for name, network in networks.items()}
    bank = SideBySide(networks)
    design = to_verilog(bank, "fuzzed")
    cosimulation = Cosimulation(bank, design, simulator, folder, optimisation="-O0")
    together = merged(scenarios)
    with run_folder(folder / f"fuzzed-{simulator}") as work:
        outcomes = cosimulation.run([each.run for each in together], work)
    problems = {}
    for name, own in scenarios.items():
        each = [_outcome_of(name, outcome) for outcome in outcomes]
        verdict = compare(cosimulation, own, each, circuits[name].seed)
        found = verdict.problems or _wrong_pace(circuits[name], networks[name], each[0])
        if found:
            problems[name] = found[0]
    return problems


def _outcome_of(name: str, outcome: Outcome) -> Outcome:
    """Return what one circuit of several did."""
    start = f"{name}_"

    def own(values: Mapping[str, Value]) -> dict[str, Value]:
        return {key.removeprefix(start): v for key, v in values.items() if key.startswith(start)}

    return replace(
        outcome,
        outputs=own(outcome.outputs),
        cycles=own(outcome.cycles),
        taken=own(outcome.taken),
        violations=own(outcome.violations),
        unknowns=own(outcome.unknowns),
        hung=False,  # Beats that are missing say so.
    )


def _wrong_pace(circuit: Circuit, network: Network, outcome: Outcome) -> list[str]:
    """Return a complaint if images do not come as often as planned.

    Those of the second half do; the first ones fill FIFOs.
    """
    spec = network.spec
    ends = [
        outcome.cycles[port].reshape(-1, spec.beats_of(name))[:, -1]
        for name, port in spec.output_streams.items()
    ]
    last = np.max(ends, axis=0)
    intervals = np.diff(last[len(last) // 2 :])
    if (intervals == circuit.planned).all():
        return []
    found = ", ".join(map(str, sorted({int(each) for each in intervals})))
    return [f"images come every {found} cycles, planned: {circuit.planned}"]

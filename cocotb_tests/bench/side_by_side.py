"""Several circuits in one bench, so that one build and one simulation test them all."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.lib import wiring

from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Run
from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario, Verdict
from bittrue.flows.simulation.bench.side_by_side import SideBySide, merged
from bittrue.flows.units import UNITS
from bittrue.golden.graph import Node, Tensor
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.printer.verilog_output import to_verilog
from cocotb_tests.bench.checking import verdict_on
from cocotb_tests.scenarios import scenarios_of

Circuits = dict[str, tuple[wiring.Component, list[Scenario]]]
"""Circuits with their scenarios, by name."""


def build(cases: Mapping[str, str]) -> Circuits:
    """Return circuits with their scenarios, from ``unit name=value ...`` by name."""
    circuits = {}
    for name, (unit, *words) in ((name, text.split()) for name, text in cases.items()):
        if "name" in UNITS[unit].parameters:
            words.append(f"name={name}")
        parameters = UNITS[unit].parse(words)
        component = UNITS[unit].build(**parameters)
        circuits[name] = component, scenarios_of(unit, component, parameters, 5, quick=True)
    return circuits


def judge_together(
    circuits: Circuits,
    simulator: str,
    builds: Path,
    work: Path,
) -> Verdict:
    """Run several circuits, each with its own scenarios, in one simulation."""
    together = SideBySide({name: circuit for name, (circuit, _) in circuits.items()})
    scenarios = merged({name: own for name, (_, own) in circuits.items()})
    return verdict_on(together, "side_by_side", scenarios, simulator, builds, work)


def circuits_at_fault(verdict: Verdict, circuits: Sequence[str]) -> set[str]:
    """Return the circuits of which an output stream is named in a problem of its own."""
    own = [problem for problem in verdict.problems if "hung after" not in problem]
    return {name for name in circuits if any(f" {name}_o" in problem for problem in own)}


def faults_caught(
    cases: Mapping[str, str],
    faults: Mapping[str, tuple[str, Callable[[Any], None]]],
    simulator: str,
    builds: Path,
    work: Path,
) -> set[str]:
    """Return the names of the faults that show, each in a circuit of its own.

    Parameters
    ----------
    cases : mapping of str to str
        As `build` takes them.
    faults : mapping of str to (str, callable)
        A case by name, and what is done to its circuit before it is built.
    """
    circuits = build({name: cases[case] for name, (case, _) in faults.items()})
    for name, (circuit, _) in circuits.items():
        faults[name][1](circuit)
    verdict = judge_together(circuits, simulator, builds, work)
    return circuits_at_fault(verdict, list(circuits))


def image_intervals(
    circuits: Mapping[str, tuple[Any, Node, Tensor]], simulator: str, builds: Path, work: Path
) -> dict[str, Int64]:
    """Return the cycles between images of layers, each with its node and what it reads.

    Nothing waits for anything but the layer.
    """
    images = 4
    inputs, outputs = {}, {}
    for name, (circuit, node, tensor) in circuits.items():
        lanes_in, lanes_out = len(circuit.i.payload), len(circuit.o.payload)
        beats = images * tensor.elements // lanes_in
        inputs[f"{name}_i"] = lanes_of("", np.zeros((beats, lanes_in), dtype=np.int64))
        outputs[f"{name}_o"] = images * node.infer(tensor).tensor.elements // lanes_out
    bank = SideBySide({name: circuit for name, (circuit, _, _) in circuits.items()})
    design = to_verilog(bank, "layers")
    cosimulation = Cosimulation(bank, design, simulator, builds, optimisation="-O0")
    outcome = cosimulation.run([Run(inputs, outputs)], work)[0]
    return {
        name: np.diff(outcome.cycles[f"{name}_o"].reshape(images, -1)[:, -1]) for name in circuits
    }

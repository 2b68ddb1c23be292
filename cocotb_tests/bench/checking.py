"""Building a circuit and judging it, for tests."""

from collections.abc import Sequence
from pathlib import Path

from amaranth.lib import wiring

from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Scenario, Verdict, judge
from bittrue.hdl.printer.verilog_output import to_verilog


def verdict_on(
    component: wiring.Component,
    name: str,
    scenarios: Sequence[Scenario],
    simulator: str,
    builds: Path,
    work: Path,
    seed: int = 1,
) -> Verdict:
    """Run scenarios on a component in a simulator, compiled quickly rather than to run fast."""
    design = to_verilog(component, name)
    cosimulation = Cosimulation(component, design, simulator, builds, optimisation="-O0")
    return judge(cosimulation, scenarios, seed, work)

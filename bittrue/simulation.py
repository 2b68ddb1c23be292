"""The Verilog of a planned network in a simulator, compared with golden."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from numpy.typing import ArrayLike

from bittrue.flows.arguments.code_files import Codes, in_model_layout
from bittrue.flows.planning.plan import circuit_graph
from bittrue.flows.simulation import network as simulated
from bittrue.flows.simulation.bench.cosimulation import Cosimulation
from bittrue.flows.simulation.bench.scenario import Verdict, compare
from bittrue.flows.simulation.network import Pace
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.flows.simulation.simulators.toolchain import check_simulator
from bittrue.golden.errors import UserError
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.networks import input_codes
from bittrue.planning import Plan

BUILDS = "sim_build"
"""Where builds go and are found again."""

_MAXIMUM_STALL = 255
_WEEK = 7 * 24 * 3600.0


@dataclass(frozen=True, eq=False)
class Simulation:
    """What a network's Verilog made of images; `simulate` makes one.

    Parameters
    ----------
    codes : mapping of str to ndarray of integers, shape (images, ...)
        By output, of the images that came whole, in the layout of the model, right or wrong.
    verdict : Verdict
        What the comparison with golden found.
    pace : Pace or None
        After how many cycles the first image came, and then each; None if none came.
    first_difference : str
        The first layer, image and code that differ; empty if none does.

    Examples
    --------
    >>> import bittrue, numpy as np
    >>> plan = bittrue.plan(bittrue.load("small.bittrue"), "ecp5-25f", cycles=12)
    >>> result = bittrue.simulate(plan, np.arange(12).reshape(3, 4), simulator="icarus")
    >>> result.passed, result.outputs.shape
    (True, (3, 3))
    >>> [int(cycles) for cycles in result.pace.intervals]
    [12, 12]
    """

    codes: Mapping[str, Codes]
    verdict: Verdict
    pace: Pace | None
    first_difference: str

    @property
    def outputs(self) -> Codes:
        """The codes of the output, of a network that has one.

        Raises
        ------
        UserError
            If it has several.
        """
        if len(self.codes) != 1:
            raise UserError(f"the network has outputs {', '.join(self.codes)}; take one of codes")
        return next(iter(self.codes.values()))

    @property
    def passed(self) -> bool:
        """Whether something was compared, and everything was equal."""
        return self.verdict.passed


def simulate(
    plan: Plan,
    images: ArrayLike | Mapping[str, ArrayLike],
    simulator: str = "verilator",
    stall: int = 0,
    seed: int = 1,
    layers: bool = False,
    builds: str | Path = BUILDS,
) -> Simulation:
    """Run images through a network's Verilog, and compare every code with golden.

    Parameters
    ----------
    plan : Plan
        Its circuit is simulated without the shell.
    images : array, or mapping of str to array if the network has several inputs
        As `predict` takes them.
    simulator : {"verilator", "icarus"}
    stall : int
        All ends pause, each in its own cycles, with a probability of stall/256 a cycle.
    seed : int
        Of the pauses, 1 to 4294967295.
    layers : bool
        Whether what every layer passes on is compared, too.
    builds : str or Path
        A folder where builds are kept; equal circuits are built once.

    Returns
    -------
    Simulation

    Raises
    ------
    UserError
        Naming what cannot be used.
    ExecutionError
        If the simulator is missing or fails.

    Examples
    --------
    >>> import bittrue, numpy as np
    >>> plan = bittrue.plan(bittrue.load("small.bittrue"), "zynq7020")
    >>> result = bittrue.simulate(plan, np.ones((100, 4)), "icarus", stall=64)
    >>> print(result.verdict)
    network: 300 outputs compared, 0 differed, on icarus (seed 1)
    """
    check_simulator(simulator)
    if not 0 <= stall <= _MAXIMUM_STALL:
        raise UserError(f"stall is {stall}; allowed: 0 to {_MAXIMUM_STALL}")
    if not 1 <= seed < 1 << 32:
        raise UserError(f"seed is {seed}; allowed: 1 to {(1 << 32) - 1}")
    # Only now, because importing torch takes seconds.
    from bittrue.golden.executor.execute import Executor

    spec = plan.circuits.spec
    stimulus = input_codes(plan.graph, images, "images")
    circuit = Network(spec, taps=layers)
    kept = [*circuit.taps.values(), *spec.graph.outputs]
    golden = Executor(circuit_graph(plan.graph)).run(stimulus, kept)
    scenario = simulated.network_scenario(
        circuit, "images", stimulus, golden, dict.fromkeys(("i", "o"), stall), seed
    )
    folder = Path(builds)
    cosimulation = Cosimulation(circuit, to_verilog(circuit, "network"), simulator, folder)
    with run_folder(folder / f"network-{simulator}") as work:
        (outcome,) = cosimulation.run([scenario.run], work, timeout=_WEEK)
    verdict = compare(cosimulation, [scenario], [outcome], seed)
    parting = None if outcome.hung else simulated.first_parting(circuit, outcome, golden)
    whole = simulated.whole_images(outcome, circuit)
    codes = {}
    for name in spec.graph.outputs:
        made = simulated.codes_of(outcome, circuit, name, whole).astype(golden[name].dtype)
        codes[name] = in_model_layout(plan.graph, name, made)
    given = len(next(iter(stimulus.values())))
    return Simulation(
        codes,
        verdict,
        Pace.of(outcome, circuit, whole) if whole == given else None,
        "" if parting is None else str(parting),
    )

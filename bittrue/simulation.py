"""The Verilog of a planned network in a simulator, compared with golden."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from numpy.typing import ArrayLike

from bittrue.flows.arguments.code_files import Codes, in_model_layout
from bittrue.flows.planning.plan import circuit_graph
from bittrue.flows.simulation import network as simulated
from bittrue.flows.simulation.bench.cosimulation import Cosimulation, Outcome
from bittrue.flows.simulation.bench.kept_outcomes import kept_or_made
from bittrue.flows.simulation.bench.progress import watched
from bittrue.flows.simulation.bench.scenario import Verdict, compare, record_waves
from bittrue.flows.simulation.network import Neighbourhood, Pace
from bittrue.flows.simulation.simulators.run_folder import run_folder
from bittrue.flows.simulation.simulators.toolchain import check_simulator
from bittrue.golden.errors import UserError
from bittrue.hdl.network.circuit import Network
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.networks import input_codes
from bittrue.planning import Plan

BUILDS = "sim_build"
"""Where builds go and are found again."""

_OUTCOMES = "outcomes"
_SHORT = 50_000
"""Cycles up to which compiling a bench well takes longer than it saves."""

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
    around : Neighbourhood or None
        The codes around it.
    layer_paces : mapping of str to Pace
        Of every tensor that was compared, if all images came: the outputs, and those of layers.
    folder : Path
        Where ``verdict.json`` and ``junit.xml`` are, until the next simulation.
    waves : Path or None
        The cycles around the first difference, a VCD file, if they were asked for.
    kept : bool
        Whether an earlier simulation of the same circuit and images was looked up.

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
    around: Neighbourhood | None
    layer_paces: Mapping[str, Pace]
    folder: Path
    waves: Path | None
    kept: bool

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
    waves: bool = False,
    progress: Callable[[int], None] | None = None,
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
        A folder where builds are kept; equal circuits are built once, and with the same images
        simulated once.
    waves : bool
        Whether to simulate again for ``waves.vcd``, the cycles around the first difference, or
        without one, those at the beginning.
    progress : callable, optional
        Called in another thread, now and then, with the cycles that have been simulated.

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
    compared = [*circuit.taps.values(), *spec.graph.outputs]
    golden = Executor(circuit_graph(plan.graph)).run(stimulus, compared)
    scenario = simulated.network_scenario(
        circuit, "images", stimulus, golden, dict.fromkeys(("i", "o"), stall), seed
    )
    folder = Path(builds)
    design = to_verilog(circuit, "network")
    cycles = plan.cycles * len(next(iter(stimulus.values())))
    optimisation = "-O0" if cycles <= _SHORT else "-O1"
    cosimulation = Cosimulation(circuit, design, simulator, folder, optimisation=optimisation)
    latest = folder / f"network-{simulator}"
    with run_folder(latest) as work:

        def run() -> list[Outcome]:
            with watched(work, progress):
                return cosimulation.run([scenario.run], work, timeout=_WEEK)

        kept_file = folder / _OUTCOMES / f"{cosimulation.key([scenario.run])}.npz"
        (outcome,), kept = kept_or_made(kept_file, run)
        verdict = compare(cosimulation, [scenario], [outcome], seed)
        verdict.write(work)
        if waves:
            record_waves(cosimulation, [scenario], verdict, work)
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
        None if parting is None else simulated.neighbourhood(circuit, outcome, golden, parting),
        simulated.paces(circuit, outcome, whole) if whole == given else {},
        latest,
        latest / "waves.vcd" if waves else None,
        kept,
    )

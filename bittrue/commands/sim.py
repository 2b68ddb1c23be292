"""``bittrue sim``: a network's Verilog on recorded inputs, compared with golden."""

import argparse
from pathlib import Path

from rich.console import Console

from flows.arguments.code_files import npy_content, read_codes
from flows.arguments.model_arguments import add_model_arguments, add_plan_arguments, load_model
from flows.arguments.output_files import require_folder_of
from flows.planning.devices import BUDGETS, Fill, find_budget
from flows.planning.plan import circuit_graph, plan_network
from flows.simulation.bench.cosimulation import Cosimulation
from flows.simulation.bench.scenario import compare
from flows.simulation.network import (
    Pace,
    codes_of,
    first_parting,
    network_scenario,
)
from flows.simulation.simulators.run_folder import run_folder
from flows.simulation.simulators.toolchain import SIMULATORS, check_simulator
from golden.errors import UserError
from golden.files.atomic_file import write_atomically
from golden.lowering.certify import certify
from hdl.network.circuit import Network
from hdl.network.spec import check_ends
from hdl.printer.verilog_output import to_verilog

BUILDS = Path("sim_build")
_MAXIMUM_STALL = 255


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, inputs, outputs and choices."""
    add_model_arguments(parser, "built")
    parser.add_argument(
        "--input",
        type=Path,
        metavar="X.npy",
        required=True,
        help="N input codes in the model's own type and layout",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="Y.npy",
        required=True,
        help="where the N output codes of the circuit go, whether right or wrong",
    )
    parser.add_argument(
        "--device", default="zynq7020", help=f"one of: {', '.join(BUDGETS)} (default: zynq7020)"
    )
    add_plan_arguments(parser)
    parser.add_argument(
        "--sim", default="verilator", help=f"{' or '.join(SIMULATORS)} (default: verilator)"
    )
    parser.add_argument(
        "--layers", action="store_true", help="compare what every layer passes on, too"
    )
    parser.add_argument(
        "--stall",
        type=int,
        default=0,
        metavar="P",
        help="pauses at both ends, with a probability of P/256 a cycle (default: 0)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the pauses (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Simulate, write what came out, and say whether it is golden's; 1 if it is not."""
    console = Console(highlight=False)
    check_simulator(arguments.sim)
    budget = find_budget(arguments.device)
    fill = Fill.parse(arguments.fill)
    if not 0 <= arguments.stall <= _MAXIMUM_STALL:
        raise UserError(f"--stall is {arguments.stall}; allowed: 0 to {_MAXIMUM_STALL}")
    if not 1 <= arguments.seed < 1 << 32:
        raise UserError(f"--seed is {arguments.seed}; allowed: 1 to {(1 << 32) - 1}")
    require_folder_of(arguments.output)
    imported = load_model(arguments)
    check_ends(imported)
    graph = certify(imported)
    plan = plan_network(graph, budget, arguments.cycles, fill)
    images = read_codes(graph, plan.spec.input.name, arguments.input)
    network = Network(plan.spec, taps=arguments.layers)
    with console.status("golden outputs"):
        # Only now, because importing torch takes seconds.
        from golden.executor.execute import Executor

        kept = [*network.taps.values(), plan.spec.output.name]
        golden = Executor(circuit_graph(imported)).run(images, kept)
    scenario = network_scenario(
        network,
        "images",
        images,
        golden,
        dict.fromkeys(("i", "o"), arguments.stall),
        arguments.seed,
    )
    cosimulation = Cosimulation(network, to_verilog(network, "network"), arguments.sim, BUILDS)
    with (
        console.status(f"building and running {len(images)} images on {arguments.sim}"),
        run_folder(BUILDS / f"network-{arguments.sim}") as work,
    ):
        (outcome,) = cosimulation.run([scenario.run], work, timeout=7 * 24 * 3600)
    verdict = compare(cosimulation, [scenario], [outcome], arguments.seed)
    for problem in verdict.problems:
        console.print(problem, style="red", soft_wrap=True)
    if outcome.hung:
        return 1
    codes = codes_of(outcome, graph, len(images))
    name = plan.spec.output.name
    write_atomically(arguments.output, npy_content(graph, name, codes.astype(golden[name].dtype)))
    console.print(
        f"{Pace.of(outcome.cycles['o'], len(images))}; planned: {plan.cycles:,}", soft_wrap=True
    )
    parting = first_parting(network, outcome, golden)
    if parting is not None:
        console.print(f"first difference at {parting}", style="red", soft_wrap=True)
    console.print(
        f"{arguments.model.name}: {len(images)} images, {verdict.compared} codes compared, "
        f"{verdict.differing} differed, on {arguments.sim}",
        style="green" if verdict.passed else "bold red",
        soft_wrap=True,
    )
    return 0 if verdict.passed else 1

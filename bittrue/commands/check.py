"""``bittrue check``: everything that stands between a network and a device, at once."""

import argparse
from dataclasses import dataclass

from rich.console import Console

import bittrue
from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import add_model_arguments, load_model
from bittrue.flows.command_status import EXIT_USER_ERROR
from bittrue.flows.planning.devices import DEVICE_HELP
from bittrue.flows.planning.feasibility import circuit_obstacles, holding_devices
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.obstacles import ObstaclesError
from bittrue.golden.graph import Graph
from bittrue.golden.graph.passes.cost import graph_cost


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model and device."""
    add_model_arguments(parser, "checked")
    parser.add_argument(
        "--device",
        help=f"the one that it is for, one of: {DEVICE_HELP} (default: any)",
    )
    add_json_argument(parser, "what was found")


@dataclass(frozen=True)
class _Finding:
    """How far a network comes.

    Parameters
    ----------
    graph : Graph or None
        None if the file cannot be imported.
    run, build : tuple of str
        What stands in the way, a line each.
    devices : tuple of str
        Names of those that hold the network.
    """

    graph: Graph | None
    run: tuple[str, ...]
    build: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def ready(self, device: str | None) -> bool:
        """Return whether nothing stands in the way: of the device, or of any if none is named."""
        held = device in self.devices if device is not None else bool(self.devices)
        return not self.run and not self.build and held


def run(arguments: argparse.Namespace) -> int:
    """Print all that was found; 2 if something stands in the way."""
    console = terminal(aside=arguments.json)
    device = None if arguments.device is None else bittrue.Device(arguments.device).name
    with console.status("reading the network, choosing circuits"):
        finding = _find(arguments)
    if arguments.json:
        print_json(_record(finding))
    else:
        _report(console, finding, device)
    return 0 if finding.ready(device) else EXIT_USER_ERROR


def _find(arguments: argparse.Namespace) -> _Finding:
    try:
        graph = load_model(arguments)
    except UserError as error:
        # Whoever reads the file puts its name in front of what the importer found.
        if not isinstance(error.__cause__, ObstaclesError):
            raise
        found = error.__cause__.obstacles
        return _Finding(None, tuple(f"{each.place}: {each.reason}" for each in found))
    obstacles = circuit_obstacles(graph)
    if obstacles:
        return _Finding(graph, (), obstacles)
    return _Finding(graph, (), (), holding_devices(graph))


def _report(console: Console, finding: _Finding, device: str | None) -> None:
    def line(step: str, text: str) -> None:
        console.print(f"{step:8}{text}", soft_wrap=True)

    def lines(step: str, obstacles: tuple[str, ...]) -> None:
        line(step, f"{len(obstacles)} obstacle{'s' if len(obstacles) > 1 else ''}")
        for obstacle in obstacles:
            line("", obstacle)

    if finding.graph is None:
        lines("run", finding.run)
        line("build", "what has no integers has no circuit; the above comes first")
        return
    cost = graph_cost(finding.graph)
    profile = f"profile {finding.graph.profile}, " if finding.graph.profile else ""
    line("run", f"ready: {profile}{len(finding.graph.nodes)} layers, {cost.macs:,} MACs")
    if finding.build:
        lines("build", finding.build)
        return
    line("build", "ready: every layer has a circuit")
    held = ", ".join(finding.devices) or "none"
    if device is None:
        line("device", f"big enough: {held}")
    elif device in finding.devices:
        line("device", f"ready: {device} is big enough")
    else:
        line("device", f"{device} is too small; big enough: {held}")


def _record(finding: _Finding) -> dict[str, object]:
    return {
        "run": {"ready": not finding.run, "obstacles": list(finding.run)},
        "build": {
            "ready": finding.graph is not None and not finding.build,
            "obstacles": list(finding.build),
        },
        "devices": list(finding.devices),
    }

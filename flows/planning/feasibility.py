"""Whether a network can be a circuit, and on which devices: everything in the way, at once."""

from bittrue.flows.planning.circuits import Circuits
from bittrue.flows.planning.devices import BUDGETS, FILL, SUGGESTED, Fill
from bittrue.flows.planning.plan import AXI, circuit_graph, fits
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.hdl.layers.registry import is_wire
from bittrue.hdl.network.spec import NetworkSpec


def circuit_obstacles(graph: Graph) -> tuple[str, ...]:
    """Return all that keeps a network from being a circuit, a line each; empty if nothing does."""
    found: list[str] = []
    try:
        spread = circuit_graph(graph)
        spec = NetworkSpec(spread)
    except UserError as error:
        return (str(error),)
    for node in spread.nodes:
        try:
            if not is_wire(node):
                spec.layer(node)
        except UserError as error:
            found.append(str(error))
    return tuple(found)


def holding_devices(graph: Graph, fill: Fill = FILL, shell: str = AXI) -> tuple[str, ...]:
    """Return the names of the usual devices for which there is a plan, at whatever rate.

    Parameters
    ----------
    graph : Graph
        Without `circuit_obstacles`.
    fill, shell
        As `plan_network` takes them.
    """
    first = BUDGETS[SUGGESTED[0]]
    circuits = Circuits(circuit_graph(graph), first.fabric, shell)
    families = {first.fabric: circuits}
    held = []
    for name in SUGGESTED:
        budget = BUDGETS[name]
        known = families.setdefault(budget.fabric, circuits.on(budget.fabric))
        if fits(known, fill.of(budget)):
            held.append(name)
    return tuple(held)

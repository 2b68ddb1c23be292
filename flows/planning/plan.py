"""The circuit of every layer, for a device or for a rate."""

from collections.abc import Mapping
from types import MappingProxyType

from bittrue.flows.planning.circuits import Circuits
from bittrue.flows.planning.devices import BUDGETS, FILL, SUGGESTED, Budget, Fill
from bittrue.flows.planning.planned import Plan
from bittrue.flows.planning.planner import Planner
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.lowering.broadcast_operands import broadcast_operands
from bittrue.golden.lowering.constant_operands import spread_constants
from bittrue.golden.lowering.mean_axes import split_means
from bittrue.golden.lowering.needed_nodes import needed_nodes
from bittrue.hdl.multipliers.multiplier import Multiplier

AXI = "axi"
"""The shell where nobody chooses."""


class DoesNotFitError(UserError):
    """A device that has too little for any plan that was asked for."""


def plan_network(
    graph: Graph,
    budget: Budget,
    cycles: int | None = None,
    fill: Fill = FILL,
    shell: str = AXI,
    multipliers: Mapping[str, Multiplier] = MappingProxyType({}),
) -> Plan:
    """Choose the circuit of every layer.

    Parameters
    ----------
    graph : Graph
        With certificates where there are any; see `golden.lowering.certify`.
    budget : Budget
        Of the device.
    cycles : int, optional
        Cycles between images that are enough; by default as few as there are resources for.
    fill : Fill
        How much of the device is used.
    shell : str
        What surrounds the network, a key of `flows.building.accelerator.SHELLS`.
    multipliers : mapping of str to Multiplier, optional
        What multiplies in some layers, by the tensors that they make; see
        `hdl.multipliers.catalogue`. In all others what is cheapest.

    Returns
    -------
    Plan
        One that takes as small a share as can be of the resource of which it takes the largest.
        A plan for more cycles never takes more of the resource that is scarcest in a plan for
        fewer, and is never refused where that is not.

    Raises
    ------
    UserError
        If the device is too small (`DoesNotFitError`): what is short, by how much, the nearest rate
        for which it is not, and which devices would do.
    """
    spread = circuit_graph(graph)
    circuits = Circuits(spread, budget.fabric, shell, multipliers=multipliers)
    planner = Planner(circuits, fill.of(budget))
    plan = _plan(planner, cycles)
    if plan is None and not planner.fits():
        planner = Planner(circuits.scaled_in_logic, fill.of(budget))
        plan = _plan(planner, cycles)
    if plan is not None:
        return plan
    if spread.states and cycles is not None:
        _require_slower_than_states(planner, cycles)
    short = _shortage(planner, budget, fill, cycles)
    others = _big_enough(circuits, budget, fill, cycles) if short else []
    if cycles is None:
        problem = f"the network does not fit a {budget.summary}"
    else:
        problem = f"{cycles:,} cycles between images are too few for a {budget.summary}"
    parts = [f"{problem}: {short or 'no circuit of the network is so fast'}"]
    fastest = planner.fastest(cycles) if cycles is not None else None
    if fastest is not None:
        parts.append(f"it has enough for {fastest} cycles")
    elif cycles is not None:
        parts.append("it has not enough for any number")
    if short:
        parts.append(f"big enough: {', '.join(others)}" if others else "no known device is enough")
    text = "; ".join(parts)
    raise DoesNotFitError(text) if short else UserError(text)


def _plan(planner: Planner, cycles: int | None) -> Plan | None:
    """Return the plan for a rate, or the fastest; None if there is none."""
    if cycles is None:
        return planner.fastest_plan()
    rate = cycles
    while rate > 0:
        plan = planner.plan(rate)
        if plan is None or plan.cycles <= cycles:
            return plan
        # States take longer than the slowest layer; with faster ones they come earlier.
        rate -= plan.cycles - cycles
    return None


def _require_slower_than_states(planner: Planner, cycles: int) -> None:
    """Refuse a rate for which the layers are fast enough, but not the states."""
    plan = planner.fastest_plan()
    if plan is None or plan.spec.call_interval <= cycles:
        return
    raise UserError(
        f"{cycles:,} cycles between calls are too few: what a call keeps is made "
        f"{plan.cycles:,} cycles after the call before made it; allowed: at least so many"
    )


def fits(circuits: Circuits, budget: Budget, cycles: int | None = None) -> bool:
    """Return whether there is a plan: with products in logic if nothing fits without them.

    Parameters
    ----------
    circuits : Circuits
        On the device's family.
    budget : Budget
        What may be taken of the device; see `Fill.of`.
    cycles : int, optional
        Cycles between images that are enough; by default any number is.
    """
    planner = Planner(circuits, budget)
    if planner.fits(cycles):
        return True
    return not planner.fits() and Planner(circuits.scaled_in_logic, budget).fits(cycles)


def circuit_graph(graph: Graph) -> Graph:
    """Return an equal graph that has a node for each circuit.

    Operands are of one shape, and what nobody reads is gone.
    """
    return split_means(broadcast_operands(spread_constants(needed_nodes(graph))))


def _big_enough(circuits: Circuits, budget: Budget, fill: Fill, cycles: int | None) -> list[str]:
    """Return those of the usual devices for which there is a plan."""
    families = {budget.fabric: circuits}
    found = []
    for device in (BUDGETS[name] for name in SUGGESTED):
        if device != budget:
            known = families.setdefault(device.fabric, circuits.on(device.fabric))
            if fits(known, fill.of(device), cycles):
                found.append(device.summary)
    return found


def _shortage(planner: Planner, budget: Budget, fill: Fill, cycles: int | None) -> str | None:
    """Return what is short, by how much, and what there is; None if nothing is."""
    found = planner.shortage(cycles)
    if found is None:
        return None
    name, needed, there = found
    whole, percent = {
        "LUTs": (budget.luts, fill.luts),
        "multipliers": (budget.multipliers, fill.multipliers),
        "block RAMs": (budget.block_rams, fill.block_rams),
    }[name]
    share = f"{whole:,}" if percent == 100 else f"{there:,}, {percent} % of its {whole:,}"
    return f"it takes {needed:,} {name}, {needed - there:,} more than the {share}"

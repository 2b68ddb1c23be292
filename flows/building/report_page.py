"""The report of ``bittrue build``: one page that needs no other file."""

from markupsafe import Markup

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.planning.devices import Budget
from bittrue.flows.planning.planned import Plan, PlannedLayer
from bittrue.flows.reports.graph_drawing import draw
from bittrue.flows.reports.page import page
from bittrue.golden.graph import Graph
from bittrue.golden.graph.names import first_name


def report_page(accelerator: Accelerator, graph: Graph, budget: Budget) -> str:
    """Return the page: rate, resources, a table of layers, and the graph.

    Parameters
    ----------
    accelerator : Accelerator
    graph : Graph
        As it was given, whose layers people know.
    budget : Budget
        Of the device.
    """
    plan = accelerator.plan
    taken = plan.resources
    resources = [
        {"name": name, "taken": float(part), "whole": whole, "share": _share(part, whole)}
        for name, part, whole in (
            ("Tables (LUT)", taken.luts, budget.luts),
            ("Multipliers (DSP)", taken.multipliers, budget.multipliers),
            ("Block RAMs", taken.block_rams, budget.block_rams),
        )
    ]
    return page(
        "build.html",
        name=accelerator.name,
        device=budget.summary,
        cycles=plan.cycles,
        latency=accelerator.estimated_latency,
        mhz=accelerator.mhz,
        rate=1e6 * accelerator.mhz / plan.cycles,
        resources=resources,
        products=plan.products,
        multipliers=plan.multipliers,
        bound=max(1, -(-plan.products // max(1, plan.multipliers))),
        layers=[layer_row(layer, plan, graph) for layer in plan.layers],
        drawing=Markup(draw(graph, accelerator.name)),
    )


def _share(part: float, whole: int) -> float:
    return min(1.0, float(part) / whole) if whole else 0.0


def layer_row(layer: PlannedLayer, plan: Plan, graph: Graph) -> dict[str, str]:
    """Return what the table says of a layer, as ``bittrue build`` prints it."""
    names = [node.output for node in graph.nodes]
    folding = layer.folding
    return {
        "index": str(names.index(layer.name)) if layer.name in names else "",
        "name": first_name(layer.name),
        "operator": layer.operator,
        "products": f"{layer.products:,}" if layer.products else "",
        "outputs": str(folding.outputs) if folding else "",
        "simd": str(folding.simd) if folding else "",
        "multiplier": folding.multiplier.name.removeprefix("packed_") if folding else "",
        "cycles": f"{layer.cycles:,}",
        "work": f"{layer.utilisation(plan.cycles):.0%}" if folding else "",
        "luts": f"{layer.resources.luts:,}",
        "dsps": f"{layer.resources.multipliers:,}",
        "brams": f"{float(layer.resources.block_rams):g}",
    }

"""The report of ``bittrue sim``: one page that needs no other file but the waves it links to."""

import os
from pathlib import Path

from markupsafe import Markup

import bittrue
from bittrue.flows.building.report_page import layer_row
from bittrue.flows.reports.graph_drawing import draw
from bittrue.flows.reports.page import page
from bittrue.flows.simulation.network import Pace


def simulation_page(
    path: Path,
    name: str,
    plan: bittrue.Plan,
    result: bittrue.Simulation,
    stall: int,
    tapped: bool,
    replay: str,
) -> str:
    """Return the page.

    Parameters
    ----------
    path : Path
        Where it will be, for links.
    name : str
        Of the network.
    plan : Plan
    result : Simulation
        Of the same.
    stall : int
        Probability of a pause, in 1/256.
    tapped : bool
        Whether every layer was compared.
    replay : str
        A command that does the same with waves.
    """
    verdict = result.verdict
    rows = []
    for layer in plan.layers:
        pace = result.layer_paces.get(layer.name)
        row = layer_row(layer, plan.circuits, plan.graph)
        rows.append(
            {**row, "interval": _interval(pace), "first": f"{pace.first:,}" if pace else ""}
        )
    around = result.around
    return page(
        "simulation.html",
        name=name,
        device=plan.device.name or "a budget",
        passed=verdict.passed,
        images=len(next(iter(result.codes.values()))),
        compared=verdict.compared,
        differing=verdict.differing,
        simulator=verdict.simulator,
        seed=verdict.seed,
        stall=stall,
        pace="" if result.pace is None else str(result.pace),
        planned=plan.cycles,
        problems=verdict.problems,
        difference=result.first_difference,
        around=None
        if around is None
        else {
            "rows": around.rows,
            "columns": around.columns,
            "got": around.got.tolist(),
            "expected": around.expected.tolist(),
        },
        waves=None if result.waves is None else os.path.relpath(result.waves, path.parent),
        replay="" if verdict.passed else replay,
        tapped=tapped,
        layers=rows,
        drawing=Markup(draw(plan.graph, name)),
    )


def _interval(pace: Pace | None) -> str:
    if pace is None or not len(pace.intervals):
        return ""
    low, high = int(pace.intervals.min()), int(pace.intervals.max())
    return f"{low:,}" + (f" to {high:,}" if high > low else "")

"""The front of sensitivity and accuracy against cost, drawn."""

from collections.abc import Sequence

from bittrue.flows.reports.plots import (
    BLUE,
    INK,
    ORANGE,
    figure,
    grid,
    large_numbers,
    legend,
    small_numbers,
    svg_file,
)
from bittrue.golden.quantize.allocation.measure import Point


def front_plot(front: Sequence[Point], chosen: Point, cost: str) -> bytes:
    """Return an SVG file: sensitivity, measured SQNR, and accuracy if there is one, over a cost.

    Parameters
    ----------
    front : sequence of Point
        By ascending cost.
    chosen : Point
        Marked.
    cost : str
    """
    panels = [
        ("sensitivity", lambda point: point.allocation.sensitivity),
        ("SQNR of the output (dB)", lambda point: point.measurement.sqnr),
    ]
    if chosen.measurement.accuracy is not None:
        panels.append(("accuracy (%)", lambda point: 100 * point.measurement.accuracy))
    with figure(3.6 * len(panels), 3.2, columns=len(panels)) as (drawing, axes):
        for axis, (label, value) in zip(axes[0], panels, strict=True):
            costs = [point.allocation.costs[cost] for point in front]
            axis.plot(costs, [value(point) for point in front], "o-", color=BLUE, markersize=4)
            axis.plot(
                [chosen.allocation.costs[cost]], [value(chosen)], "D", color=ORANGE, label="chosen"
            )
            axis.set_xscale("log")
            large_numbers(axis.xaxis)
            if label == "sensitivity":
                axis.set_yscale("log")
                small_numbers(axis.yaxis)
            axis.set_xlabel(cost.replace("_", " "))
            axis.set_title(label, loc="left", color=INK)
            grid(axis)
        legend(axes[0][0])
        return svg_file(drawing, "front")

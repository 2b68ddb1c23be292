"""Plots of the page of ``bittrue analyze``."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from bittrue.flows.reports.plots import BAND, BLUE, INK, ORANGE, figure, grid, legend, to_svg
from bittrue.golden.quantize.analysis import LayerAnalysis, NetworkAnalysis
from bittrue.golden.quantize.histogram import Histogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.32
"""Inches of a row of bars."""

_LONGEST_NAME = 28


def noise_plot(analysis: NetworkAnalysis) -> str:
    """Return bars of what each layer's weights and values add to the noise at the output."""
    layers = [layer for layer in analysis.layers if layer.weights or layer.values]
    with figure(8.4, 0.9 + _ROW * len(layers)) as (drawing, axes):
        axis = axes[0][0]
        rows = range(len(layers))
        weights, values = (
            [100 * part.share if part else 0.0 for part in parts]
            for parts in zip(*((layer.weights, layer.values) for layer in layers), strict=True)
        )
        axis.barh(rows, weights, 0.62, color=BLUE, label="weights")
        axis.barh(rows, values, 0.62, left=weights, color=ORANGE, label="values")
        _name_rows(axis, layers)
        axis.set_xlabel("share of the noise at the output (%)")
        grid(axis, "x")
        legend(axis)
        return to_svg(drawing, "noise")


def sqnr_plot(analysis: NetworkAnalysis) -> str:
    """Return the SQNR of every layer's result, alone and with everything before it quantized."""
    layers = [layer for layer in analysis.layers if layer.weights or layer.values]
    with_accuracy = analysis.accuracy_float is not None
    with figure(8.4, 0.9 + _ROW * len(layers), columns=1 + with_accuracy) as (drawing, axes):
        axis = axes[0][0]
        _dots(axis, [layer.sqnr_alone for layer in layers], BLUE, "o", "only this layer")
        _dots(axis, [layer.sqnr_cumulative for layer in layers], ORANGE, "D", "all up to it")
        _name_rows(axis, layers)
        axis.set_xlabel("SQNR of the layer's result (dB)")
        grid(axis)
        legend(axis)
        if with_accuracy:
            axis = axes[0][1]
            alone = [_percent(layer.accuracy_alone) for layer in layers]
            _dots(axis, alone, BLUE, "o", "only this layer")
            _dots(
                axis,
                [_percent(layer.accuracy_cumulative) for layer in layers],
                ORANGE,
                "D",
                "all up to it",
            )
            axis.axvline(_percent(analysis.accuracy_float), color=INK, linewidth=0.8, linestyle=":")
            axis.set_yticks(range(len(layers)), [""] * len(layers))
            axis.set_ylim(len(layers) - 0.5, -0.5)
            axis.set_xlabel("accuracy of the network (%); dotted: float")
            grid(axis)
        return to_svg(drawing, "sqnr")


def histogram_plot(histogram: Histogram, name: str, color: str) -> str:
    """Return a histogram, its range shaded, and the levels if they are few.

    Parameters
    ----------
    histogram : Histogram
    name : str
        Unique on the page.
    color : str
        Of the bars.
    """
    count = len(histogram.shares)
    with figure(4.1, 1.9) as (drawing, axes):
        axis = axes[0][0]
        axis.axvspan(histogram.low, histogram.high, color=BAND, linewidth=0)
        left = [histogram.start + index * histogram.width for index in range(count)]
        shares = [100 * share for share in histogram.shares]
        # One zero, as ReLU makes many, would hide all else.
        top = sorted(shares)[-2] if count > 1 else shares[0]
        limit = max(shares) if max(shares) < 4 * top or top == 0 else 1.6 * top
        axis.stairs(shares, [*left, left[-1] + histogram.width], fill=True, color=color)
        for level in histogram.levels:
            axis.axvline(level, color=INK, linewidth=0.5, alpha=0.45)
        axis.set_ylim(0, limit * 1.08)
        if limit < max(shares):
            peak = shares.index(max(shares))
            axis.annotate(
                f"{max(shares):.0f} %",
                (left[peak] + histogram.width, limit),
                fontsize=8,
                color=INK,
                va="center",
            )
        axis.set_ylabel("% of values")
        grid(axis, "y")
        return to_svg(drawing, name)


def _name_rows(axis: "Axes", layers: Sequence[LayerAnalysis]) -> None:
    axis.set_yticks(range(len(layers)), [_short(layer.name) for layer in layers])
    axis.set_ylim(len(layers) - 0.5, -0.5)


def _dots(axis: "Axes", values: Sequence[float], color: str, marker: str, label: str) -> None:
    shown = [(value, row) for row, value in enumerate(values) if isfinite(value)]
    axis.plot(
        [value for value, _ in shown],
        [row for _, row in shown],
        marker,
        color=color,
        markerfacecolor=color if marker == "o" else "none",
        markersize=5 if marker == "o" else 8,
        label=label,
    )


def _percent(share: float | None) -> float:
    return float("nan") if share is None else 100 * share


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"...{name[3 - _LONGEST_NAME :]}"

"""The report of ``bittrue analyze``: a page that needs no other file, and the same as JSON."""

from dataclasses import asdict
from math import isfinite

from bittrue.flows.reports.analysis_plots import histogram_plot, noise_plot, sqnr_plot
from bittrue.flows.reports.json_report import json_report
from bittrue.flows.reports.page import environment
from bittrue.flows.reports.plots import BLUE, ORANGE
from bittrue.golden.graph.passes.cost import graph_cost
from bittrue.golden.graph.passes.domains import partition
from bittrue.golden.quantize.analysis import NetworkAnalysis
from bittrue.golden.quantize.findings import findings
from bittrue.golden.quantize.quantized_network import QuantizedNetwork
from bittrue.golden.quantize.scheme_file import write_scheme
from bittrue.golden.quantize.sweep import WidthSweep


def analysis_page(
    title: str,
    quantized: QuantizedNetwork,
    analysis: NetworkAnalysis,
    sweep: WidthSweep | None,
) -> bytes:
    """Return the page as HTML.

    Parameters
    ----------
    title : str
    quantized : QuantizedNetwork
    analysis : NetworkAnalysis
        Of the same.
    sweep : WidthSweep, optional
        What other widths would do.
    """
    pages = environment()
    pages.filters |= {"decibels": _decibels, "percent": _percent, "significant": _significant}
    layers = [
        {
            "layer": layer,
            "plots": [
                (heading, part, histogram_plot(part.histogram, f"{kind}-{number}", color))
                for heading, part, kind, color in (
                    ("weights", layer.weights, "weights", BLUE),
                    ("values", layer.values, "values", ORANGE),
                )
                if part is not None
            ],
        }
        for number, layer in enumerate(analysis.layers)
        if layer.weights or layer.values
    ]
    text = pages.get_template("analysis.html").render(
        title=title,
        analysis=analysis,
        layers=layers,
        cost=graph_cost(quantized.graph),
        domains=partition(quantized.graph),
        findings=findings(analysis),
        noise_plot=noise_plot(analysis),
        sqnr_plot=sqnr_plot(analysis),
        scheme=write_scheme(quantized.scheme),
        sweep=sweep,
    )
    return text.encode()


def analysis_json(
    quantized: QuantizedNetwork, analysis: NetworkAnalysis, sweep: WidthSweep | None
) -> bytes:
    """Return the numbers of the page; null stands for an SQNR without noise."""
    cost, domains = graph_cost(quantized.graph), partition(quantized.graph)
    content = asdict(analysis) | {
        "findings": findings(analysis),
        "bit_operations": cost.bit_operations,
        "weight_bytes": cost.weight_bytes,
        "domains": [asdict(domain) for domain in domains.domains],
        "conversions": [asdict(conversion) for conversion in domains.conversions],
        "widths": None if sweep is None else asdict(sweep),
    }
    return json_report(content)


def _decibels(value: float) -> str:
    return f"{value:.1f}" if isfinite(value) else "exact"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"


def _significant(value: float) -> str:
    return f"{value:.3g}"

"""Plots as SVG, for pages and files; the colors follow the reader's light or dark scheme.

Matplotlib draws them with stand-in colors, which become CSS variables. The same numbers give the
same bytes.
"""

import importlib.util
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from bittrue.flows.reports.colors import COLORS
from bittrue.golden.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK, FAINT, BLUE, ORANGE, BAND = "#010203", "#010204", "#010205", "#010206", "#010207"
"""Text and axes, grid lines, first and second series, the area of a range."""

_VARIABLES = {INK: "--ink", FAINT: "--faint", BLUE: "--blue", ORANGE: "--orange", BAND: "--band"}

_SETTINGS: Any = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.color": FAINT,
    "legend.frameon": False,
    "svg.fonttype": "none",  # Text stays text, in the reader's font.
    "svg.hashsalt": "bittrue",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def require_matplotlib() -> None:
    """Refuse to go on without matplotlib.

    Raises
    ------
    UserError
        Saying how to get it.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise UserError("plots need matplotlib, which is missing; pip install 'bittrue[plots]'")


@contextmanager
def figure(width: float, height: float, rows: int = 1, columns: int = 1) -> Iterator[Any]:
    """Give a figure of some inches and an array of its axes, shape (rows, columns)."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_SETTINGS):
        drawing = Figure(figsize=(width, height), layout="constrained")
        yield drawing, drawing.subplots(rows, columns, squeeze=False)


def to_svg(drawing: "Figure", name: str) -> str:
    """Return a figure as an SVG element for an HTML page.

    Parameters
    ----------
    drawing : Figure
        Drawn within `figure`.
    name : str
        Unique on the page; letters, digits and hyphens.
    """
    stream = io.StringIO()
    drawing.savefig(
        stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
    )
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?) width="[^"]*pt"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?) height="[^"]*pt"', r"\1", text, count=1)
    text = re.sub(r"font-family: '[^;\"]*", "font-family: inherit", text)
    text = re.sub(r"font: ([0-9.]+px) '[^;\"]*", r"font-size: \1; font-family: inherit", text)
    for mark in (' id="', "url(#", 'href="#'):
        text = text.replace(mark, f"{mark}{name}-")
    for color, variable in _VARIABLES.items():
        text = text.replace(color, f"var({variable})")
    return text.strip()


def svg_file(drawing: "Figure", name: str) -> bytes:
    """Return a figure as an SVG file that brings its colors along."""
    rules = ["svg{" + _declarations("light")]
    rules.append("background:var(--page);font-family:system-ui,sans-serif}")
    rules.append("@media(prefers-color-scheme:dark){svg{" + _declarations("dark") + "}}")
    text = to_svg(drawing, name)
    end = text.index(">") + 1
    return f"{text[:end]}<style>{''.join(rules)}</style>{text[end:]}\n".encode()


def grid(axes: "Axes", direction: Literal["both", "x", "y"] = "both") -> None:
    """Draw faint grid lines behind the data, along x, y or both."""
    axes.grid(True, axis=direction, linewidth=0.6)
    axes.tick_params(length=0)


def legend(axes: "Axes") -> None:
    """Name the series above the data, where they hide nothing."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)


def large_numbers(axis: "Axis") -> None:
    """Label a logarithmic axis with numbers such as 20k and 1M."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=7))
    axis.set_major_formatter(EngFormatter(sep=""))
    axis.set_minor_formatter(NullFormatter())


def small_numbers(axis: "Axis") -> None:
    """Label a logarithmic axis with numbers such as 0.01."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _declarations(scheme: str) -> str:
    return "".join(f"{name}:{value};" for name, value in COLORS[scheme].items())

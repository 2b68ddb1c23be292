"""A graph as an SVG picture."""

from html import escape

from bittrue.flows.reports import graph_labels
from bittrue.flows.reports.graph_layout import Layout, lay_out
from bittrue.golden.graph import Graph, Node, State, Tensor
from bittrue.golden.graph.passes.cost import graph_cost, node_cost

_BOX_WIDTH, _BOX_HEIGHT = 250, 62
_COLUMN, _ROW = 290, 104
_MARGIN = 32
_HEADING = 56

_FAMILIES = {
    "input": "#64748b",
    "convolution": "#2563eb",
    "fully_connected": "#7c3aed",
    "add": "#059669",
    "multiply": "#059669",
    "requantize": "#0d9488",
    "table": "#d97706",
    "clamp": "#d97706",
    "max_pool": "#0891b2",
    "average_pool": "#0891b2",
    "sum_pool": "#0891b2",
    "mean": "#0891b2",
    "softmax": "#db2777",
    "arg_max": "#db2777",
}
_LETTER, _HEADING_LETTER = 6.4, 10.0
"""Pixels of a letter, a wide one."""

_OTHER_FAMILY = "#94a3b8"

_STYLE = """
  .page { fill: #f8fafc } .box { fill: #ffffff; stroke: #cbd5e1 }
  .title { font-size: 14px; font-weight: 600; fill: #0f172a } .detail { fill: #475569 }
  .faint { fill: #64748b } .edge { fill: none; stroke: #94a3b8; stroke-width: 1.5 }
  .tip { fill: #94a3b8 } .share { fill: #e2e8f0 } .heading { font-size: 17px; font-weight: 600;
  fill: #0f172a } text { font: 11px system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0f172a } .box { fill: #1e293b; stroke: #334155 } .share { fill: #334155 }
    .title, .heading { fill: #f1f5f9 } .detail { fill: #cbd5e1 } .faint { fill: #94a3b8 }
    .edge { stroke: #64748b } .tip { fill: #64748b }
  }
"""


def draw(graph: Graph, name: str) -> str:
    """Return a graph as an SVG document: one box for each node, its share of the work as a bar.

    Parameters
    ----------
    graph : Graph
    name : str
        Heading of the picture.
    """
    predecessors: dict[str, tuple[str, ...]] = {tensor.name: () for tensor in graph.inputs}
    predecessors |= {state.tensor.name: () for state in graph.states}
    predecessors |= {node.output: node.inputs for node in graph.nodes}
    layout = lay_out(predecessors)
    left, right = layout.width
    width = int((right - left) * _COLUMN + _BOX_WIDTH + 2 * _MARGIN)
    rows = max(depth for _, depth in layout.places.values()) + 1
    height = int(_HEADING + rows * _ROW + _MARGIN)
    canvas = _Canvas(graph, layout, left)
    heading = max(len(name) * _HEADING_LETTER, len(canvas.totals) * _LETTER)
    width = max(width, int(heading) + 2 * _MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        *canvas.heading(name),
        *(canvas.edge(*edge) for edge in layout.routes),
        *(part for tensor in graph.inputs for part in canvas.input_box(tensor)),
        *(part for state in graph.states for part in canvas.state_box(state)),
        *(part for node in graph.nodes for part in canvas.node_box(node)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Canvas:
    """Draws parts of one graph at their places."""

    def __init__(self, graph: Graph, layout: Layout, left: float) -> None:
        self._graph = graph
        self._layout = layout
        self._left = left
        self._cost = graph_cost(graph)

    @property
    def totals(self) -> str:
        """The work of the whole graph, in a line."""
        cost = self._cost
        return (
            f"{len(self._graph.nodes)} nodes · {graph_labels.count(cost.macs)} MACs · "
            f"{graph_labels.count(cost.bit_operations)} BitOPs · "
            f"{graph_labels.count(cost.weight_bytes)}B of weights"
        )

    def heading(self, name: str) -> list[str]:
        """Return name and totals."""
        return [
            f'<text class="heading" x="{_MARGIN}" y="{_MARGIN}">{escape(name)}</text>',
            f'<text class="detail" x="{_MARGIN}" y="{_MARGIN + 18}">{escape(self.totals)}</text>',
        ]

    def edge(self, source: str, target: str) -> str:
        """Return a curve through the waypoints of an edge, with an arrow's tip."""
        points = [self._point(place) for place in self._layout.routes[source, target]]
        (x, y), (end_x, end_y) = points[0], points[-1]
        path = f"M {x:.0f} {y + _BOX_HEIGHT / 2:.0f}"
        y += _BOX_HEIGHT / 2
        for number, (next_x, next_y) in enumerate(points[1:], start=1):
            last = number == len(points) - 1
            arrival = next_y - _BOX_HEIGHT / 2 - 5 if last else next_y
            middle = (y + arrival) / 2
            path += f" C {x:.0f} {middle:.0f} {next_x:.0f} {middle:.0f} {next_x:.0f} {arrival:.0f}"
            x, y = next_x, arrival
        tip = end_y - _BOX_HEIGHT / 2
        return (
            f'<path class="edge" d="{path}"/><path class="tip" d="M {end_x - 4:.0f} {tip - 7:.0f} '
            f'h 8 l -4 7 z"/>'
        )

    def input_box(self, tensor: Tensor) -> list[str]:
        """Return the box of an input of the graph."""
        return self._box(tensor.name, "input", "input", self._tensor_line(tensor), "", 0)

    def state_box(self, state: State) -> list[str]:
        """Return the box of what a state holds, which says what it becomes."""
        line = self._tensor_line(state.tensor)
        return self._box(state.tensor.name, "state", "state", line, f"then {state.assigned}", 0.0)

    def node_box(self, node: Node) -> list[str]:
        """Return the box of a node."""
        tensor, cost = self._graph.tensors[node.output], node_cost(self._graph, node)
        bounds = self._graph.accumulators.get(node.output)
        weight = graph_labels.weight_type(node)
        details = [
            f"{weight} weights" if weight else "",
            f"sum {bounds.type}" if bounds is not None else "",
            f"{graph_labels.count(cost.macs)} MACs" if cost.macs else "",
        ]
        return self._box(
            node.output,
            node.operator(),
            node.title,
            self._tensor_line(tensor),
            " · ".join(detail for detail in details if detail),
            cost.macs / self._cost.macs if cost.macs else 0.0,
        )

    def _tensor_line(self, tensor: Tensor) -> str:
        return f"{graph_labels.shape(tensor)} · {graph_labels.codes(tensor)}"

    def _point(self, place: tuple[float, int]) -> tuple[float, float]:
        across, depth = place
        return (
            _MARGIN + _BOX_WIDTH / 2 + (across - self._left) * _COLUMN,
            _HEADING + _MARGIN + _BOX_HEIGHT / 2 + depth * _ROW,
        )

    def _box(
        self, name: str, family: str, title: str, tensor: str, detail: str, share: float
    ) -> list[str]:
        x, y = self._point(self._layout.places[name])
        x, y = round(x - _BOX_WIDTH / 2), round(y - _BOX_HEIGHT / 2)
        color = _FAMILIES.get(family, _OTHER_FAMILY)
        parts = [
            f"<g><title>{escape(name)}</title>",
            f'<rect class="box" x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" '
            'rx="8"/>',
            f'<rect x="{x}" y="{y + 8}" width="4" height="{_BOX_HEIGHT - 16}" rx="2" '
            f'fill="{color}"/>',
            f'<text class="title" x="{x + 16}" y="{y + 21}">{escape(title)}</text>',
            f'<text class="detail" x="{x + 16}" y="{y + 37}">{escape(tensor)}</text>',
            f'<text class="faint" x="{x + 16}" y="{y + 52}">'
            f"{escape(graph_labels.short_name(detail or name, 46))}</text>",
        ]
        if share:
            parts += [
                f'<text class="faint" text-anchor="end" x="{x + _BOX_WIDTH - 66}" y="{y + 21}">'
                f"{100 * share:.0f} %</text>",
                f'<rect class="share" x="{x + _BOX_WIDTH - 60}" y="{y + 14}" width="48" '
                'height="6" rx="3"/>',
                f'<rect x="{x + _BOX_WIDTH - 60}" y="{y + 14}" width="{max(48 * share, 2):.1f}" '
                f'height="6" rx="3" fill="{color}"/>',
            ]
        return [*parts, "</g>"]

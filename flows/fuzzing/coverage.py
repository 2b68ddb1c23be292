"""What has been met, of all there is."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bittrue.flows.fuzzing.case import STALLS, WIDTHS
from bittrue.flows.fuzzing.random_graphs import ROUNDINGS
from bittrue.golden.graph import OPERATORS, AccumulatingNode, Graph, MatrixNode, Node
from bittrue.golden.graph.requantization import FixedPoint
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayerSpec
from bittrue.hdl.multipliers.catalogue import CATALOGUE
from bittrue.hdl.network.spec import NetworkSpec

Cell = tuple[str, ...]
"""A combination: of operator, width and rounding, or of multiplier, folding, stall and so on."""

FOLDINGS = ("one product", "some inputs", "some outputs", "some of both", "all at once")
"""How much of a matrix layer works at once."""


def graph_cells(graph: Graph) -> list[Cell]:
    """Return the combinations of operator, width of what it reads, and rounding in a graph."""
    cells: list[Cell] = []
    for node in graph.nodes:
        tensors = [graph.tensors[name] for name in node.inputs] or [graph.tensors[node.output]]
        cells.append((node.operator(), str(tensors[0].type.width), _rounding(node)))
    return cells


def circuit_cells(spec: NetworkSpec, stall: str) -> list[Cell]:
    """Return the combinations of multiplier, weights, codes, folding and stall in a circuit.

    A layer without weights counts as operator, width, lanes and stall.
    """
    cells: list[Cell] = []
    for layer in spec.layers.values():
        codes = str(layer.tensors[0].type.width) if layer.tensors else "0"
        if isinstance(layer, MatrixLayerSpec):
            kind = layer.folding.multiplier.name
            weights = str(layer.operands.weight.width)
            cells.append((kind, weights, codes, _folding(layer), stall))
        else:
            lanes = "one lane" if layer.output_lanes == 1 else "lanes"
            cells.append((layer.node.operator(), codes, lanes, stall))
    return cells


def _rounding(node: Node) -> str:
    if not isinstance(node, AccumulatingNode):
        return "no accumulator"
    match node.requantization:
        case FixedPoint(rounding=rounding):
            return rounding.value
        case None:
            return "none"
        case _:
            return "certificate"


def _folding(layer: MatrixLayerSpec) -> str:
    folding, weight = layer.folding, layer.geometry.weight
    inputs, outputs = folding.simd, folding.outputs
    if inputs * outputs >= weight.size:
        return "all at once"
    if inputs == outputs == 1:
        return "one product"
    if outputs == 1:
        return "some inputs"
    return "some outputs" if inputs == 1 else "some of both"


@dataclass(frozen=True)
class Share:
    """How much of a table of combinations has been met.

    Parameters
    ----------
    title : str
    met, there : int
        Combinations.
    missing : tuple of str
        Some of those that have not been met.
    """

    title: str
    met: int
    there: int
    missing: tuple[str, ...]


def shares(graphs: Counter[Cell], circuits: Counter[Cell]) -> list[Share]:
    """Return how much of each table has been met; the tables follow from the registries."""
    widths = [str(width) for width in WIDTHS]
    accumulating = [n for n, kind in OPERATORS.items() if issubclass(kind, AccumulatingNode)]
    roundings = [rounding.value for rounding in ROUNDINGS]
    matrices = [name for name, kind in OPERATORS.items() if issubclass(kind, MatrixNode)]
    others = [name for name in OPERATORS if name not in matrices]
    return [
        _share("operator x width", graphs, (0, 1), OPERATORS, widths),
        _share("operator x rounding", graphs, (0, 2), accumulating, roundings),
        _share("operator x width x rounding", graphs, (0, 1, 2), accumulating, widths, roundings),
        _share("multiplier x weight width", circuits, (0, 1), CATALOGUE, widths),
        _share("multiplier x code width", circuits, (0, 2), CATALOGUE, widths),
        _share("multiplier x folding x stall", circuits, (0, 3, 4), CATALOGUE, FOLDINGS, STALLS),
        _share("layer x width in circuits", circuits, (0, 1), others, widths),
        _share("layer x stall in circuits", circuits, (0, 3), others, STALLS),
    ]


def _share(
    title: str, seen: Mapping[Cell, int], columns: tuple[int, ...], *names: Iterable[str]
) -> Share:
    met = {tuple(cell[column] for column in columns) for cell in seen if len(cell) > max(columns)}
    there = list(itertools.product(*names))
    missing = [" ".join(each) for each in there if each not in met]
    return Share(title, len(there) - len(missing), len(there), tuple(missing))

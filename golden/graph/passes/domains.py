"""Precision domains: connected layers that compute with operands of the same widths."""

from dataclasses import dataclass, replace

from bittrue.golden.graph.graph import Graph
from bittrue.golden.graph.matrix import MatrixNode
from bittrue.golden.graph.node import Node


@dataclass(frozen=True)
class Domain:
    """Layers connected with each other that have weights and read codes of the same widths.

    Parameters
    ----------
    weight_bits : int or None
        None if no layer of it has weights.
    input_bits : int
        Of the codes that its layers read; the widest, where a layer reads several.
    layers : tuple of str
        In order of execution.
    """

    weight_bits: int | None
    input_bits: int
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Conversion:
    """A node that only changes the precision of a tensor.

    Parameters
    ----------
    layer : str
    source, target : str
        Types of the codes.
    values : int
        Converted for each sample: one requantization each.
    """

    layer: str
    source: str
    target: str
    values: int


@dataclass(frozen=True)
class Partition:
    """A graph in precision domains.

    Parameters
    ----------
    domains : tuple of Domain
    conversions : tuple of Conversion
        Explicit ones.
    crossings : int
        Tensors read in another domain than the one they are made in, without a conversion: the
        requantizer of the layer that makes them gives them the precision at once.
    """

    domains: tuple[Domain, ...]
    conversions: tuple[Conversion, ...]
    crossings: int

    @property
    def converted_values(self) -> int:
        """Values converted for each sample, by all conversions."""
        return sum(conversion.values for conversion in self.conversions)


def partition(graph: Graph) -> Partition:
    """Return the precision domains of a graph and the conversions between them."""
    domains: dict[str, Domain] = {}
    for node in graph.nodes:
        if node.changes_precision_only:
            continue
        domain = _of_node(graph, node)
        for neighbour in _neighbours(graph, node, domains):
            other = domains[neighbour]
            if _compatible(domain, other) and node.output not in other.layers:
                domain = _merged(other, domain)
                domains |= dict.fromkeys(domain.layers, domain)
        domains |= dict.fromkeys(domain.layers, domain)
    conversions = tuple(
        Conversion(
            node.output,
            str(graph.tensors[node.inputs[0]].type),
            str(graph.tensors[node.output].type),
            graph.tensors[node.output].elements,
        )
        for node in graph.nodes
        if node.changes_precision_only
    )
    crossing = {
        name
        for node in graph.nodes
        for name in node.inputs
        if name in domains and node.output in domains
        if domains[name] is not domains[node.output]
    }
    unique = tuple(dict.fromkeys(domains.values()))
    order = {node.output: position for position, node in enumerate(graph.nodes)}
    in_order = (replace(d, layers=tuple(sorted(d.layers, key=order.__getitem__))) for d in unique)
    return Partition(tuple(in_order), conversions, len(crossing))


def _of_node(graph: Graph, node: Node) -> Domain:
    return Domain(
        node.weight_type.width if isinstance(node, MatrixNode) else None,
        max((graph.tensors[name].type.width for name in node.inputs), default=0),
        (node.output,),
    )


def _neighbours(graph: Graph, node: Node, known: dict[str, Domain]) -> list[str]:
    """Return the layers before a node that make what it reads, or read the same."""
    return [
        other.output
        for other in graph.nodes
        if other.output in known
        if other.output in node.inputs or set(other.inputs) & set(node.inputs)
    ]


def _compatible(one: Domain, other: Domain) -> bool:
    weights = {one.weight_bits, other.weight_bits} - {None}
    return one.input_bits == other.input_bits and len(weights) <= 1


def _merged(one: Domain, other: Domain) -> Domain:
    weight_bits = other.weight_bits if one.weight_bits is None else one.weight_bits
    return Domain(weight_bits, one.input_bits, one.layers + other.layers)

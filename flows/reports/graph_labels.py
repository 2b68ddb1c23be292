"""Short words for the nodes of a graph, shared by tables and drawings."""

from bittrue.golden.graph import (
    Certified,
    Encoding,
    FixedPoint,
    MatrixNode,
    Node,
    Requantization,
    Tensor,
)
from bittrue.golden.graph.names import first_name


def codes(tensor: Tensor) -> str:
    """Return the type of a tensor, with its range where that is narrower."""
    if (tensor.minimum, tensor.maximum) == (tensor.type.minimum, tensor.type.maximum):
        return str(tensor.type)
    return f"{tensor.type} {tensor.minimum}..{tensor.maximum}"


def shape(tensor: Tensor) -> str:
    """Return the shape of a tensor: ``32x32x16``."""
    return "x".join(map(str, tensor.shape)) or "scalar"


def weight_type(node: Node) -> str:
    """Return the type of a node's weights; empty when it has none."""
    if not isinstance(node, MatrixNode):
        return ""
    return "bipolar" if node.weight_encoding == Encoding(bipolar=True) else str(node.weight_type)


def weights(node: Node) -> str:
    """Return type and shape of a node's weights; empty when it has none."""
    if not isinstance(node, MatrixNode):
        return ""
    return f"{weight_type(node)} {'x'.join(map(str, node.weight.shape))}"


def requantization(value: Requantization | None) -> str:
    """Return how accumulators become codes; empty when they stay."""
    match value:
        case FixedPoint():
            return value.rounding.value.replace("_", " ")
        case Certified():
            return f"certified, {value.certificate.multiplier_width}-bit multiplier"
    return ""


def short_name(name: str, length: int) -> str:
    """Return the telling end of what a tensor is called, at most so long."""
    first = first_name(name)
    return first if len(first) <= length else f"…{first[-(length - 1) :]}"


def count(number: int) -> str:
    """Return a number with a unit prefix: ``12.5 M``."""
    for prefix, unit in (("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)):
        if number >= unit:
            return f"{number / unit:.3g} {prefix}"
    return str(number)

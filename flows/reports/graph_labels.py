"""Short words for the nodes of a graph, shared by tables and drawings."""

from golden.graph import (
    Add,
    AveragePool,
    Certified,
    Clamp,
    Concat,
    Convolution,
    Encoding,
    FixedPoint,
    FullyConnected,
    MaxPool,
    Mean,
    Node,
    Requantization,
    SumPool,
    Table,
    Tensor,
    Window,
)


def title(node: Node) -> str:
    """Return what a node does: ``conv 3x3 /2``."""
    match node:
        case Convolution():
            kind = "depthwise" if node.depthwise else "conv"
            groups = f" groups {node.groups}" if node.groups > 1 and not node.depthwise else ""
            return f"{kind} {_window(node.window)}{groups}"
        case FullyConnected():
            return "dense"
        case Add():
            return "sub" if any(addend.subtract for addend in node.addends) else "add"
        case MaxPool() | AveragePool() | SumPool():
            return f"{node.operator().replace('_', ' ')} {_window(node.window)}"
        case Mean():
            return f"mean over {', '.join(map(str, node.axes))}"
        case Clamp():
            return f"clamp {node.minimum} to {node.maximum}"
        case Table():
            return f"table of {len(node.values)}"
        case Concat():
            return f"concat along {node.axis}"
    return node.operator().replace("_", " ")


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
    if not isinstance(node, Convolution | FullyConnected):
        return ""
    return "bipolar" if node.weight_encoding == Encoding(bipolar=True) else str(node.weight_type)


def weights(node: Node) -> str:
    """Return type and shape of a node's weights; empty when it has none."""
    if not isinstance(node, Convolution | FullyConnected):
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
    """Return the telling end of a tensor's name, at most so long.

    Converters join the names of fused operators by semicolons, the result first.
    """
    first = name.split(";")[0]
    return first if len(first) <= length else f"…{first[-(length - 1) :]}"


def count(number: int) -> str:
    """Return a number with a unit prefix: ``12.5 M``."""
    for prefix, unit in (("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)):
        if number >= unit:
            return f"{number / unit:.3g} {prefix}"
    return str(number)


def _window(window: Window) -> str:
    """Return the size of a window, and its steps where they are not 1 or the size itself."""
    text = f"{window.size[0]}x{window.size[1]}"
    if window.stride not in ((1, 1), window.size):
        rows, columns = window.stride
        text += f" /{rows}" if rows == columns else f" /{rows}x{columns}"
    if window.dilation != (1, 1):
        text += f" dilation {window.dilation[0]}x{window.dilation[1]}"
    return text

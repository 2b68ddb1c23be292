"""Convolution and dense layers, and their parts, with example contents."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from amaranth.lib import wiring

from bittrue.flows.units.layers import example_fixed_point, parse_shape
from bittrue.flows.units.unit import Parameter, Unit, parse_flag, parse_integers
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Encoding, Graph, MatrixNode, Node, Tensor, Window
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.lowering.certify import certify
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.parts.folding import Folding
from bittrue.hdl.layers.parts.sliding_window import SlidingWindow
from bittrue.hdl.layers.parts.window_spec import SlidingWindowSpec
from bittrue.hdl.multipliers.catalogue import CATALOGUE, find_multiplier
from bittrue.hdl.multipliers.multiplier import Multiplier
from bittrue.hdl.network.spec import NetworkSpec


def _parse_values(text: str) -> tuple[int, ...]:
    """Read integers joined by commas, or none."""
    return parse_integers(text) if text else ()


_CODE = Parameter("int8", IntegerType.parse, "int or uint of 1 to 16 bits")
WINDOW = {
    "kernel": Parameter("3x3", parse_shape, "height x width of the window"),
    "stride": Parameter("1x1", parse_shape, "between windows, down x across"),
    "dilation": Parameter("1x1", parse_shape, "between taps, down x across"),
    "padding": Parameter("1x1x1x1", parse_shape, "above x below x left x right"),
}
_READ = {
    "rows": Parameter("1", int, "rows of the window in a beat, a divisor of its height"),
    "elements": Parameter("2", int, "elements of each row in a beat"),
}

WINDOW_PARAMETERS = {
    "code": _CODE,
    "shape": Parameter("7x6x4", parse_shape, "height x width x channels"),
    **WINDOW,
    "padding_code": Parameter("-7", int, "read outside of the tensor"),
    "lanes": Parameter("1", int, "elements of a beat of the input"),
    **_READ,
    "repeats": Parameter("1", int, "how often each window is read"),
    "channelwise": Parameter("no", parse_flag, "yes to read some channels' taps together"),
}

CONVOLUTION_PARAMETERS = {
    "code": _CODE,
    "shape": Parameter("9x7x6", parse_shape, "height x width x channels"),
    "outputs": Parameter("10", int, "output channels"),
    "groups": Parameter("1", int, "as many as channels for a depthwise layer"),
    **WINDOW,
    "weights": Parameter("int8", IntegerType.parse, "int or uint of 1 to 16 bits"),
    "values": Parameter("", _parse_values, "weights that there are, with commas; or all"),
    "zero_point": Parameter("3", int, "code of zero in the input"),
    "bipolar": Parameter("no", parse_flag, "yes for one-bit codes and weights of -1 and +1"),
    "output": Parameter("int8", IntegerType.parse, "int or uint of 1 to 16 bits"),
    **_READ,
    "pe": Parameter("4", int, "output channels at once"),
    "multiplier": Parameter("packed_dsp48e1", find_multiplier, f"one of {', '.join(CATALOGUE)}"),
    "lanes_in": Parameter("1", int, "elements of a beat of the input"),
    "lanes_out": Parameter("1", int, "elements of a beat of the output"),
    "name": Parameter("layer", str, "prefix of the names of ROM files"),
}

_LIKE_CONVOLUTION = (
    "code",
    "weights",
    "values",
    "zero_point",
    "bipolar",
    "output",
    "elements",
    "pe",
)
DENSE_PARAMETERS = {
    "inputs": Parameter("30", int, "input channels"),
    "outputs": CONVOLUTION_PARAMETERS["outputs"],
    **{name: CONVOLUTION_PARAMETERS[name] for name in _LIKE_CONVOLUTION},
    **{
        name: CONVOLUTION_PARAMETERS[name]
        for name in ("multiplier", "lanes_in", "lanes_out", "name")
    },
}


def example_window(**given: Any) -> Window:
    """Return a window from the parameters of a unit."""
    above, below, left, right = _sizes(given, "padding", 4)
    return Window(
        _sizes(given, "kernel", 2),
        _sizes(given, "stride", 2),
        _sizes(given, "dilation", 2),
        ((above, below), (left, right)),
    )


def _sizes(given: dict[str, Any], name: str, count: int) -> Any:
    if len(given[name]) != count:
        text = "x".join(map(str, given[name]))
        raise UserError(f"{name} is {text}; allowed: {count} numbers joined by x")
    return given[name]


def _build_window(
    code: IntegerType,
    shape: tuple[int, ...],
    padding_code: int,
    lanes: int,
    rows: int,
    elements: int,
    repeats: int,
    channelwise: bool,
    **window: Any,
) -> wiring.Component:
    return SlidingWindow(
        SlidingWindowSpec(
            code,
            _sizes({"shape": shape}, "shape", 3),
            example_window(**window),
            padding_code,
            lanes,
            rows,
            elements,
            repeats,
            channelwise,
        )
    )


def example_matrix_graph(
    node_type: type[Convolution] | type[FullyConnected],
    shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    code: IntegerType,
    weights: IntegerType,
    values: Sequence[int],
    zero_point: int,
    bipolar: bool,
    output: IntegerType,
    **attributes: Any,
) -> Graph:
    """Return a graph of one layer with random weights, bias and scales, and certificates."""
    rng = np.random.default_rng(sum(weight_shape))
    if values:
        weight = rng.choice(np.array(values), weight_shape)
    else:
        weight = rng.integers(weights.minimum, weights.maximum, weight_shape, endpoint=True)
    encoding = Encoding(bipolar=True) if bipolar else Encoding(zero_point)
    tensor = Tensor.of_type("x", shape, code)

    def graph_of(**more: Any) -> Graph:
        node: Node = node_type(
            inputs=("x",),
            output="y",
            weight=weight,
            weight_type=weights,
            bias=rng.integers(-99, 100, weight_shape[0]) if not more else more.pop("bias"),
            input_encoding=encoding,
            weight_encoding=Encoding(bipolar=True) if bipolar else Encoding(),
            **attributes,
            **more,
        )
        return Graph((tensor,), (node,), ("y",))

    plain = graph_of()
    node = plain.nodes[0]
    assert isinstance(node, MatrixNode)
    requantization = example_fixed_point(plain.accumulators["y"], output, weight_shape[0])
    return certify(graph_of(bias=node.bias, requantization=requantization))


def _build_convolution(
    shape: tuple[int, ...],
    outputs: int,
    groups: int,
    rows: int,
    elements: int,
    pe: int,
    multiplier: Multiplier,
    lanes_in: int,
    lanes_out: int,
    name: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: tuple[int, ...],
    **rest: Any,
) -> wiring.Component:
    channels = _sizes({"shape": shape}, "shape", 3)[2]
    if groups < 1 or channels % groups or outputs % groups:
        raise UserError(f"groups is {groups}; allowed: divisors of {channels} and of {outputs}")
    window = example_window(kernel=kernel, stride=stride, dilation=dilation, padding=padding)
    graph = example_matrix_graph(
        Convolution,
        shape,
        (outputs, *window.size, channels // groups),
        window=window,
        groups=groups,
        **rest,
    )
    return _layer(graph, Folding(rows, elements, pe, multiplier), lanes_in, lanes_out, name)


def _build_dense(
    inputs: int,
    outputs: int,
    elements: int,
    pe: int,
    multiplier: Multiplier,
    lanes_in: int,
    lanes_out: int,
    name: str,
    **rest: Any,
) -> wiring.Component:
    graph = example_matrix_graph(FullyConnected, (inputs,), (outputs, inputs), **rest)
    return _layer(graph, Folding(1, elements, pe, multiplier), lanes_in, lanes_out, name)


def _layer(graph: Graph, folding: Folding, lanes_in: int, lanes_out: int, name: str) -> Layer[Any]:
    lanes = {"x": lanes_in, "y": lanes_out}
    layer = NetworkSpec(graph, {"y": folding}, lanes).layer(graph.nodes[0])
    return layer.build(name)


MATRIX_LAYER_UNITS: dict[str, Unit] = {
    "sliding_window": Unit("the rows under a window", _build_window, WINDOW_PARAMETERS),
    "convolution": Unit("a convolution layer", _build_convolution, CONVOLUTION_PARAMETERS),
    "dense": Unit("a fully connected layer", _build_dense, DENSE_PARAMETERS),
}

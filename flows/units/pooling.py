"""Pooling layers, and their parts, with example contents."""

from enum import Enum
from typing import Any

from amaranth.lib import wiring

from bittrue.flows.units.layers import (
    KIND,
    LANES,
    NAME,
    REQUANTIZER,
    SHAPE,
    RequantizerKind,
    requantized,
)
from bittrue.flows.units.matrix_layers import WINDOW, example_window
from bittrue.flows.units.unit import Parameter, Unit, one_of
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Encoding, Tensor, Window
from bittrue.golden.graph.average_pool import AveragePool as AveragePoolNode
from bittrue.golden.graph.max_pool import MaxPool as MaxPoolNode
from bittrue.golden.graph.mean import Mean as MeanNode
from bittrue.golden.graph.sum_pool import SumPool as SumPoolNode
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.average_pool import AveragePoolSpec
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.max_pool import MaxPoolSpec
from bittrue.hdl.layers.parts.window_pool import WindowPoolSpec
from bittrue.hdl.layers.parts.window_reduce import Reduction, WindowReduce
from bittrue.hdl.layers.registry import layer_spec
from bittrue.hdl.layers.sum_pool import SumPoolSpec


class Pooling(Enum):
    """Which node a pooling is made from."""

    MEAN = "mean"
    SUM = "sum"
    AVERAGE = "average"
    MAXIMUM = "maximum"


def _axes(text: str) -> tuple[int, ...]:
    if text == "all":
        return ()
    return tuple(int(axis) for axis in text.split("x"))


GLOBAL_POOL_PARAMETERS = {
    "pooling": Parameter("average", one_of(Pooling, "pooling"), "mean, sum or average"),
    "kind": KIND,
    "requantizer": REQUANTIZER,
    "output": Parameter("int8", IntegerType.parse, "of mean and sum; int or uint of 1 to 16 bits"),
    "shape": SHAPE,
    "axes": Parameter("all", _axes, "of mean; dimensions such as 0x1, or all but the channels"),
    "lanes": LANES,
    "name": NAME,
}


def _build_global_pool(
    pooling: Pooling,
    kind: IntegerType,
    requantizer: RequantizerKind,
    output: IntegerType,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    lanes: int,
    name: str,
) -> wiring.Component:
    tensor = Tensor.of_type("x", shape, kind)
    place = Place((tensor,), (lanes,), lanes)
    encoding = Encoding(kind.minimum + (1 << kind.width) // 3)
    names: dict[str, Any] = {"inputs": ("x",), "output": "y"}
    node: MeanNode | SumPoolNode | AveragePoolNode
    if pooling is Pooling.MAXIMUM:
        raise UserError("pooling is maximum; allowed: mean, sum or average")
    if pooling is Pooling.MEAN:
        axes = axes or tuple(range(len(shape) - 1))
        node = MeanNode(axes=axes, keep_dimensions=False, encoding=encoding, **names)
        node = requantized(node, [tensor], requantizer, output)
    elif pooling is Pooling.SUM:
        node = SumPoolNode(window=Window((shape[0], shape[1])), encoding=encoding, **names)
        node = requantized(node, [tensor], requantizer, output)
    else:
        window = Window((shape[0], shape[1]))
        node = AveragePoolNode(
            window=window, minimum=kind.minimum + 1, maximum=kind.maximum, **names
        )
    return layer_spec(node, place).build(name)


WINDOW_REDUCE_PARAMETERS = {
    "kind": KIND,
    "rows": Parameter("3", int, "taps of a channel in a beat, at least 1"),
    "lanes": Parameter("4", int, "channels of a beat, at least 1"),
    "beats": Parameter("3", int, "beats of a window, at least 1"),
    "reduction": Parameter("maximum", one_of(Reduction, "reduction"), "maximum or sum"),
}

WINDOW_POOL_PARAMETERS = {
    "pooling": Parameter("average", one_of(Pooling, "pooling"), "maximum, sum or average"),
    "kind": KIND,
    "requantizer": REQUANTIZER,
    "output": Parameter("int8", IntegerType.parse, "of sum; int or uint of 1 to 16 bits"),
    "shape": SHAPE,
    **WINDOW,
    "rows": Parameter("3", int, "rows of the window read at once, a divisor of its height"),
    "lanes": LANES,
    "name": NAME,
}


def _build_window_pool(
    pooling: Pooling,
    kind: IntegerType,
    requantizer: RequantizerKind,
    output: IntegerType,
    shape: tuple[int, ...],
    rows: int,
    lanes: int,
    name: str,
    **window: Any,
) -> wiring.Component:
    tensor = Tensor.of_type("x", shape, kind)
    common: dict[str, Any] = {
        "inputs": ("x",),
        "output": "y",
        "window": example_window(**window),
    }
    clamp: dict[str, Any] = {"minimum": kind.minimum + 1, "maximum": kind.maximum}
    spec: WindowPoolSpec
    if pooling is Pooling.MEAN:
        raise UserError("pooling is mean; allowed: maximum, sum or average")
    if pooling is Pooling.SUM:
        encoding = Encoding(kind.minimum + (1 << kind.width) // 3)
        plain = SumPoolNode(encoding=encoding, **common)
        node = requantized(plain, [tensor], requantizer, output)
        spec = SumPoolSpec(node, (tensor,), lanes, rows)
    elif pooling is Pooling.MAXIMUM:
        spec = MaxPoolSpec(MaxPoolNode(**clamp, **common), (tensor,), lanes, rows)
    else:
        spec = AveragePoolSpec(AveragePoolNode(**clamp, **common), (tensor,), lanes, rows)
    return spec.build(name)


POOLING_UNITS: dict[str, Unit] = {
    "global_pool": Unit(
        "sum or mean of whole images, channel by channel",
        _build_global_pool,
        GLOBAL_POOL_PARAMETERS,
    ),
    "window_reduce": Unit(
        "maximum or sum of windows whose taps arrive one after the other",
        WindowReduce,
        WINDOW_REDUCE_PARAMETERS,
    ),
    "window_pool": Unit(
        "maximum, sum or average of windows that slide, channel by channel",
        _build_window_pool,
        WINDOW_POOL_PARAMETERS,
    ),
}

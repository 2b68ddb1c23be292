"""Constants that operators compute from constants, by ONNX's reference implementation."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.model import MAXIMUM_RANK, Constant, OnnxNode
from bittrue.golden.frontends.onnx.values import QuantizedConstant
from bittrue.golden.numbers.integer_type import IntegerType

Array = NDArray[Any]

_LARGEST = 1 << 24
"""Elements of a constant that an operator may make."""

_ELEMENTWISE = frozenset(
    (
        *("Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max", "Sum", "Mean"),
        *("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not"),
        *("Where", "Clip", "Neg", "Abs", "Sign", "Sqrt", "Reciprocal", "Exp", "Log", "Floor"),
        *("Ceil", "Round", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Erf", "IsNaN", "IsInf"),
    )
)
_SMALLER = frozenset(
    (
        *("Cast", "CastLike", "Identity", "Reshape", "Transpose", "Flatten", "Squeeze"),
        *("Unsqueeze", "Concat", "Slice", "Split", "Shape", "Size", "Trilu", "ReduceSum"),
        *("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2"),
        *("ReduceSumSquare", "ArgMax", "ArgMin", "CumSum"),
    )
)
"""Operators that make no more elements than they take."""


def _product(sizes: Any) -> int:
    return math.prod(max(int(size), 0) for size in np.asarray(sizes).reshape(-1).tolist())


def _broadcast(arrays: Sequence[Array]) -> int:
    return math.prod(np.broadcast_shapes(*(array.shape for array in arrays)))


def _range_size(arrays: Sequence[Array]) -> int:
    start, limit, delta = (array.reshape(()).item() for array in arrays)
    return max(math.ceil((limit - start) / delta), 0)


_GROWING: dict[str, Callable[[Sequence[Array]], int]] = {
    "ConstantOfShape": lambda arrays: _product(arrays[0]),
    "Expand": lambda arrays: math.prod(
        np.broadcast_shapes(arrays[0].shape, tuple(arrays[1].reshape(-1).tolist()))
    ),
    "Tile": lambda arrays: arrays[0].size * _product(arrays[1]),
    "Range": _range_size,
    "Gather": lambda arrays: arrays[0].size * max(arrays[1].size, 1),
    "MatMul": lambda arrays: arrays[0].size * arrays[1].size,
    "Pad": lambda arrays: math.prod(
        size + int(arrays[1][axis]) + int(arrays[1][axis + arrays[0].ndim])
        for axis, size in enumerate(arrays[0].shape)
    ),
}
"""How many elements they may make."""

FOLDABLE = frozenset({*_ELEMENTWISE, *_SMALLER, *_GROWING})
"""Operators of ONNX whose output is a constant where their inputs are."""


def literal(node: OnnxNode) -> Constant:
    """Return what an operator Constant holds."""
    given = {name: value for name, value in node.attributes.items() if name.startswith("value")}
    if len(given) != 1 or given.keys() != node.attributes.keys():
        raise UserError("it has no value, several, or other attributes; allowed: one value")
    (value,) = given.values()
    if isinstance(value, Constant):
        return value
    values = np.asarray(value)
    if values.dtype.kind not in "if" or values.ndim > 1:
        raise UserError("its value holds no numbers; allowed: a tensor, numbers")
    return _constant(values)


def fold(site: Site) -> tuple[Constant, ...]:
    """Return what an operator of `FOLDABLE` makes of its inputs, which are constants.

    Raises
    ------
    UserError
        If it cannot compute with them.
    """
    node = site.node
    given = [_array(site, place) if site.has(place) else None for place in range(len(node.inputs))]
    arrays = [array for array in given if array is not None]
    try:
        with np.errstate(all="ignore"):
            if _size(node.operator, arrays) > _LARGEST:
                raise UserError(f"it makes a constant of more than {_LARGEST} elements")
            made = _evaluate(node, given, site.builder.opset)
    except UserError:
        raise
    except Exception as error:  # Whatever wrong shapes or types make the reference raise.
        reason = " ".join(str(error).split())[:100]
        raise UserError(f"it cannot compute with its constants ({reason})") from None
    constants = tuple(_constant(np.asarray(values)) for values in made)
    return tuple(map(_narrowed, constants)) if node.operator == "Clip" else constants


def _size(operator: str, arrays: Sequence[Array]) -> int:
    if operator in _GROWING:
        return _GROWING[operator](arrays)
    return _broadcast(arrays) if operator in _ELEMENTWISE else 0


def _evaluate(node: OnnxNode, given: Sequence[Array | None], opset: int) -> list[Any]:
    # Takes a second to import, and most files have nothing to fold.
    from onnx.reference import ReferenceEvaluator

    names = ["" if array is None else f"i{place}" for place, array in enumerate(given)]
    outputs = [f"o{place}" if name else "" for place, name in enumerate(node.outputs)]
    attributes = {
        name: numpy_helper.from_array(_typed(value)) if isinstance(value, Constant) else value
        for name, value in node.attributes.items()
    }
    proto = helper.make_node(node.operator, names, outputs, domain=node.domain)
    for name, value in attributes.items():
        empty = isinstance(value, tuple) and not value
        kind = onnx.AttributeProto.INTS if empty else None
        proto.attribute.append(helper.make_attribute(name, value, attr_type=kind))
    graph = helper.make_graph(
        [proto],
        "constants",
        [helper.make_empty_tensor_value_info(name) for name in names if name],
        [helper.make_empty_tensor_value_info(name) for name in outputs if name],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    feeds = {name: array for name, array in zip(names, given, strict=True) if array is not None}
    return list(ReferenceEvaluator(model).run(None, feeds))


def _array(site: Site, position: int) -> Array:
    value = site.take(position, Constant, QuantizedConstant)
    return value.real if isinstance(value, QuantizedConstant) else _typed(value)


def _typed(constant: Constant) -> Array:
    """Return a constant's elements in the type that the file gives them."""
    kind = constant.type
    if kind is None or kind.width < 8:
        return constant.values
    return constant.values.astype(f"{'int' if kind.signed else 'uint'}{kind.width}")


def _narrowed(constant: Constant) -> Constant:
    """Return clipped integers in the narrowest type: weights of types that ONNX has not."""
    if constant.type is None or not constant.values.size:
        return constant
    low, high = int(constant.values.min()), int(constant.values.max())
    least = -1 if constant.type.signed else 0
    kind = IntegerType.spanning(min(low, least), high)
    return Constant(constant.values, kind) if kind.width < 8 else constant


def _constant(values: Array) -> Constant:
    if values.ndim > MAXIMUM_RANK:
        raise UserError(f"it makes a constant of {values.ndim} dimensions")
    match values.dtype.kind:
        case "i" | "u":
            kind = IntegerType(8 * values.dtype.itemsize, values.dtype.kind == "i")
            return Constant(values.astype(np.int64), kind)
        case "f":
            return Constant(values.astype(np.float32), None)
        case "b":
            return Constant(values, None)
    raise UserError(f"it makes a constant of {values.dtype}; allowed: numbers")

"""Two tensors of an elementwise operator, brought to one order of dimensions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.affine import finite
from bittrue.golden.frontends.onnx.builder import GraphBuilder, Site
from bittrue.golden.frontends.onnx.layout import Layout, Shape, usual_orders
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.quantizer import finite_fraction
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Operand,
    QuantizedConstant,
    Real,
)
from bittrue.golden.graph import Encoding, Tensor
from bittrue.golden.graph.constant import Constant as ConstantNode
from bittrue.golden.graph.tensor import storage_dtype


@dataclass(frozen=True, eq=False)
class Pair:
    """Two operands whose tensors in the graph broadcast as the ONNX tensors do."""

    operands: tuple[Operand, Operand]
    layout: Layout


def align(
    first: Real | QuantizedConstant,
    second: Real | QuantizedConstant,
    builder: GraphBuilder,
    name: str,
) -> Pair:
    """Return two operands as tensors of the graph.

    Parameters
    ----------
    first, second : Real or QuantizedConstant
        At least one of them no constant.
    builder : GraphBuilder
    name : str
        Of what is made of them; constants get names from it.

    Raises
    ------
    UserError
        If they do not broadcast, or their codes lie in different orders.
    """
    values = (first, second)
    shapes = [_shape(value) for value in values]
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    try:
        shape = np.broadcast_shapes(*padded)
    except ValueError:
        raise UserError(f"its inputs have shapes {shapes[0]} and {shapes[1]}") from None
    activations = [value.activation for value in values if isinstance(value, Real)]
    repeats = _repeats(*padded)
    same = all(activation.layout == activations[0].layout for activation in activations) and all(
        isinstance(value, Real) or value.codes.size == 1 for value in values
    )
    for order in usual_orders(rank):
        if all(len(a.layout.shape) == rank and a.layout.lies_as(order) for a in activations):
            operands = tuple(
                _arranged(value, order, rank, builder, f"{name}/constant{position}")
                for position, value in enumerate(values)
            )
            sizes = tuple(shape[axis] for axis in order)
            layout = Layout.ordered(sizes, order)
            return Pair(_pair(values, operands, builder, repeats), layout)
    if same and len({shape for shape in padded if shape != (1,) * rank}) == 1:
        flat = (activations[0].layout.order().size,)
        operands = tuple(
            _flat(value, flat, builder, f"{name}/constant{position}")
            for position, value in enumerate(values)
        )
        return Pair(_pair(values, operands, builder, repeats), activations[0].layout)
    raise UserError(
        "its inputs lie in memory in different orders; allowed: tensors that were transposed and "
        "reshaped alike"
    )


_OPERANDS = (Real, QuantizedConstant)


def aligned_operands(site: Site) -> Pair:
    """Return the two inputs of an operator as tensors of the graph; see `align`."""
    first, second = site.take(0, *_OPERANDS), site.take(1, *_OPERANDS)
    return align(first, second, site.builder, site.output)


def composed(
    site: Site, function: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
) -> Real | None:
    """Return what a function makes of two operands that are functions of the same codes.

    As of ``x * sigmoid(x)``, which is a function of x alone; None for other operands.
    """
    first, second = site.input(0), site.input(1)
    if not isinstance(first, Real) or not isinstance(second, Real):
        return None
    same = first.activation.name == second.activation.name and (
        (first.activation.layout, first.scale, first.encoding)
        == (second.activation.layout, second.scale, second.encoding)
    )
    if not same or not (first.functions or second.functions):
        return None

    def both(real: NDArray[Any]) -> NDArray[Any]:
        results = []
        for operand in (first, second):
            numbers = real
            for each in operand.functions:
                numbers = each(numbers)
            results.append(numbers)
        return function(*results)

    return replace(first, functions=(both,))


def constant_operand(site: Site) -> tuple[int, NDArray[Any]] | None:
    """Return the place and the numbers of an operand that is a constant of real numbers."""
    for position in (0, 1):
        value, other = site.input(position), site.input(1 - position)
        if isinstance(value, Constant) and value.type is None:
            return position, finite(site, position, value.values)
        if isinstance(value, QuantizedConstant) and isinstance(
            other, Accumulated | QuantizedConstant
        ):
            return position, finite(site, position, value.real)
    return None


def _shape(value: Real | QuantizedConstant) -> Shape:
    """Return the ONNX shape without the batch."""
    if isinstance(value, Real):
        if value.functions:
            raise UserError(
                "an input has passed an activation function since it was quantized; put "
                "QuantizeLinear or Quant between"
            )
        return value.activation.layout.shape
    return value.codes.shape


def _repeats(first: Shape, second: Shape) -> bool:
    """Return whether the first holds one value where the second, in its innermost loop, has many.

    Dimensions of 1 in both at the end are no loops.
    """
    for a, b in zip(reversed(first), reversed(second), strict=True):
        if (a, b) != (1, 1):
            return a == 1
    return True


def _arranged(
    value: Real | QuantizedConstant, order: Shape, rank: int, builder: GraphBuilder, name: str
) -> Activation:
    if isinstance(value, Real):
        return builder.arranged(value.activation, order)
    shape = value.codes.shape
    if len(shape) > rank:
        # A constant may have the batch dimension, too.
        if shape[0] != 1 or len(shape) != rank + 1:
            raise UserError(f"a constant has shape {shape}; allowed: a batch of 1 first")
        shape = shape[1:]
    codes = value.codes.reshape((1,) * (rank - len(shape)) + shape).transpose(order)
    return constant_activation(value, codes, builder, name)


def _flat(
    value: Real | QuantizedConstant, shape: Shape, builder: GraphBuilder, name: str
) -> Activation:
    if isinstance(value, Real):
        return builder.arranged(
            value.activation, tuple(range(len(value.activation.layout.shape))), shape
        )
    return constant_activation(value, value.codes.reshape(1), builder, name)


def constant_activation(
    value: QuantizedConstant, codes: np.ndarray, builder: GraphBuilder, name: str
) -> Activation:
    """Return constant codes as a tensor of the graph, in its order of dimensions."""
    if value.scale.size != 1 or value.zero_point.size != 1:
        raise UserError("a constant has several scales; allowed: one")
    if value.type.width > 16:
        raise UserError(f"a constant is {value.type}; allowed: up to 16 bits")
    node = ConstantNode(
        inputs=(), output=name, values=codes.astype(storage_dtype(value.type)), type=value.type
    )
    return builder.add(node, Layout.same(codes.shape))


def _pair(
    values: tuple[Real | QuantizedConstant, Real | QuantizedConstant],
    activations: tuple[Activation, ...],
    builder: GraphBuilder,
    repeats: bool,
) -> tuple[Operand, Operand]:
    first, second = (
        _operand(value, builder.made(activation.name), repeats and position == 0)
        for position, (value, activation) in enumerate(zip(values, activations, strict=True))
    )
    return first, second


def _operand(value: Real | QuantizedConstant, tensor: Tensor, repeats: bool) -> Operand:
    if isinstance(value, Real):
        codes = np.arange(tensor.minimum, tensor.maximum + 1)
        scale, encoding = value.scale, value.encoding
    else:
        codes = np.unique(value.codes)
        scale = finite_fraction(float(value.scale.reshape(())))
        encoding = Encoding(
            0 if value.bipolar else int(value.zero_point.reshape(())), value.bipolar
        )
    encoding.check(tensor.type, "an input")
    return Operand(tensor.name, tensor.type, scale, encoding, codes, repeats)

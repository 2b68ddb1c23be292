"""Products of two matrices that both are computed: MatMul, QLinearMatMul and MatMulInteger."""

from fractions import Fraction

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import coded_operand, plain
from bittrue.golden.frontends.onnx.layout import Layout, Shape
from bittrue.golden.frontends.onnx.matrix import codes_at, input_encoding
from bittrue.golden.frontends.onnx.operands import constant_activation
from bittrue.golden.frontends.onnx.quantizer import finite_fraction
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Activation,
    Codes,
    Kernel,
    QuantizedConstant,
    Real,
    fractions,
    one_fraction,
)
from bittrue.golden.graph import Encoding
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.graph.mat_mul import MatMul


def is_computed(site: Site, second: int) -> bool:
    """Return whether both matrices are computed, or one is a constant that no dense layer has.

    Parameters
    ----------
    site : Site
    second : int
        Which input the second matrix is.
    """
    value = site.input(second)
    several = isinstance(value, QuantizedConstant) and value.codes.ndim > 2
    return several or isinstance(value, Real | Codes)


def product_of_reals(site: Site) -> Accumulated:
    """Return the product of two inputs of real numbers."""
    values = (_real(site, 0), _real(site, 1))
    return _product(site, values, explicit=False)


def product_of_coded(site: Site) -> Accumulated:
    """Return the product of the inputs of QLinearMatMul, with scales beside them."""
    values = (coded_operand(site, 0), coded_operand(site, 3))
    return _product(site, values, explicit=True)


def product_of_integers(site: Site) -> Accumulated:
    """Return the product of the inputs of MatMulInteger, which have no scales."""
    first, second = (
        Real(codes_at(site, position), Fraction(1), input_encoding(site, position, position + 2))
        for position in (0, 1)
    )
    node, layout = _matrices(site, (first, second))
    return Accumulated(node, layout, fractions([1.0]), fractions([0.0]), None)


def _real(site: Site, position: int) -> Real | QuantizedConstant:
    value = site.input(position)
    return value if isinstance(value, QuantizedConstant) else plain(site, position)


def _product(
    site: Site, values: tuple[Real | QuantizedConstant, Real | QuantizedConstant], explicit: bool
) -> Accumulated:
    node, layout = _matrices(site, values)
    scales = [_scale(value) for value in values]
    kernel = Kernel(
        "matrix",
        tuple(np.array([float(scale)], dtype=np.float32) for scale in scales),
        tuple(v.activation.type if isinstance(v, Real) else v.type for v in values),
        explicit=explicit,
    )
    return Accumulated(node, layout, one_fraction(scales[0] * scales[1]), fractions([0.0]), kernel)


def _matrices(
    site: Site, values: tuple[Real | QuantizedConstant, Real | QuantizedConstant]
) -> tuple[MatMul, Layout]:
    """Return the product of the rows of one with the columns of the other, which are its rows."""
    shapes = [_shape(value) for value in values]
    first, second = shapes
    if min(map(len, shapes)) < 2 or first[-1] != second[-2]:
        raise UserError(
            f"its inputs have shapes {('N', *first)} and {('N', *second)}; allowed: matrices for "
            "each sample, as many rows in the second as columns in the first"
        )
    rank = max(map(len, shapes))
    try:
        outer = np.broadcast_shapes(*(shape[:-2] for shape in shapes))
    except ValueError:
        raise UserError(f"its inputs have shapes {first} and {second}") from None
    names = [
        _rows(site, value, position, outer, turned=position == 1)
        for position, value in enumerate(values)
    ]
    node = MatMul(
        inputs=(names[0], names[1]),
        output="product",
        encodings=(_encoding(values[0]), _encoding(values[1])),
    )
    shape = (*outer, first[-2], second[-1])
    return node, Layout.ordered(shape, tuple(range(rank)))


def _rows(
    site: Site, value: Real | QuantizedConstant, position: int, outer: Shape, turned: bool
) -> str:
    """Return the name of a matrix whose rows are multiplied, repeated over outer dimensions."""
    shape = _shape(value)
    rank = len(shape)
    order = (*range(rank - 2), rank - 1, rank - 2) if turned else tuple(range(rank))
    builder = site.builder
    if isinstance(value, Real):
        rows = builder.arranged(value.activation, order)
    else:
        name = f"{site.output}/constant{position}"
        codes = value.codes[0] if value.codes.ndim > rank else value.codes
        rows = constant_activation(value, codes.transpose(order), builder, name)
    wanted = (*outer, *(shape[axis] for axis in order[-2:]))
    if builder.made(rows.name).shape == wanted:
        return rows.name
    name = builder.unused_name(f"{rows.name}/repeated")
    repeated: Activation = builder.add(
        Broadcast(inputs=(rows.name,), output=name, shape=wanted), Layout.same(wanted)
    )
    return repeated.name


def _shape(value: Real | QuantizedConstant) -> Shape:
    """Return the shape without the batch, which a constant may have, too."""
    if isinstance(value, Real):
        return value.activation.layout.shape
    shape = value.codes.shape
    return shape[1:] if len(shape) > 3 and shape[0] == 1 else shape


def _scale(value: Real | QuantizedConstant) -> Fraction:
    if isinstance(value, Real):
        return value.scale
    return finite_fraction(float(value.scale.reshape(-1)[0]))


def _encoding(value: Real | QuantizedConstant) -> Encoding:
    if isinstance(value, Real):
        return value.encoding
    zero_point = int(value.zero_point.reshape(-1)[0])
    return Encoding(0 if value.bipolar else zero_point, value.bipolar)

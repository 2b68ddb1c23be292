"""Normalization by the mean and the variance of what is there, of nodes that are there.

    y = (x - mean) / sqrt(mean of (x - mean)**2 + epsilon) * weight + bias

In units of the input's scale: 6 bits after the point of differences, none of squares, 2 of their
mean.
"""

import math
from dataclasses import dataclass

import numpy as np

from bittrue.golden.graph import AccumulatingNode, Encoding, FixedPoint, Node
from bittrue.golden.graph.add import Addend, summed
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.arrays import Float64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.multiplier import TFLITE_MULTIPLIER_WIDTH, quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding

_INT16, _UINT16 = IntegerType(16, True), IntegerType(16, False)
_WIDE = IntegerType(48, True)
_FRACTION = 6
_VARIANCE_FRACTION = 2
WEIGHT_FRACTION = 6
"""What is normalized has a unit so many bits finer than the output's, before the bias is added."""


@dataclass(frozen=True, eq=False)
class Normalized:
    """Nodes, and the last one, without requantization.

    Parameters
    ----------
    nodes : list of Node
        In order; what `last` reads.
    last : AccumulatingNode
        Its accumulators stand for the result in units of `unit`.
    unit : float
    """

    nodes: list[Node]
    last: AccumulatingNode
    unit: float


@dataclass(frozen=True, eq=False)
class Given:
    """Codes that are normalized.

    Parameters
    ----------
    source : str
    shape : tuple of int
        Of the graph's tensor.
    encoding : Encoding
    scale : float
    """

    source: str
    shape: tuple[int, ...]
    encoding: Encoding
    scale: float


def normalization(
    given: Given,
    axes: tuple[int, ...],
    epsilon: float,
    weight: Float64 | None,
    bias: Float64 | None,
    output_scale: float,
    name: str,
    centered: bool = True,
) -> Normalized:
    """Return the nodes of a normalization over whole dimensions.

    Parameters
    ----------
    given : Given
        Codes of up to 8 bits.
    axes : tuple of int
        Of the graph's tensor, ascending.
    epsilon : float
        Added to the variance.
    weight, bias : ndarray or None
        Broadcast against the tensor.
    output_scale : float
        Of the codes that will be made.
    name : str
        Of the result.
    centered : bool
        Whether the mean is subtracted; without it, it is the root of the mean of squares.
    """
    nodes: list[Node] = []
    source, encoding = given.source, given.encoding
    if centered:
        means = _means(source, given.shape, axes, encoding, (_FRACTION, 0), _INT16, f"{name}/mean")
        difference: AccumulatingNode = summed(
            inputs=(source, means[-1].output),
            output=f"{name}/difference",
            addends=(Addend(encoding, 1 << _FRACTION), Addend(Encoding(), subtract=True)),
            requantization=_scaled(1.0, _INT16),
        )
        nodes += means
    else:
        difference = Requantize(
            inputs=(source,),
            output=f"{name}/difference",
            encoding=encoding,
            requantization=_scaled(2.0**_FRACTION, _INT16),
        )
    plain = (Encoding(), Encoding())
    square = Multiply(
        inputs=(difference.output, difference.output),
        output=f"{name}/square",
        encodings=plain,
        requantization=_scaled(2.0 ** (-2 * _FRACTION), _UINT16),
    )
    fractions, shape = (0, _VARIANCE_FRACTION), given.shape
    variance = _means(
        square.output, shape, axes, Encoding(), fractions, _UINT16, f"{name}/variance"
    )
    variances = np.arange(_UINT16.maximum + 1) / 2.0**_VARIANCE_FRACTION
    roots = 1 / np.sqrt(variances.clip(2.0**-_VARIANCE_FRACTION) + epsilon / given.scale**2)
    unit = float(roots.max()) / _UINT16.maximum
    inverse = Table(
        inputs=(variance[-1].output,),
        output=f"{name}/inverse",
        values=np.rint(roots / unit).astype(np.int64),
        type=_UINT16,
    )
    nodes += [difference, square, *variance, inverse]
    unit /= 2.0**_FRACTION
    result = Multiply(inputs=(difference.output, inverse.output), output=name, encodings=plain)
    if weight is None and bias is None:
        return Normalized(nodes, result, unit)
    if weight is not None:
        largest = math.sqrt(_count(given.shape, axes)) / _INT16.maximum
        normalized = _stage(result, f"{name}/normalized", unit / largest)
        codes, weight_unit = _coded(weight)
        constant = Constant(inputs=(), output=f"{name}/weight", values=codes, type=_INT16)
        nodes += [normalized, constant]
        result = Multiply(inputs=(normalized.output, constant.output), output=name, encodings=plain)
        unit = largest * weight_unit
    if bias is None:
        return Normalized(nodes, result, unit)
    fine = output_scale / 2**WEIGHT_FRACTION
    weighted = _stage(result, f"{name}/weighted", unit / fine)
    codes = np.rint(bias / fine).clip(_INT16.minimum, _INT16.maximum).astype(np.int64)
    constant = Constant(inputs=(), output=f"{name}/bias", values=codes, type=_INT16)
    nodes += [weighted, constant]
    addends = (Addend(Encoding()), Addend(Encoding()))
    total = summed((weighted.output, constant.output), name, addends)
    return Normalized(nodes, total, fine)


def _means(
    source: str,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    encoding: Encoding,
    fractions: tuple[int, int],
    kind: IntegerType,
    name: str,
) -> list[Mean]:
    """Return the mean over dimensions: where some lie apart, first over those that are last.

    What is between two such means has codes, too, so that no sum becomes wider than they can be.

    Parameters
    ----------
    fractions : (int, int)
        Bits after the point of what is between two means, and more of them that the last one adds.
    """
    behind = [axis for axis in axes if {*range(axis, axes[-1])} <= {*axes}]
    before = tuple(axis for axis in axes if axis not in behind)
    first, last = fractions

    def mean(given: str, over: tuple[int, ...], bits: int, output: str, of: Encoding) -> Mean:
        requantization = _scaled(2.0**bits / _count(shape, over), kind)
        return Mean(
            inputs=(given,),
            output=output,
            axes=over,
            keep_dimensions=True,
            encoding=of,
            requantization=requantization,
        )

    if not before:
        return [mean(source, axes, first + last, name, encoding)]
    inner = mean(source, tuple(behind), first, f"{name}/inner", encoding)
    return [inner, mean(inner.output, before, last, name, Encoding())]


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return math.prod(shape[axis] for axis in axes)


def _coded(values: Float64) -> tuple[np.ndarray, float]:
    """Return numbers as codes of 16 bits and their unit, a power of two."""
    largest = float(np.abs(values).max()) or 1.0
    unit = 2.0 ** math.ceil(math.log2(largest / _INT16.maximum))
    return np.rint(values / unit).astype(np.int64), unit


def _stage(node: Multiply, name: str, scale: float) -> Multiply:
    """Return a product as codes of 16 bits in the middle."""
    return Multiply(
        inputs=node.inputs,
        output=name,
        encodings=node.encodings,
        requantization=_scaled(scale, _INT16),
    )


def _scaled(scale: float, kind: IntegerType) -> FixedPoint:
    """Return a requantization of sums to codes of 16 bits."""
    multiplier, exponent = quantize_multiplier(scale, TFLITE_MULTIPLIER_WIDTH)
    spec = RequantSpec(_WIDE, kind, roundings=(Rounding.SINGLE_HALF_UP,))
    return FixedPoint(RequantChannels(spec, multiplier, exponent), Rounding.SINGLE_HALF_UP)

"""Layers of products with weights."""

import numpy as np

from bittrue.flows.engine.codes import check_requantized, offset, records_of
from bittrue.flows.engine.layers import Geometry, MatrixLayer
from bittrue.flows.engine.lowering import Lowering
from bittrue.flows.engine.places import View
from bittrue.flows.engine.unfolding import add_unfolded
from bittrue.golden.errors import UserError
from bittrue.golden.graph import AccumulatingNode, Encoding, MatrixNode, Requantization, Window
from bittrue.golden.numbers.arrays import Int64


def windowed(window: Window) -> Geometry:
    """Return the geometry of a window, of which the border is to be known yet."""
    (top, _), (left, _) = window.padding
    return Geometry(
        kernel=window.size, stride=window.stride, dilation=window.dilation, first=(-top, -left)
    )


def add_matrix(
    lowering: Lowering,
    node: MatrixNode,
    source: View,
    geometry: Geometry,
    weight: Int64,
    groups: int,
) -> None:
    """Add the layer of a node with weights.

    Parameters
    ----------
    lowering : Lowering
    node : MatrixNode
    source : View
    geometry : Geometry
    weight : ndarray of int64, shape (outputs, kernel rows, columns, input channels / groups)
        The integers that multiply.
    groups : int
    """
    encoding = node.input_encoding
    if encoding.bipolar and (min(geometry.first) < 0 or node.has_border):
        raise UserError("its codes are bipolar and have a border; -1 and 1 have no zero to fill it")
    add_sum(
        lowering,
        node,
        source,
        geometry,
        weight,
        groups,
        encoding,
        node.bias,
        check_requantized(node),
    )


def add_sum(
    lowering: Lowering,
    node: AccumulatingNode,
    source: View,
    geometry: Geometry,
    weight: Int64,
    groups: int,
    encoding: Encoding,
    bias: Int64,
    requantization: Requantization,
    target: View | None = None,
    counted: bool = True,
) -> None:
    """Add a layer of weighted sums of values.

    Codes are multiplied as they are stored; what their zero point and their storage take from
    values is part of the bias, and the border is filled with the code of zero.
    """
    tensor = lowering.tensor(node.inputs[0])
    factor, moved = (2, -1) if encoding.bipolar else (1, -encoding.zero_point)
    # value = factor * (stored + offset) + moved
    added = factor * offset(tensor) + moved
    total = weight.reshape(len(weight), -1).sum(axis=1)
    records = records_of(
        requantization,
        lowering.graph.accumulators[node.output],
        lowering.tensor(node.output),
        bias + added * total,
    )
    pad = 0 if encoding.bipolar else -added
    add_unfolded(
        lowering,
        MatrixLayer(
            name=node.output,
            title=node.title,
            target=lowering.target(node.output) if target is None else target,
            source=source,
            geometry=Geometry(
                kernel=geometry.kernel,
                stride=geometry.stride,
                dilation=geometry.dilation,
                first=geometry.first,
                pad=pad,
            ),
            weight=factor * weight,
            groups=groups,
            records=records,
            counted=counted,
        ),
    )


def diagonal(kernel: tuple[int, int], channels: int) -> Int64:
    """Return the weights of a window's sum, channel by channel."""
    return np.ones((channels, *kernel, 1), dtype=np.int64)

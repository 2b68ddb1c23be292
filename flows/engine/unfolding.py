"""Layers of few channels: the columns of their windows laid along the lanes."""

from dataclasses import replace

import numpy as np

from bittrue.flows.engine.codes import kept_codes
from bittrue.flows.engine.layers import Geometry, MatrixLayer
from bittrue.flows.engine.lowering import Lowering
from bittrue.flows.engine.weights import STORED
from bittrue.golden.engine.configuration import EngineConfiguration

_GAIN = 1.15
"""Times that a layer must be quicker than it is."""


def add_unfolded(lowering: Lowering, layer: MatrixLayer) -> None:
    """Add a layer, or two that compute the same where that is quicker.

    The first one takes the codes of a window's row as they are, tap after tap, as the channels of
    one pixel; the second multiplies these, with a window of one column:

        unfolded[y, x, t * channels + c] = code[y, x * stride + t * dilation + left, c]

    Parameters
    ----------
    lowering : Lowering
    layer : MatrixLayer
    """
    outputs, height, width, channels = layer.weight.shape
    size = layer.source.height, layer.target.width, width * channels
    if layer.groups > 1 or width == 1 or channels >= lowering.lanes:
        lowering.layers.append(layer)
        return
    one = _cycles(layer, lowering.engine)
    geometry = layer.geometry
    scratch = lowering.scratch(f"{layer.name}, unfolded", size)
    none = np.zeros(size[2], dtype=np.int64)
    taken = np.zeros((size[2], 1, width, channels), dtype=np.int64)
    tap, channel = np.divmod(np.arange(size[2]), channels)
    taken[np.arange(size[2]), 0, tap, channel] = 1
    moves = replace(
        layer,
        title="unfold",
        target=scratch,
        geometry=_along(geometry, 1),
        weight=taken,
        records=kept_codes(none),
        counted=False,
    )
    sums = replace(
        layer,
        source=scratch,
        geometry=_along(geometry, 0),
        weight=layer.weight.reshape(outputs, height, 1, size[2]),
    )
    two = _cycles(moves, lowering.engine) + _cycles(sums, lowering.engine)
    lowering.layers += [moves, sums] if two * _GAIN < one else [layer]


def _along(geometry: Geometry, axis: int) -> Geometry:
    """Return how a window moves of which only rows (0) or columns (1) are left."""
    bare = Geometry(pad=geometry.pad)
    rows, columns = (geometry, bare) if axis == 0 else (bare, geometry)
    return Geometry(
        kernel=(rows.kernel[0], columns.kernel[1]),
        stride=(rows.stride[0], columns.stride[1]),
        dilation=(rows.dilation[0], columns.dilation[1]),
        first=(rows.first[0], columns.first[1]),
        pad=geometry.pad,
    )


def _cycles(layer: MatrixLayer, engine: EngineConfiguration) -> float:
    """Estimate the cycles of a layer: what its array or its stores take."""
    pixels = layer.target.height * layer.target.width
    steps = int(np.prod(layer.geometry.kernel)) * layer.source.planes(engine.lanes)
    total = 0.0
    for first in range(0, len(layer.weight), engine.outputs):
        words = -(-min(engine.outputs, len(layer.weight) - first) // engine.lanes)
        total += -(-pixels // engine.pixels) * max(steps, engine.pixels * words)
    return max(total, layer.target.planes(engine.lanes) * pixels / STORED)

"""Weights and records as the engine's memories have them, some output channels at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.layers import MatrixLayer
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.record import Records
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64

MOST_PASSES = 4


@dataclass(frozen=True)
class Group:
    """Output channels that the array computes together.

    Parameters
    ----------
    first, channels : int
        Of the output.
    plane, planes : int
        Planes of the input that they see.
    passes : int
        Bytes that a weight is the sum of.
    """

    first: int
    channels: int
    plane: int
    planes: int
    passes: int

    def rows(self, layer: MatrixLayer) -> int:
        """Return the rows of the weight memory that it takes."""
        return self.passes * int(np.prod(layer.geometry.kernel)) * self.planes

    def packed(self, layer: MatrixLayer, engine: EngineConfiguration) -> bytes:
        """Return its weights as rows; see `golden.engine.instruction.Matrix`."""
        lanes, (height, width) = engine.lanes, layer.geometry.kernel
        weight = np.zeros((engine.outputs, height, width, self.planes * lanes), dtype=np.int64)
        given = layer.weight[self.first : self.first + self.channels]
        each, seen = layer.weight.shape[-1], len(layer.weight) // layer.groups
        if layer.groups == 1:
            weight[: self.channels, ..., :each] = given
        else:
            for place in range(self.channels):
                channel = (self.first + place) // seen * each - self.plane * lanes
                weight[place, ..., channel : channel + each] = given[place]
        parts = _bytes_of(weight, self.passes)
        rows = parts.reshape(self.passes, engine.outputs, height, width, self.planes, lanes)
        return rows.transpose(0, 2, 3, 4, 1, 5).tobytes()


def channel_groups(layer: MatrixLayer, engine: EngineConfiguration) -> Iterator[Group]:
    """Return the groups of a layer's output channels.

    Raises
    ------
    UserError
        If a weight is too wide.
    """
    outputs, each = len(layer.weight), layer.weight.shape[-1]
    seen = outputs // layer.groups
    for first in range(0, outputs, engine.outputs):
        channels = min(engine.outputs, outputs - first)
        begin = first // seen * each
        end = ((first + channels - 1) // seen + 1) * each
        plane = begin // engine.lanes
        planes = -(-end // engine.lanes) - plane
        passes = _passes(layer.weight[first : first + channels])
        yield Group(first, channels, plane, planes, passes)


def _passes(weight: Int64) -> int:
    """Return how many signed bytes the widest weight is the sum of."""
    low, high = int(weight.min()), int(weight.max())
    passes = max(-(low // 128) if low < 0 else 0, -(-high // 127), 1)
    if passes > MOST_PASSES:
        raise UserError(
            f"its weights reach {low} to {high}; the engine adds up to {MOST_PASSES} bytes a weight"
        )
    return passes


def _bytes_of(weight: Int64, passes: int) -> NDArray[np.int8]:
    """Return signed bytes that add up to weights."""
    left, parts = weight.copy(), []
    for _ in range(passes):
        part = np.clip(left, -128, 127)
        parts.append(part)
        left -= part
    assert not left.any()
    return np.stack(parts).astype(np.int8)


def packed_records(records: Records, first: int, count: int, repeated: bool = False) -> bytes:
    """Return the records of some channels as bytes; channels that there are not have the last's.

    Parameters
    ----------
    records : Records
    first, count : int
    repeated : bool
        Whether all have the first one's.
    """
    places = np.zeros(count, dtype=np.int64) if repeated else first + np.arange(count)
    places = np.minimum(places, len(records) - 1)
    columns = (
        records.bias, records.multiplier, records.positive, records.negative, records.shift,
        records.zero_point, records.minimum, records.maximum,
    )  # fmt: skip
    return Records(*(column[places] for column in columns)).packed()

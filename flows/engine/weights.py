"""Weights and records as the engine's memories have them, some output channels at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.layers import Geometry, MatrixLayer
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.record import SIZE, Records
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64

MOST_PASSES = 4

_MAXIMUM_STRIDE = 255

STORED = 0.8
"""Words in a cycle that are stored, roughly."""

_LOADED, _FETCHED = 1.6, 65
"""Words in a cycle that are loaded, and cycles that a group's instructions take: what bounds a
group, roughly; `flows.engine.timing` has more of it."""


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
    together : int
        Rows of the output that are computed at once: the array's outputs are the channels of one
        row, then those of the next, so there are at most `lanes` channels if it is not 1.
    """

    first: int
    channels: int
    plane: int
    planes: int
    passes: int
    together: int = 1

    def geometry(self, layer: MatrixLayer) -> Geometry:
        """Return how the window moves that holds those of all rows that are computed at once."""
        given = layer.geometry
        if self.together == 1:
            return given
        (height, width), (down, right) = given.kernel, given.stride
        kernel = height + (self.together - 1) * down, width
        return replace(given, kernel=kernel, stride=(self.together * down, right))

    def rows(self, layer: MatrixLayer) -> int:
        """Return the rows of the weight memory that it takes."""
        return self.passes * int(np.prod(self.geometry(layer).kernel)) * self.planes

    def packed(self, layer: MatrixLayer, engine: EngineConfiguration) -> bytes:
        """Return its weights as rows; see `golden.engine.instruction.Matrix`."""
        lanes, (height, width) = engine.lanes, self.geometry(layer).kernel
        weight = np.zeros((engine.outputs, height, width, self.planes * lanes), dtype=np.int64)
        given = layer.weight[self.first : self.first + self.channels]
        each, seen = layer.weight.shape[-1], len(layer.weight) // layer.groups
        if layer.groups == 1:
            weight[: self.channels, ..., :each] = given
        else:
            window = layer.geometry.kernel[0]
            for row in range(self.together):
                down = row * layer.geometry.stride[0]
                for place in range(self.channels):
                    channel = (self.first + place) // seen * each - self.plane * lanes
                    taps = weight[row * lanes + place, down : down + window]
                    taps[..., channel : channel + each] = given[place]
        parts = _bytes_of(weight, self.passes)
        rows = parts.reshape(self.passes, engine.outputs, height, width, self.planes, lanes)
        return rows.transpose(0, 2, 3, 4, 1, 5).tobytes()


def channel_groups(
    layer: MatrixLayer, engine: EngineConfiguration, most: int, together: int = 1
) -> Iterator[Group]:
    """Return the groups of a layer's output channels.

    Parameters
    ----------
    layer : MatrixLayer
    engine : EngineConfiguration
    most : int
        Channels of a group, a multiple of the lanes.
    together : int
        See `Group`.

    Raises
    ------
    UserError
        If a weight is too wide.
    """
    outputs, each = len(layer.weight), layer.weight.shape[-1]
    seen = outputs // layer.groups
    for first in range(0, outputs, most):
        channels = min(most, outputs - first)
        begin = first // seen * each
        end = ((first + channels - 1) // seen + 1) * each
        plane = begin // engine.lanes
        planes = -(-end // engine.lanes) - plane
        passes = _passes(layer.weight[first : first + channels])
        yield Group(first, channels, plane, planes, passes, together)


def quickest_groups(layer: MatrixLayer, engine: EngineConfiguration) -> list[Group]:
    """Return the groups of a layer's output channels, several rows at once where that is quicker.

    Channels of grouped layers see few of the lanes. With the channels of a word alone, the outputs
    of the array that are left compute the next rows, whose windows have rows in common.

    Raises
    ------
    UserError
        If a weight is too wide.
    """
    widest = list(channel_groups(layer, engine, engine.outputs))
    if layer.groups == 1 or engine.group_words == 1:
        return widest
    candidates = [widest, list(channel_groups(layer, engine, engine.lanes))]
    together, (down, _) = engine.group_words, layer.geometry.stride
    regular = layer.geometry.dilation[0] == 1 and together * down <= _MAXIMUM_STRIDE
    if layer.target.height > 1 and regular:
        several = list(channel_groups(layer, engine, engine.lanes, together))
        if max(group.rows(layer) for group in several) <= engine.weight_rows // 2:
            candidates.append(several)

    def cost(groups: Sequence[Group]) -> tuple[bool, float]:
        fits = max(group.rows(layer) for group in groups) <= engine.weight_rows
        return not fits, _cycles(layer, groups, engine)

    return min(candidates, key=cost)


def _cycles(layer: MatrixLayer, groups: Sequence[Group], engine: EngineConfiguration) -> float:
    """Estimate the cycles of a layer whose groups load what they see, each for itself."""
    target, source = layer.target, layer.source
    # Constants that are alike are loaded once.
    alike = bool((layer.weight == layer.weight[0]).all())
    constants = [
        group.rows(layer) * engine.outputs + engine.outputs * SIZE // engine.lanes
        for group in groups
    ]
    total = constants[0] / _LOADED if alike else 0.0
    for group, own in zip(groups, constants, strict=True):
        pixels = -(-target.height // group.together) * target.width
        planes = -(-group.channels // engine.lanes)
        written = engine.pixels * max(planes, group.together)
        computed = -(-pixels // engine.pixels) * max(group.rows(layer), written)
        loaded = group.planes * source.height * source.width + (0 if alike else own)
        stored = planes * target.height * target.width
        total += max(computed, loaded / _LOADED, stored / STORED, _FETCHED)
    return total


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

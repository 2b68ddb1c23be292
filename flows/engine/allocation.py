"""Where buffers lie in the data region: tensors that do not live together share memory."""

from collections.abc import Sequence

from bittrue.flows.engine.layers import Layer
from bittrue.flows.engine.places import Buffer

_ALIGNMENT = 64


def allocate(
    layers: Sequence[Layer], inputs: Sequence[Buffer], outputs: Sequence[Buffer], lanes: int
) -> int:
    """Give every buffer an address; return the bytes of the data region.

    Inputs and outputs keep theirs throughout. Others take the first gap among those that live while
    they do, in the order of the layers.
    """
    first: dict[Buffer, int] = {}
    last: dict[Buffer, int] = {}
    for place, layer in enumerate(layers):
        for view in (layer.target, *layer.sources):
            if view.buffer.constant is None:
                first.setdefault(view.buffer, place)
                last[view.buffer] = place
    for buffer in (*inputs, *outputs):
        first[buffer], last[buffer] = -1, len(layers)
    size = 0
    placed: list[Buffer] = []
    for buffer in sorted(first, key=lambda each: first[each]):
        rivals = [
            each for each in placed if first[each] <= last[buffer] and first[buffer] <= last[each]
        ]
        buffer.address = _gap(buffer, rivals, lanes)
        buffer.before = [
            each for each in placed if each not in rivals and _overlap(each, buffer, lanes)
        ]
        placed.append(buffer)
        size = max(size, buffer.address + _bytes(buffer, lanes))
    return size


def _bytes(buffer: Buffer, lanes: int) -> int:
    size = buffer.words * lanes
    return size + -size % _ALIGNMENT


def _overlap(one: Buffer, other: Buffer, lanes: int) -> bool:
    return one.address < other.address + _bytes(
        other, lanes
    ) and other.address < one.address + _bytes(one, lanes)


def _gap(buffer: Buffer, rivals: Sequence[Buffer], lanes: int) -> int:
    """Return the first address where a buffer meets none of its rivals."""
    address = 0
    for rival in sorted(rivals, key=lambda each: each.address):
        if rival.address - address >= _bytes(buffer, lanes):
            break
        address = max(address, rival.address + _bytes(rival, lanes))
    return address

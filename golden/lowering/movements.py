"""Movements of codes that are several nodes: each returns them in order, the last one named.

What is between has names that begin with that of the result.
"""

import math
from collections.abc import Mapping, Sequence

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Node
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.graph.concat import concatenated
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.slice import Slice

Image = tuple[int, int, int]
"""Height, width and channels."""


MAXIMUM_PLACES = 1 << 20
"""Rows or columns of an image that is resized: each is counted, and a file of a few bytes can ask
for any number."""


def require_places(sizes: Sequence[int]) -> None:
    """Refuse to resize to more rows or columns than can be counted quickly.

    Raises
    ------
    UserError
    """
    if max(sizes, default=0) > MAXIMUM_PLACES:
        raise UserError(
            f"it resizes to {tuple(sizes)}; allowed: up to {MAXIMUM_PLACES:,} rows or columns"
        )


def set_apart(
    source: str, image: Image, stride: tuple[int, int], code: int, name: str
) -> list[Node]:
    """Put a code behind every pixel, and rows of it behind every row.

        result[y * stride[0], x * stride[1]] = source[y, x]

    Parameters
    ----------
    source : str
    image : (int, int, int)
        Its shape.
    stride : (int, int)
        In height and width, at least 1.
    code : int
        Everywhere else; the result has `stride` times the height and width.
    name : str
        Of the result.
    """
    height, width, channels = image
    vertical, horizontal = stride
    padding = ((0, 0), (0, vertical - 1), (0, 0), (0, horizontal - 1), (0, 0))
    shapes = (height, 1, width, 1, channels), (height * vertical, width * horizontal, channels)
    return [
        Reshape(inputs=(source,), output=f"{name}/pixels", shape=shapes[0]),
        Pad(inputs=(f"{name}/pixels",), output=f"{name}/apart", padding=padding, code=code),
        Reshape(inputs=(f"{name}/apart",), output=name, shape=shapes[1]),
    ]


def cropped(source: str, image: Image, ends: Sequence[tuple[int, int]], name: str) -> Node:
    """Leave out rows and columns at the ends.

    Parameters
    ----------
    source : str
    image : (int, int, int)
        Its shape.
    ends : sequence of (int, int)
        For height and width: how many are missing before and behind, where that is negative.
    name : str
        Of the result.
    """
    before, behind = ([max(-pair[end], 0) for pair in ends] for end in (0, 1))
    height, width, channels = image
    size = (height - before[0] - behind[0], width - before[1] - behind[1], channels)
    return Slice(inputs=(source,), output=name, begin=(*before, 0), size=size, stride=(1, 1, 1))


def repeated(source: str, image: Image, times: tuple[int, int], name: str) -> list[Node]:
    """Repeat every pixel along its row, and every row.

        result[y, x] = source[y // times[0], x // times[1]]

    Parameters
    ----------
    source : str
    image : (int, int, int)
        Its shape.
    times : (int, int)
        In height and width, at least 1.
    name : str
        Of the result.
    """
    height, width, channels = image
    vertical, horizontal = times
    row = width * horizontal * channels
    made: list[Node] = []
    last = source
    # First along the rows: what is kept is a pixel, then a row.
    for size, count, block, which in (
        (height * width, horizontal, channels, "pixels"),
        (height, vertical, row, "rows"),
    ):
        if count > 1:
            made += [
                Reshape(inputs=(last,), output=f"{name}/{which}", shape=(size, 1, block)),
                Broadcast(
                    inputs=(f"{name}/{which}",),
                    output=f"{name}/repeated {which}",
                    shape=(size, count, block),
                ),
            ]
            last = f"{name}/repeated {which}"
    shape = (height * vertical, width * horizontal, channels)
    return [*made, Reshape(inputs=(last,), output=name, shape=shape)]


def depth_to_space(
    source: str, image: Image, block: int, name: str, columns_first: bool = False
) -> list[Node]:
    """Make blocks of pixels of the channels of each.

        result[y * block + i, x * block + j, c] = source[y, x, (i * block + j) * depth + c]

    Parameters
    ----------
    source : str
    image : (int, int, int)
        Its shape; ``block ** 2`` divides the channels.
    block : int
        Height and width of a block, at least 1.
    name : str
        Of the result.
    columns_first : bool
        Whether the channel is ``c * block ** 2 + i * block + j`` instead: ONNX's CRD.
    """
    height, width, channels = image
    depth = channels // block**2
    made: list[Node] = []
    rows = []
    for row in range(block):
        rows.append(f"{name}/row {row}")
        if columns_first:
            first = row * block
            parts = [(first + column, depth, block**2) for column in range(block)]
        else:
            parts = [(row * block * depth, block * depth, 1)]
        taken = [f"{rows[-1]}/channels {number}" for number in range(len(parts))]
        for output, (begin, size, stride) in zip(taken, parts, strict=True):
            made.append(
                Slice(
                    inputs=(source,),
                    output=output,
                    begin=(0, 0, begin),
                    size=(height, width, size),
                    stride=(1, 1, stride),
                )
            )
        last = taken[0]
        if len(taken) > 1:
            last = f"{rows[-1]}/channels"
            made.append(concatenated(taken, last, axis=2))
        shape = (height, 1, width * block, depth)
        made.append(Reshape(inputs=(last,), output=rows[-1], shape=shape))
    made.append(concatenated(rows, f"{name}/rows", axis=1))
    whole = (height * block, width * block, depth)
    return [*made, Reshape(inputs=(f"{name}/rows",), output=name, shape=whole)]


def space_to_depth(source: str, image: Image, block: int, name: str) -> list[Node]:
    """Make channels of one pixel of blocks of pixels.

        result[y, x, (i * block + j) * channels + c] = source[y * block + i, x * block + j, c]

    Parameters
    ----------
    source : str
    image : (int, int, int)
        Its shape; `block` divides height and width.
    block : int
        Height and width of a block, at least 1.
    name : str
        Of the result.
    """
    height, width, channels = image
    high, wide = height // block, width // block
    blocks = f"{name}/blocks"
    made: list[Node] = [
        Reshape(inputs=(source,), output=blocks, shape=(high, block, wide, block * channels))
    ]
    rows = [f"{name}/row {row}" for row in range(block)]
    for row, output in enumerate(rows):
        made.append(
            Slice(
                inputs=(blocks,),
                output=output,
                begin=(0, row, 0, 0),
                size=(high, 1, wide, block * channels),
                stride=(1, 1, 1, 1),
            )
        )
    joined = f"{name}/channels"
    made.append(concatenated(rows, joined, axis=3))
    shape = (high, wide, block**2 * channels)
    return [*made, Reshape(inputs=(joined,), output=name, shape=shape)]


def regrouped(source: str, image: Image, groups: int, name: str) -> list[Node]:
    """Take one channel of each group in turn: channel shuffle.

        result[y, x, i * groups + g] = source[y, x, g * (channels / groups) + i]

    Parameters
    ----------
    source : str
    image : (int, int, int)
        Its shape; `groups` divides the channels.
    groups : int
    name : str
        Of the result.
    """
    height, width, channels = image
    each = channels // groups
    parts = [f"{name}/channels {number}" for number in range(each)]
    made: list[Node] = [
        Slice(
            inputs=(source,),
            output=output,
            begin=(0, 0, number),
            size=(height, width, groups),
            stride=(1, 1, each if groups > 1 else 1),
        )
        for number, output in enumerate(parts)
    ]
    return [*made, concatenated(parts, name, axis=2)]


def picked(
    source: str, image: Image, places: Sequence[Sequence[int]], name: str
) -> list[Node] | None:
    """Take rows and columns by number, where they are repeated alike or left out alike.

        result[y, x] = source[places[0][y], places[1][x]]

    Parameters
    ----------
    source : str
    image : (int, int, int)
        Its shape.
    places : two sequences of int
        Of the row for each row of the result, and of the column for each column.
    name : str
        Of the result.

    Returns
    -------
    list of Node or None
        None where the places are neither.
    """
    times, taken = [], []
    for numbers, length in zip(places, image[:2], strict=True):
        size = len(numbers)
        count = -(-size // length)
        if size == count * length and [*numbers] == [place // count for place in range(size)]:
            times.append(count)
            taken.append(range(length))
            continue
        stride = numbers[1] - numbers[0] if size > 1 else 1
        if stride < 1 or [*numbers] != [numbers[0] + place * stride for place in range(size)]:
            return None
        times.append(1)
        taken.append(range(numbers[0], numbers[-1] + 1, stride))
    made: list[Node] = []
    sizes = (len(taken[0]), len(taken[1]), image[2])
    if sizes != image:
        part = Slice(
            inputs=(source,),
            output=f"{name}/part",
            begin=(taken[0].start, taken[1].start, 0),
            size=sizes,
            stride=(taken[0].step, taken[1].step, 1),
        )
        made, source = [part], part.output
    return [*made, *repeated(source, sizes, (times[0], times[1]), name)]


def gathered(
    source: str, axis: int, shape: Sequence[int], indices: Sequence[int], name: str
) -> Gather | Slice:
    """Take elements along a dimension by number: a part where they are evenly apart.

    Parameters
    ----------
    source : str
    axis : int
        Dimension, not counting the batch.
    shape : sequence of int
        Of the source.
    indices : sequence of int
        One or more.
    name : str
        Of the result.
    """
    stride = indices[1] - indices[0] if len(indices) > 1 else 1
    if stride >= 1 and [*indices] == [indices[0] + place * stride for place in range(len(indices))]:
        begin, size, strides = [0] * len(shape), list(shape), [1] * len(shape)
        begin[axis], size[axis], strides[axis] = indices[0], len(indices), stride
        return Slice(
            inputs=(source,),
            output=name,
            begin=tuple(begin),
            size=tuple(size),
            stride=tuple(strides),
        )
    return Gather(inputs=(source,), output=name, axis=axis, indices=tuple(indices))


def rearranged(
    source: str, shape: Sequence[int], indices: Mapping[int, Sequence[int]], name: str
) -> list[Gather | Slice | Reshape]:
    """Take elements along several dimensions by number.

    Those along which fewer remain are first: there is less to keep for the others then.

    Parameters
    ----------
    source : str
    shape : sequence of int
        Of it.
    indices : mapping of int to sequence of int
        By dimension, not counting the batch.
    name : str
        Of the result.
    """
    reached, made, last = list(shape), list[Gather | Slice | Reshape](), source
    changed = [axis for axis in indices if [*indices[axis]] != [*range(shape[axis])]]
    for axis in sorted(changed, key=lambda axis: (len(indices[axis]) / shape[axis], -axis)):
        output = f"{name}/along {axis}" if len(made) + 1 < len(changed) else name
        made.append(gathered(last, axis, reached, indices[axis], output))
        reached[axis], last = len(indices[axis]), output
    return made or [Reshape(inputs=(source,), output=name, shape=tuple(shape))]


def tiled(source: str, shape: Sequence[int], times: Sequence[int], name: str) -> list[Node]:
    """Repeat a tensor as a whole along its dimensions.

    Parameters
    ----------
    source : str
    shape : sequence of int
        Of it.
    times : sequence of int
        For each dimension but the batch, at least 1.
    name : str
        Of the result.
    """
    reached, made, last = list(shape), list[Node](), source
    for axis in reversed(range(len(shape))):
        if times[axis] > 1:
            before, block = math.prod(reached[:axis]), math.prod(reached[axis:])
            part, output = f"{name}/along {axis}", f"{name}/repeated along {axis}"
            made += [
                Reshape(inputs=(last,), output=part, shape=(before, 1, block)),
                Broadcast(inputs=(part,), output=output, shape=(before, times[axis], block)),
            ]
            reached[axis], last = reached[axis] * times[axis], output
    return [*made, Reshape(inputs=(last,), output=name, shape=tuple(reached))]

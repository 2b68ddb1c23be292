"""How the images of layers are cut, so that what is read and made fits the memories on chip."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bittrue.flows.engine.layers import Geometry, MatrixLayer
from bittrue.flows.engine.places import View
from bittrue.flows.engine.weights import Group
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.errors import UserError

Item = TypeVar("Item")
MOST_AT_ONCE = 4
"""Parts of a layer that are loaded, computed and stored one behind the other, at least."""

Fits = Callable[[int, int], bool]
"""Whether words of one plane that are read, and those that are written, fit."""


@dataclass(frozen=True)
class Tile:
    """A rectangle of outputs, and the rectangle of the input that it reads.

    Parameters
    ----------
    y, x, rows, columns : int
        Of the output.
    row, column, height, width : int
        Of the input, within its borders; height or width is zero if there is nothing but border.
    top, left : int
        Row and column of the first tap of the first output, in that rectangle.
    """

    y: int
    x: int
    rows: int
    columns: int
    row: int
    column: int
    height: int
    width: int
    top: int
    left: int


@dataclass(frozen=True)
class Tiles:
    """The tiles of a layer, and in which order its channels are computed.

    Parameters
    ----------
    tiles : list of Tile
    groups : int
        Groups of output channels whose constants are on chip together.
    weights_stay : bool
        Whether all tiles are computed for some groups, rather than all groups for a tile.
    """

    tiles: list[Tile]
    groups: int = 1
    weights_stay: bool = False


def split(items: Sequence[Item], count: int) -> list[Sequence[Item]]:
    """Return items in parts of `count`, the last one with what is left."""
    return [items[first : first + count] for first in range(0, len(items), count)]


def grid(geometry: Geometry, source: View, target: View, fits: Fits, least: int = 1) -> Tiles:
    """Cut an image into as few rows of tiles as fit, and rows into columns where one does not.

    Parameters
    ----------
    geometry : Geometry
    source, target : View
    fits : callable
    least : int
        Rows of tiles at least, as far as there are rows: what is loaded for one is on its way
        while another is computed.

    Raises
    ------
    UserError
        If not even one output fits.
    """

    def cut(rows: int, columns: int) -> list[Tile]:
        return [
            _tile(geometry, source, y, x, min(rows, height - y), min(columns, width - x))
            for y in range(0, height, rows)
            for x in range(0, width, columns)
        ]

    def fit(rows: int, columns: int) -> bool:
        return fits(
            _reach(geometry, 0, rows, source.height) * _reach(geometry, 1, columns, source.width),
            rows * columns,
        )

    height, width = target.height, target.width
    for parts in range(min(least, height), height + 1):
        if fit(-(-height // parts), width):
            return Tiles(cut(-(-height // parts), width))
    for parts in range(2, width + 1):
        if fit(1, -(-width // parts)):
            return Tiles(cut(1, -(-width // parts)))
    raise UserError("what one output needs is more than the engine's input memory holds")


def _reach(geometry: Geometry, axis: int, outputs: int, size: int) -> int:
    """Return the most rows or columns of the input that some outputs read."""
    span = (outputs - 1) * geometry.stride[axis]
    span += (geometry.kernel[axis] - 1) * geometry.dilation[axis] + 1
    return min(span, size)


def _tile(geometry: Geometry, source: View, y: int, x: int, rows: int, columns: int) -> Tile:
    row, height, top = _part(geometry, 0, y, rows, source.height)
    column, width, left = _part(geometry, 1, x, columns, source.width)
    return Tile(y, x, rows, columns, row, column, height, width, top, left)


def _part(
    geometry: Geometry, axis: int, first: int, outputs: int, size: int
) -> tuple[int, int, int]:
    """Return first and number of rows or columns that are read, and where the first tap is."""
    begin = geometry.first[axis] + first * geometry.stride[axis]
    end = begin + (outputs - 1) * geometry.stride[axis]
    end += (geometry.kernel[axis] - 1) * geometry.dilation[axis] + 1
    low, high = min(max(begin, 0), size), min(max(end, 0), size)
    return low, max(high - low, 0), begin - low


def matrix_tiles(layer: MatrixLayer, groups: Sequence[Group], engine: EngineConfiguration) -> Tiles:
    """Return tiles and order of a layer with weights: what loads the fewest bytes.

    Half of each memory is for what is computed on, the other half for what is loaded meanwhile.

    Raises
    ------
    UserError
        If the weights of one group of output channels do not fit.
    """
    rows = max(group.rows(layer) for group in groups)
    if rows > engine.weight_rows:
        raise UserError(
            f"{max(group.channels for group in groups)} of its channels have {rows} rows of "
            f"weights; the engine's weight memory has {engine.weight_rows}"
        )
    planes = max(group.planes for group in groups)

    def fits(read: int, written: int) -> bool:
        return (
            2 * planes * read <= engine.input_words
            and 2 * engine.group_words * written <= engine.output_words
        )

    def fits_alone(read: int, written: int) -> bool:
        return (
            planes * read <= engine.input_words
            and engine.group_words * written <= engine.output_words
        )

    together = min(engine.weight_rows // (2 * rows), engine.records // (2 * engine.outputs))
    together = max(together, 1)
    chunks = -(-len(groups) // together)
    # Weights that stay on chip are loaded once, however many tiles there are. Groups that load what
    # they see for themselves follow each other as tiles do.
    least = MOST_AT_ONCE if chunks == 1 else 1
    if layer.groups > 1:
        least = max(MOST_AT_ONCE // len(groups), 1)
    try:
        tiles = grid(layer.geometry, layer.source, layer.target, fits, least).tiles
    except UserError:
        tiles = grid(layer.geometry, layer.source, layer.target, fits_alone).tiles
    lanes = engine.lanes
    inputs = sum(planes * tile.height * tile.width for tile in tiles) * lanes
    weights = sum(group.rows(layer) for group in groups) * engine.row_bytes
    by_tile = inputs + weights * (1 if chunks == 1 else len(tiles))
    by_chunk = inputs * (1 if len(tiles) == 1 else chunks) + weights
    return Tiles(tiles, together, by_chunk < by_tile)

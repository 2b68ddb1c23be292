"""Layers cut into tiles: loads, computations and stores, in the order of the program."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bittrue.flows.engine.dependencies import Access, Tokens, on_chip
from bittrue.flows.engine.layers import (
    Geometry,
    Layer,
    MatrixLayer,
    PoolLayer,
    RowLayer,
    VectorLayer,
)
from bittrue.flows.engine.places import View
from bittrue.flows.engine.tiling import MOST_AT_ONCE, Tile, Tiles, grid, matrix_tiles, split
from bittrue.flows.engine.weights import Group, packed_records, quickest_groups
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import (
    Buffer,
    End,
    GreatestChannel,
    Load,
    Matrix,
    Operation,
    Pool,
    Region,
    Softmax,
    Store,
    Vector,
)
from bittrue.golden.engine.record import SIZE
from bittrue.golden.errors import UserError

_HALVED = 128
"""Words of a tile from which on both ports load it."""


class Ring:
    """Words of a memory on chip, given out one after the other and over again.

    Parameters
    ----------
    name : str
        Of the memory, for its accesses.
    words : int
    """

    def __init__(self, name: str, words: int) -> None:
        self.name = name
        self.words = words
        self._next = 0
        self.latest: tuple[int, int, int] | None = None
        """Place in the image, number and first of the words that were taken last, if they are
        constants."""

    def take(self, count: int) -> int:
        """Return the first of some words that follow each other."""
        self.latest = None
        if count > self.words:
            raise UserError(f"it needs {count} words of the {self.name} memory, of {self.words}")
        first = self._next if self._next + count <= self.words else 0
        self._next = first + count
        return first


@dataclass(frozen=True)
class Loaded:
    """What lies in a memory on chip."""

    ring: Ring
    first: int
    words: int

    def reads(self) -> Access:
        """Return the access of an instruction that reads it."""
        return on_chip(self.ring.name, self.first, self.words, False)


class Emitter:
    """The instructions of all layers, and the constants behind them.

    Parameters
    ----------
    engine : EngineConfiguration
    constants : bytearray
        What is in the image already; weights, records and tables are appended.
    """

    def __init__(self, engine: EngineConfiguration, constants: bytearray) -> None:
        self.engine = engine
        self.constants = constants
        self.tokens = Tokens()
        self.input = Ring("input", engine.input_words)
        self.weights = Ring("weight", engine.weight_rows)
        self.records = Ring("record", engine.records)
        self.tables = Ring("table", engine.tables)
        self.output = Ring("output", engine.output_words)
        self._layer = 0
        self._port_words = [0, 0]
        self._known: dict[bytes, int] = {}
        """Where constants are, by their bytes."""
        self._places: dict[tuple[int, int], tuple[int, int]] = {}
        """Where weights and records are among the constants, by layer and first channel."""

    def emit(self, number: int, layer: Layer) -> None:
        """Append a layer.

        Raises
        ------
        UserError
            Naming the layer, if it does not fit the engine's memories or fields.
        """
        self._layer = number
        try:
            match layer:
                case MatrixLayer():
                    self._matrix(layer)
                case PoolLayer():
                    self._pool(layer)
                case VectorLayer():
                    self._vector(layer)
                case RowLayer():
                    self._row(layer)
        except (UserError, OverflowError) as error:
            raise UserError(f"layer {layer.name!r} ({layer.title}): {error}") from None

    def end(self) -> None:
        """Append the last instruction."""
        self.tokens.add(End(layer=self._layer), [])

    def _add(self, instruction: Any, *accesses: Access) -> None:
        self.tokens.add(instruction, accesses)

    def _port(self, words: int) -> int:
        """Return the port that has less to load so far."""
        port = int(self._port_words[1] < self._port_words[0])
        self._port_words[port] += words
        return port

    # Loads and stores

    def _load_view(self, view: View, planes: int) -> Loaded:
        """Load a part of a tensor to the input memory: planes, rows and words without gaps.

        Where it is large, both ports load a half.
        """
        words = planes * view.height * view.width
        first = self.input.take(words)
        if words >= _HALVED and planes > 1:
            half = planes // 2
            lower, upper = (view, half), (view.part(half, view.channels), planes - half)
        elif words >= _HALVED and view.height > 1:
            half = view.height // 2
            lower = view.rectangle(0, 0, half, view.width), 1
            upper = view.rectangle(half, 0, view.height - half, view.width), 1
        else:
            self._load_part(view, planes, first)
            return Loaded(self.input, first, words)
        for part, count in (lower, upper):
            self._load_part(part, count, first)
            first += count * part.height * part.width
        return Loaded(self.input, first - words, words)

    def _load_part(self, view: View, planes: int, first: int) -> None:
        """Load a part of a tensor from one port."""
        words = planes * view.height * view.width
        constant = view.buffer.constant is not None
        load = Load(
            layer=self._layer,
            destination=first,
            buffer=Buffer.INPUT,
            region=Region.IMAGE if constant else Region.DATA,
            port=self._port(words),
            recentre=int(view.buffer.raw),
            **self._transfer(view, planes),
        )
        reads = [] if constant else [Access(view.buffer, view.box(planes), False)]
        self._add(load, on_chip("input", first, words, True), *reads)

    def _load_constants(self, ring: Ring, buffer: Buffer, content: bytes, words: int) -> Loaded:
        """Put bytes into the image and load them."""
        return self._load_image(ring, buffer, self._constant(content), words, len(content) // words)

    def _load_image(
        self, ring: Ring, buffer: Buffer, address: int, words: int, size: int
    ) -> Loaded:
        """Load words of a size in bytes from a place among the constants.

        Those that were loaded last are there still.
        """
        if ring.latest is not None and ring.latest[:2] == (address, words):
            return Loaded(ring, ring.latest[2], words)
        first = ring.take(words)
        ring.latest = address, words, first
        run = words * size // self.engine.lanes
        load = Load(
            layer=self._layer,
            address=address,
            destination=first,
            run=run,
            rows=1,
            planes=1,
            buffer=buffer,
            region=Region.IMAGE,
            port=self._port(run),
        )
        self._add(load, on_chip(ring.name, first, words, True))
        return Loaded(ring, first, words)

    def _constant(self, content: bytes) -> int:
        """Return the place of bytes among the constants; they are appended, but never twice."""
        if content not in self._known:
            self.constants += bytes(-len(self.constants) % self.engine.lanes)
            self._known[content] = len(self.constants)
            self.constants += content
        return self._known[content]

    def _store_view(self, view: View, planes: int, first: int) -> None:
        words = planes * view.height * view.width
        store = Store(
            layer=self._layer,
            source=first,
            recentre=int(view.buffer.raw),
            **self._transfer(view, planes),
        )
        writes = Access(view.buffer, view.box(planes), True)
        self._add(store, on_chip("output", first, words, False), writes)

    def _transfer(self, view: View, planes: int) -> dict[str, int]:
        """Return the fields of a transfer, in as few runs as there are."""
        lanes, buffer = self.engine.lanes, view.buffer
        base = buffer.address if buffer.constant is None else buffer.constant
        address = base + (view.plane * buffer.plane_words + view.word) * lanes
        run, rows, row_stride = view.width, view.height, view.pitch
        if rows == 1 or row_stride == run:
            run, rows, row_stride = run * rows, 1, 0
        if rows == 1 and planes > 1 and buffer.plane_words == run:
            run, planes = run * planes, 1
        return {
            "address": address,
            "run": run,
            "rows": rows,
            "planes": planes,
            "row_stride": row_stride * lanes,
            "plane_stride": buffer.plane_words * lanes if planes > 1 else 0,
        }

    # Matrices

    def _matrix(self, layer: MatrixLayer) -> None:
        groups = quickest_groups(layer, self.engine)
        tiles = matrix_tiles(layer, groups, self.engine)
        if layer.groups > 1:
            for group in groups:
                constants = self._load_group(layer, group)
                for tile in tiles.tiles:
                    loaded = self._load_tile(layer.source, tile, group.plane, group.planes)
                    self._compute_group(layer, group, constants, tile, loaded)
            return
        chunks = split(groups, tiles.groups)
        if tiles.weights_stay:
            for chunk in chunks:
                kept: dict[int, tuple[Loaded, Loaded]] = {}
                for tile in tiles.tiles:
                    self._tile_groups(layer, tile, chunk, kept)
            return
        once: dict[int, tuple[Loaded, Loaded]] | None = {} if len(chunks) == 1 else None
        for tile in tiles.tiles:
            self._tile_groups(layer, tile, groups, once)

    def _tile_groups(
        self,
        layer: MatrixLayer,
        tile: Tile,
        groups: Sequence[Group],
        kept: dict[int, tuple[Loaded, Loaded]] | None,
    ) -> None:
        """Compute some channels of a tile; `kept` has constants that are loaded already."""
        loaded = self._load_tile(layer.source, tile, 0, groups[0].planes)
        for group in groups:
            if kept is None:
                constants = self._load_group(layer, group)
            else:
                if group.first not in kept:
                    kept[group.first] = self._load_group(layer, group)
                constants = kept[group.first]
            self._compute_group(layer, group, constants, tile, loaded)

    def _load_tile(self, source: View, tile: Tile, plane: int, planes: int) -> Loaded | None:
        """Load what a tile reads; None if all of it is border."""
        if not (tile.height and tile.width):
            return None
        view = source.rectangle(tile.row, tile.column, tile.height, tile.width)
        return self._load_view(view.part(plane, planes * self.engine.lanes), planes)

    def _load_group(self, layer: MatrixLayer, group: Group) -> tuple[Loaded, Loaded]:
        """Load the weights and records of a group, which are in the image once."""
        place = self._layer, group.first
        if place not in self._places:
            weights = self._constant(group.packed(layer, self.engine))
            alone = self.engine.outputs // group.together
            packed = packed_records(layer.records, group.first, alone) * group.together
            self._places[place] = weights, self._constant(packed)
        first, second = self._places[place]
        rows, count = group.rows(layer), self.engine.outputs
        return (
            self._load_image(self.weights, Buffer.WEIGHT, first, rows, self.engine.row_bytes),
            self._load_image(self.records, Buffer.RECORD, second, count, SIZE),
        )

    def _compute_group(
        self,
        layer: MatrixLayer,
        group: Group,
        constants: tuple[Loaded, Loaded],
        tile: Tile,
        loaded: Loaded | None,
    ) -> None:
        weights, records = constants
        together = group.together
        rows = -(-tile.rows // together)
        words = together if together > 1 else -(-group.channels // self.engine.lanes)
        made = rows * tile.columns
        first = self.output.take(words * made)
        matrix = Matrix(
            layer=self._layer,
            output=first,
            words=words,
            passes=group.passes,
            weights=weights.first,
            records=records.first,
            planes=group.planes,
            **_window(group.geometry(layer), tile, loaded, rows),
        )
        self._add(
            matrix,
            *([] if loaded is None else [loaded.reads()]),
            weights.reads(),
            records.reads(),
            on_chip("output", first, words * made, True),
        )
        target = layer.target.rectangle(tile.y, tile.x, tile.rows, tile.columns)
        target = target.part(group.first // self.engine.lanes, group.channels)
        if together == 1:
            self._store_view(target, words, first)
            return
        for row in range(min(together, tile.rows)):
            self._store_view(target.every_row(row, together), 1, first + row * made)

    # The greatest of windows

    def _pool(self, layer: PoolLayer) -> None:
        planes = layer.source.planes(self.engine.lanes)
        least = self._least(layer.target)
        tiles = grid(layer.geometry, layer.source, layer.target, self._pool_fits, least)
        most = self._most_planes(tiles)
        for plane in range(0, planes, most):
            count = min(most, planes - plane)
            for tile in tiles.tiles:
                loaded = self._load_tile(layer.source, tile, plane, count)
                words = count * tile.rows * tile.columns
                first = self.output.take(words)
                pool = Pool(
                    layer=self._layer,
                    output=first,
                    planes=count,
                    minimum=layer.minimum,
                    maximum=layer.maximum,
                    **_window(layer.geometry, tile, loaded),
                )
                reads = [] if loaded is None else [loaded.reads()]
                self._add(pool, *reads, on_chip("output", first, words, True))
                target = layer.target.rectangle(tile.y, tile.x, tile.rows, tile.columns)
                self._store_view(target.part(plane, count * self.engine.lanes), count, first)

    def _least(self, view: View) -> int:
        """Return into how many rows of tiles an image is cut that has few planes."""
        return max(MOST_AT_ONCE // view.planes(self.engine.lanes), 1)

    def _pool_fits(self, read: int, written: int) -> bool:
        return 2 * read <= self.engine.input_words and 2 * written <= self.engine.output_words

    def _most_planes(self, tiles: Tiles) -> int:
        """Return how many planes of the largest tile fit half of the memories."""
        read = max(tile.height * tile.width for tile in tiles.tiles)
        written = max(tile.rows * tile.columns for tile in tiles.tiles)
        most = self.engine.output_words // (2 * written)
        return min(most, self.engine.input_words // (2 * read)) if read else most

    # Functions of codes

    def _vector(self, layer: VectorLayer) -> None:
        lanes = self.engine.lanes
        tables = [
            self._load_constants(self.tables, Buffer.TABLE, table.astype("<i4").tobytes(), 1)
            for table in layer.tables
        ]
        by_channel = layer.records is not None and len(layer.records) > 1
        repeats = layer.b is not None and layer.b.shape != layer.a.shape
        records: Loaded | None = None
        for plane, planes, part in self._blocks(layer.a, by_channel or repeats):
            if layer.records is not None and (records is None or by_channel):
                packed = packed_records(
                    layer.records,
                    plane * lanes if by_channel else 0,
                    lanes,
                    repeated=not by_channel,
                )
                records = self._load_constants(self.records, Buffer.RECORD, packed, lanes)
            self._vector_block(layer, plane, planes, part, tables, records)

    def _blocks(self, view: View, one_plane: bool) -> Iterator[tuple[int, int, Tile]]:
        """Return parts of an image that fit: first plane, planes, rectangle."""
        most = min(self.engine.input_words // 4, self.engine.output_words // 2)
        tiles = grid(Geometry(), view, view, lambda read, _: read <= most, self._least(view))
        pixels = max(tile.rows * tile.columns for tile in tiles.tiles)
        planes = view.planes(self.engine.lanes)
        together = 1 if one_plane else max(most // pixels, 1)
        together = min(together, -(-planes // MOST_AT_ONCE))
        for plane in range(0, planes, together):
            for tile in tiles.tiles:
                yield plane, min(together, planes - plane), tile

    def _vector_block(
        self,
        layer: VectorLayer,
        plane: int,
        planes: int,
        tile: Tile,
        tables: Sequence[Loaded],
        records: Loaded | None,
    ) -> None:
        lanes = self.engine.lanes
        rectangle = tile.y, tile.x, tile.rows, tile.columns
        operands = [
            self._load_view(view.part(plane, planes * lanes), planes)
            for view in (
                view if view.shape != layer.a.shape else view.rectangle(*rectangle)
                for view in layer.sources
            )
        ]
        words = planes * tile.rows * tile.columns
        first = self.output.take(words)
        a, b = operands[0], operands[-1]
        vector = Vector(
            layer=self._layer,
            a=a.first,
            b=b.first if layer.operation is not Operation.LOOK_UP else 0,
            output=first,
            words=words,
            records=0 if records is None else records.first,
            operation=layer.operation,
            table_a=tables[0].first if tables else 0,
            table_b=tables[1].first if len(tables) > 1 else 0,
            repeat=int(layer.b is not None and layer.b.shape != layer.a.shape),
        )
        read = [*operands, *tables, *([] if records is None else [records])]
        self._add(
            vector,
            *(each.reads() for each in read),
            on_chip("output", first, words, True),
        )
        target = layer.target.rectangle(*rectangle).part(plane, planes * lanes)
        self._store_view(target, planes, first)

    # Rows of channels

    def _row(self, layer: RowLayer) -> None:
        lanes = self.engine.lanes
        planes = layer.source.planes(lanes)
        made = layer.target.planes(lanes)
        table = None
        if layer.exponential is not None:
            content = layer.exponential.astype("<i4").tobytes()
            table = self._load_constants(self.tables, Buffer.TABLE, content, 1)
        tiles = grid(
            Geometry(),
            layer.source,
            layer.target,
            lambda read, written: self._pool_fits(planes * read, made * written),
        )
        for tile in tiles.tiles:
            loaded = self._load_tile(layer.source, tile, 0, planes)
            assert loaded is not None
            pixels = tile.rows * tile.columns
            first = self.output.take(made * pixels)
            fields = {
                "layer": self._layer,
                "input": loaded.first,
                "plane": pixels,
                "output": first,
                "pixels": pixels,
                "channels": layer.source.channels,
            }
            written = on_chip("output", first, made * pixels, True)
            if table is None:
                self._add(GreatestChannel(**fields), loaded.reads(), written)
            else:
                softmax = Softmax(**fields, table=table.first)
                self._add(softmax, loaded.reads(), table.reads(), written)
            target = layer.target.rectangle(tile.y, tile.x, tile.rows, tile.columns)
            self._store_view(target, made, first)


def _window(
    geometry: Geometry, tile: Tile, loaded: Loaded | None, rows: int | None = None
) -> dict[str, int]:
    """Return the fields of an instruction that moves a window over a tile.

    `rows` is in how many places down, by default a place for each row of the tile.
    """
    rows = tile.rows if rows is None else rows
    return {
        "input": 0 if loaded is None else loaded.first,
        "plane": tile.height * tile.width,
        "pitch": tile.width,
        "height": tile.height,
        "width": tile.width,
        "rows": rows,
        "columns": tile.columns,
        "kernel_y": geometry.kernel[0],
        "kernel_x": geometry.kernel[1],
        "top": tile.top,
        "left": tile.left,
        # Of one output, no distance to the next is needed; it may be more than the field holds.
        "stride_y": geometry.stride[0] if rows > 1 else 1,
        "stride_x": geometry.stride[1] if tile.columns > 1 else 1,
        "dilation_y": geometry.dilation[0] if geometry.kernel[0] > 1 else 1,
        "dilation_x": geometry.dilation[1] if geometry.kernel[1] > 1 else 1,
        "pad": geometry.pad,
    }

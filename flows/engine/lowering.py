"""From nodes of the graph to layers of the engine; `flows/engine/operators` has each node's way."""

from collections.abc import Mapping
from functools import singledispatch

import numpy as np

from bittrue.flows.engine import operators
from bittrue.flows.engine.codes import check_stored, every_code, kept_codes, offset
from bittrue.flows.engine.layers import Geometry, Layer, MatrixLayer, PoolLayer
from bittrue.flows.engine.places import Buffer, Shape, View
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph, Node, Tensor
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.registry import import_modules


def image_shape(shape: tuple[int, ...]) -> Shape:
    """Return height, width and channels of a tensor of any rank; the last dimension are channels.

    Dimensions before the last three are rows, as in memory.
    """
    padded = (1,) * (3 - len(shape)) + tuple(shape)
    return int(np.prod(padded[:-2])), padded[-2], padded[-1]


class Lowering:
    """The layers of a graph, in order, and where each tensor lies.

    Parameters
    ----------
    graph : Graph
    engine : EngineConfiguration

    Raises
    ------
    UserError
        Naming the first node that the engine does not take, and why.
    """

    def __init__(self, graph: Graph, engine: EngineConfiguration) -> None:
        import_modules(operators)
        self.graph = graph
        self.engine = engine
        self.lanes = engine.lanes
        self.layers: list[Layer] = []
        self.views: dict[str, View] = {}
        self.values: dict[str, Int64] = {}
        self.constants = bytearray()
        if graph.states:
            raise UserError(
                f"state {graph.states[0].name!r}: the engine keeps nothing from one call to the "
                "next; give its tensors as inputs and outputs"
            )
        self._joined = _joined_tensors(graph, self.lanes)
        for tensor in graph.inputs:
            self._input(tensor)
        for node in graph.nodes:
            try:
                for name in node.inputs:
                    check_stored(graph.tensors[name], f"its input {name!r}")
                lower_node(node, self)
            except UserError as error:
                place = f"layer {node.output!r} ({node.title})"
                raise UserError(f"{place}: {error}") from None
        self._check_outputs()

    def tensor(self, name: str) -> Tensor:
        """Return a tensor of the graph."""
        return self.graph.tensors[name]

    def view(self, name: str) -> View:
        """Return where a tensor lies; constants are put into the image when they are read."""
        if name not in self.views:
            self.views[name] = self._constant(name)
        return self.views[name]

    def source(self, name: str, shape: Shape | None = None) -> View:
        """Return where a tensor lies as an image of a shape, by default the one its shape says.

        Raises
        ------
        UserError
            If its codes lie in another order.
        """
        wanted = image_shape(self.tensor(name).shape) if shape is None else shape
        view = self.view(name)
        regrouped = view.regrouped(wanted)
        if regrouped is None:
            raise UserError(
                f"its input {name!r} lies in memory as {view.shape}; the engine moves no codes "
                f"into the order of {wanted}"
            )
        return regrouped

    def target(self, name: str, shape: Shape | None = None) -> View:
        """Return where a tensor is to be made, as an image of a shape.

        Parameters
        ----------
        name : str
        shape : (int, int, int), optional
            By default what its shape says.
        """
        check_stored(self.tensor(name), "its output")
        natural = image_shape(self.tensor(name).shape)
        if shape is None:
            shape = natural
        if name in self._joined:
            whole, axis, first = self._joined[name]
            if whole not in self.views:
                self.target(whole)
            joined = self.views[whole]
            assert shape == natural
            height, width, channels = shape
            if axis == 2:
                view = joined.part(first // self.lanes, channels)
            else:
                row, column = (first, 0) if axis == 0 else (0, first)
                view = joined.rectangle(row, column, height, width)
        else:
            view = self._new(name, shape, name in self.graph.outputs)
        self.views[name] = view
        return view

    def scratch(self, name: str, shape: Shape) -> View:
        """Return memory for what lies between layers of one node."""
        return self._new(name, shape, False)

    def is_joined(self, name: str) -> bool:
        """Return whether a tensor is made as a part of another one."""
        return name in self._joined

    def _new(self, name: str, shape: Shape, is_output: bool) -> View:
        height, width, channels = shape
        raw = is_output and self.tensor(name).type.maximum > 127
        buffer = Buffer(name, -(-channels // self.lanes), height * width, raw)
        return View.whole(buffer, shape)

    def _input(self, tensor: Tensor) -> None:
        check_stored(tensor, f"input {tensor.name!r}")
        shape = image_shape(tensor.shape)
        readers = self.graph.consumers(tensor.name)
        # What is only read in another shape is given in that one.
        while len(readers) == 1 and isinstance(readers[0], Reshape):
            shape = image_shape(self.tensor(readers[0].output).shape)
            readers = self.graph.consumers(readers[0].output)
        height, width, channels = shape
        raw = tensor.type.maximum > 127
        buffer = Buffer(tensor.name, -(-channels // self.lanes), height * width, raw)
        self.views[tensor.name] = View.whole(buffer, shape)

    def _constant(self, name: str) -> View:
        """Put the codes of a constant into the image, in the shape of an image."""
        tensor = self.tensor(name)
        shape = image_shape(tensor.shape)
        stored = self.values[name].reshape(shape) - offset(tensor)
        address = len(self.constants)
        self.constants += planes_of(stored, self.lanes).tobytes()
        height, width, channels = shape
        buffer = Buffer(name, -(-channels // self.lanes), height * width, constant=address)
        return View.whole(buffer, shape)

    def _check_outputs(self) -> None:
        for name in self.graph.outputs:
            if self.graph.producer(name) is None or name in self.values:
                raise UserError(f"output {name!r} is an input or a constant; nothing computes it")


def planes_of(codes: Int64, lanes: int) -> np.ndarray:
    """Return stored codes of shape (height, width, channels) as planes of words."""
    height, width, channels = codes.shape
    planes = -(-channels // lanes)
    padded = np.zeros((height, width, planes * lanes), dtype=np.int8)
    padded[..., :channels] = codes
    return padded.reshape(height, width, planes, lanes).transpose(2, 0, 1, 3)


@singledispatch
def places_of_parts(node: Node, graph: Graph) -> list[tuple[str, int, int]]:
    """Return what a node joins: operand, dimension of the image, and first place along it."""
    return []


def _joined_tensors(graph: Graph, lanes: int) -> Mapping[str, tuple[str, int, int]]:
    """Return tensors that can be made where a concatenation has them: of which, along what, where.

    Those that something else makes in a place of its own, or that begin within a word, are copied.
    """
    joined: dict[str, tuple[str, int, int]] = {}
    for node in graph.nodes:
        parts = places_of_parts(node, graph)
        for name, axis, first in parts:
            producer = graph.producer(name)
            alone = (
                node.inputs.count(name) == 1
                and name not in joined
                and name not in graph.outputs
                and axis >= 0
                and not any(place % lanes for _, _, place in parts if axis == 2)
                and producer is not None
                and not isinstance(producer, Reshape | Constant)
            )
            if alone:
                joined[name] = node.output, axis, first
    return joined


@singledispatch
def lower_node(node: Node, lowering: Lowering) -> None:
    """Add the layers of a node.

    Raises
    ------
    UserError
        Saying why the engine does not take it.
    """
    raise UserError("the engine has no instruction for it")


def moved_pixels(
    lowering: Lowering, node: Node, source: View, target: View, geometry: Geometry
) -> None:
    """Add a layer that takes pixels as they are, by where its windows of one pixel are."""
    lowering.layers.append(
        PoolLayer(
            name=node.output,
            title=node.title,
            target=target,
            source=source,
            geometry=geometry,
            minimum=-128,
            maximum=127,
        )
    )


def moved_channels(
    lowering: Lowering,
    node: Node,
    source: View,
    target: View,
    channels: Int64,
    fill: int = 0,
    geometry: Geometry | None = None,
) -> None:
    """Add a layer that takes channels by number; -1 gives a stored code to all of a channel."""
    weight = np.zeros((len(channels), 1, 1, source.channels), dtype=np.int64)
    taken = np.flatnonzero(channels >= 0)
    weight[taken, 0, 0, channels[taken]] = 1
    none = np.zeros(len(channels), dtype=np.int64)
    bias = np.where(channels < 0, fill, none)
    lowering.layers.append(
        MatrixLayer(
            name=node.output,
            title=node.title,
            target=target,
            source=source,
            geometry=Geometry() if geometry is None else geometry,
            weight=weight,
            groups=1,
            records=kept_codes(bias),
            counted=False,
        )
    )


def codes_table(lowering: Lowering, name: str) -> Int64:
    """Return the code of a tensor that each stored one stands for."""
    return every_code(lowering.tensor(name))

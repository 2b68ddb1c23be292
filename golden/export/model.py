"""A whole graph as an ONNX model."""

from dataclasses import dataclass

import onnx

from bittrue.golden.errors import UserError
from bittrue.golden.export import operators
from bittrue.golden.export.integer import write_exactly
from bittrue.golden.export.qdq import Qdq
from bittrue.golden.export.writer import Writer
from bittrue.golden.graph import Graph, State, Tensor
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.registry import import_modules

import_modules(operators)

STYLES = ("integer", "qdq")
"""How layers are written: ``integer`` always exactly, ``qdq`` where that is exact, too."""

_MAXIMUM_BYTES = 1 << 31


@dataclass(frozen=True, eq=False)
class Export:
    """An exported model.

    Parameters
    ----------
    content : bytes
        Of the .onnx file.
    qdq : tuple of str
        Tensors whose layers are QDQ.
    exact : dict of str to str
        The tensors of the other layers, with the reason in few words.
    """

    content: bytes
    qdq: tuple[str, ...]
    exact: dict[str, str]


def export_onnx(graph: Graph, style: str = "integer") -> Export:
    """Return a graph as an ONNX model.

    Inputs and outputs are codes with the names of the graph's tensors, in the layout of the model
    that the graph was imported from; the batch is dynamic. A state is an input, of the tensor that
    nodes read, and an output, `next_name` of it, in the graph's own layout: a program begins with
    the initial codes and hands each call what the one before gave.

    Parameters
    ----------
    graph : Graph
    style : str
        One of `STYLES`.

    Raises
    ------
    UserError
        Naming the node that cannot be exported.
    """
    if style not in STYLES:
        raise UserError(f"style is {style!r}; allowed: {', '.join(STYLES)}")
    writer = Writer()
    border = _Border(graph, writer)
    qdq = Qdq(graph, writer)
    written: list[str] = []
    exact: dict[str, str] = {}
    for node in graph.nodes:
        reason = "" if style == "qdq" else "style is integer"
        if not reason:
            reason = qdq.write(node)
        if reason:
            write_exactly(node, graph, writer)
            exact[node.output] = reason
        else:
            written.append(node.output)
    outputs = border.outputs()
    proto = writer.model(border.inputs, outputs)
    _rename(proto, border.names)
    if proto.ByteSize() >= _MAXIMUM_BYTES:
        raise UserError("the model exceeds 2 GB, which an ONNX file cannot hold")
    onnx.checker.check_model(proto)
    return Export(proto.SerializeToString(deterministic=True), tuple(written), exact)


def next_name(state: State) -> str:
    """Return the name of the output that the next call takes as a state."""
    return f"{state.tensor.name}/next"


def _rename(proto: onnx.ModelProto, names: dict[str, str]) -> None:
    for node in proto.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for info in (*proto.graph.input, *proto.graph.output):
        info.name = names.get(info.name, info.name)


class _Border:
    """Inputs and outputs in the layout of the source model.

    Attributes
    ----------
    inputs : dict of str to (IntegerType, tuple of int)
        What the model takes.
    names : dict of str to str
        What is renamed in the end, so that inputs and outputs have the names of the graph.
    """

    def __init__(self, graph: Graph, writer: Writer) -> None:
        self._graph = graph
        self._writer = writer
        self.names: dict[str, str] = {}
        self.inputs: dict[str, tuple[IntegerType, tuple[int, ...]]] = {}
        for tensor in graph.inputs:
            layout = graph.layouts.get(tensor.name)
            given = tensor.name
            if layout is not None:
                given = self._given(tensor.name)
                order = [0, *(layout.index(axis) + 1 for axis in range(len(layout)))]
                writer.operator("Transpose", given, output=tensor.name, perm=order)
            self.inputs[given] = tensor.type, _source_shape(tensor, layout)
        for state in graph.states:
            self.inputs[state.tensor.name] = state.tensor.type, state.tensor.shape

    def outputs(self) -> dict[str, tuple[IntegerType, tuple[int, ...]]]:
        """Write the transposes behind the graph and return what the model gives."""
        outputs = {}
        inputs = {tensor.name for tensor in self._graph.inputs}
        for name in self._graph.outputs:
            tensor, layout = self._graph.tensors[name], self._graph.layouts.get(name)
            made = name
            if name in inputs:
                made = self._writer.operator("Identity", name, output=f"{name}/unchanged")
            elif layout is not None:
                made = self._given(name)
                order = [0, *(axis + 1 for axis in layout)]
                self._writer.operator("Transpose", name, output=made, perm=order)
            outputs[made] = tensor.type, _source_shape(tensor, None if name in inputs else layout)
        for state in self._graph.states:
            following = self._writer.operator("Identity", state.assigned, output=next_name(state))
            outputs[following] = state.tensor.type, state.tensor.shape
        return outputs

    def _given(self, name: str) -> str:
        given = f"{name}/as given"
        self.names |= {given: name, name: f"{name}/in the graph"}
        return given


def _source_shape(tensor: Tensor, layout: tuple[int, ...] | None) -> tuple[int, ...]:
    return tensor.shape if layout is None else tuple(tensor.shape[axis] for axis in layout)

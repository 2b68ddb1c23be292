"""An .onnx file as plain values: nothing of the protobuf reaches the rest of the importer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.external_data import take_in
from bittrue.golden.graph.tensor import MAXIMUM_ELEMENTS
from bittrue.golden.numbers.integer_type import IntegerType

MAXIMUM_RANK = 8

_SAME_DOMAINS = {
    "ai.onnx": "",
    "onnx.brevitas": "qonnx.custom_op.general",
    "finn.custom_op.general": "qonnx.custom_op.general",
}
"""Other names of domains."""

_ONCE_WITHOUT_DOMAIN = frozenset({"Quant", "BipolarQuant", "Trunc"})
"""Operators of QONNX that its first exporters wrote as if they were ONNX's."""

_PLAIN_DOMAINS = ("", "com.microsoft", "qonnx.custom_op.general")
"""Domains that messages leave out."""

INTEGER_TYPES: dict[int, IntegerType] = {
    TensorProto.INT4: IntegerType(4, True),
    TensorProto.UINT4: IntegerType(4, False),
    TensorProto.INT8: IntegerType(8, True),
    TensorProto.UINT8: IntegerType(8, False),
    TensorProto.INT16: IntegerType(16, True),
    TensorProto.UINT16: IntegerType(16, False),
    TensorProto.INT32: IntegerType(32, True),
    TensorProto.INT64: IntegerType(64, True),
}
_FLOAT_TYPES = (TensorProto.FLOAT, TensorProto.DOUBLE)


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor whose elements the file holds.

    Parameters
    ----------
    values : ndarray
        Of int64 for integers, of float32 for real numbers, of bool for truth values.
    type : IntegerType or None
        Type of the integers in the file; None for others.
    """

    values: NDArray[Any]
    type: IntegerType | None


@dataclass(frozen=True)
class InputInfo:
    """An input of the model.

    Parameters
    ----------
    name : str
    type : IntegerType or None
        None for real numbers.
    shape : tuple of int
        Without the batch.
    annotated : IntegerType or None
        The integers that QONNX's annotation says its real numbers are.
    bipolar : bool
        Whether the annotation says that they are -1 and +1.
    """

    name: str
    type: IntegerType | None
    shape: tuple[int, ...]
    annotated: IntegerType | None = None
    bipolar: bool = False


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """An operator.

    Parameters
    ----------
    position : int
        Its place in the file.
    domain : str
        Empty for ONNX's own.
    operator : str
        Its name.
    inputs, outputs : tuple of str
        Names of tensors; an empty one is an input left out.
    attributes : mapping of str to int, float, str, tuple or Constant
    """

    position: int
    domain: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Its name in messages."""
        plain = self.domain in _PLAIN_DOMAINS
        return self.operator if plain else f"{self.domain}.{self.operator}"


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """What a file says.

    Parameters
    ----------
    opset : int
        Version of ONNX's own operators.
    inputs : tuple of InputInfo
    outputs : tuple of str
    nodes : tuple of OnnxNode
        Each after those whose outputs it reads.
    constants : mapping of str to Constant
    annotations : mapping of str to (IntegerType, bool)
        By tensor, the integers that QONNX's annotation says its real numbers are, and whether they
        are -1 and +1.
    """

    opset: int
    inputs: tuple[InputInfo, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Constant]
    annotations: Mapping[str, tuple[IntegerType, bool]]


def read_model(content: bytes, folder: Path | None = None, halves: bool = False) -> OnnxModel:
    """Return what a file's content says.

    Parameters
    ----------
    content : bytes
    folder : Path, optional
        Where the file lies: constants may lie in others beside it.
    halves : bool
        Whether constants may be float16, whose numbers float32 holds: where nothing computes in it.

    Raises
    ------
    UserError
        Saying what is wrong, for any content.
    """
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except Exception as error:  # The two implementations of protobuf raise different kinds.
        raise UserError(f"it is no intact ONNX file ({_one_line(error)})") from None
    if proto.functions:
        raise UserError("it defines functions of its own; inline them (onnx.inliner) first")
    if not proto.graph.node or not proto.graph.output:
        raise UserError("it has no operators or no outputs; it is no ONNX file of a network")
    graph = proto.graph
    _check_names(graph)
    if folder is not None:
        take_in(proto, folder)
    opset = max((item.version for item in proto.opset_import if not item.domain), default=0)
    newest = onnx.defs.onnx_opset_version()
    if not 7 <= opset <= newest:
        raise UserError(
            f"its operator set is {opset}; allowed: 7 to {newest}; export the model again"
        )
    if graph.sparse_initializer:
        raise UserError("it has sparse constants; allowed: dense ones")
    constants = {
        tensor.name: _constant(tensor, tensor.name, halves) for tensor in graph.initializer
    }
    annotations = {
        annotation.tensor_name: pair.value
        for annotation in graph.quantization_annotation
        for pair in annotation.quant_parameter_tensor_names
        if pair.key == "finn_datatype"
    }
    inputs = tuple(
        input_info(info, annotations.get(info.name))
        for info in graph.input
        if info.name not in constants
    )
    nodes = tuple(_node(node, position) for position, node in enumerate(graph.node))
    outputs = tuple(output.name for output in graph.output)
    _check_order(inputs, nodes, outputs, constants)
    types = {name: (_annotated(text), text == "BIPOLAR") for name, text in annotations.items()}
    known = {name: (kind, bipolar) for name, (kind, bipolar) in types.items() if kind is not None}
    return OnnxModel(opset, inputs, outputs, nodes, constants, known)


def _check_names(graph: onnx.GraphProto) -> None:
    """Refuse names that cannot be printed; protobuf takes any bytes."""
    names = [item.name for item in (*graph.input, *graph.output, *graph.initializer)]
    for node in graph.node:
        names += [node.op_type, node.domain, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
    for name in names:
        if not isinstance(name, str) or not name.isprintable():
            raise UserError(f"it has the name {name!r}, which is no printable text")
    if "" in (item.name for item in (*graph.input, *graph.output, *graph.initializer)):
        raise UserError("an input, output or constant has an empty name; give it one")


def _check_order(
    inputs: tuple[InputInfo, ...],
    nodes: tuple[OnnxNode, ...],
    outputs: tuple[str, ...],
    constants: Mapping[str, Constant],
) -> None:
    """Refuse tensors that two operators make, and operators that read what comes later."""
    known = {"", *constants}
    for name in (info.name for info in inputs):
        if name in known:
            raise UserError(f"two tensors are named {name!r}; give each a name of its own")
        known.add(name)
    for node in nodes:
        place = f"operator {node.position}, {node.title}"
        for name in node.inputs:
            if name not in known:
                raise UserError(
                    f"{place}: its input {name!r} is made by no operator before it; sort the "
                    "operators, and break cycles"
                )
        for name in node.outputs:
            if name and name in known:
                raise UserError(f"{place}: it makes {name!r}, which there is already")
            known.add(name)
    for name in outputs:
        if name not in known:
            raise UserError(f"the output {name!r} is made by no operator")


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:100]


def input_info(info: onnx.ValueInfoProto, annotation: str | None) -> InputInfo:
    """Return what a file says of an input, and which type it annotates it with.

    Raises
    ------
    UserError
        If it has no fixed shape, or a type that no input can have.
    """
    tensor = info.type.tensor_type
    place = f"input {info.name!r}"
    if info.type.WhichOneof("value") != "tensor_type" or not tensor.HasField("shape"):
        raise UserError(f"{place} has no shape; export the model with fixed shapes")
    sizes = [size.dim_value if size.HasField("dim_value") else None for size in tensor.shape.dim]
    if not 1 <= len(sizes) <= MAXIMUM_RANK:
        raise UserError(f"{place} has {len(sizes)} dimensions; allowed: 1 to {MAXIMUM_RANK}")
    batch, *rest = sizes
    if batch not in (None, 1):
        raise UserError(
            f"{place} has a batch of {batch}; allowed: 1 or a dynamic one; export the model with "
            "batch size 1, execution here is batched anyway"
        )
    shape = [size for size in rest if size is not None and size > 0]
    if len(shape) != len(rest) or math.prod(shape) > MAXIMUM_ELEMENTS:
        raise UserError(
            f"{place} has shape {sizes}; allowed: fixed sizes but the batch; export the model with "
            "fixed shapes"
        )
    kind = INTEGER_TYPES.get(tensor.elem_type)
    if kind is None and tensor.elem_type not in _FLOAT_TYPES:
        raise UserError(
            f"{place} has type {_type_name(tensor.elem_type)}; allowed: FLOAT and integers"
        )
    return InputInfo(info.name, kind, tuple(shape), _annotated(annotation), annotation == "BIPOLAR")


def _annotated(annotation: str | None) -> IntegerType | None:
    """Return the type that QONNX writes as INT4, UINT8, BINARY, BIPOLAR or TERNARY."""
    special = {"BINARY": "uint1", "BIPOLAR": "uint1", "TERNARY": "int2"}
    annotation = special.get(annotation or "", annotation)
    try:
        return IntegerType.parse((annotation or "").lower())
    except UserError:
        return None


def _type_name(number: int) -> str:
    names = {value: name for name, value in TensorProto.DataType.items()}
    return names.get(number, f"number {number}")


def _constant(tensor: TensorProto, name: str, halves: bool = False) -> Constant:
    place = f"constant {name!r}"
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise UserError(
            f"{place} lies in another file; save the model in one file "
            "(onnx.save with save_as_external_data=False)"
        )
    kind = INTEGER_TYPES.get(tensor.data_type)
    half = halves and tensor.data_type == TensorProto.FLOAT16
    if kind is None and not half and tensor.data_type not in (*_FLOAT_TYPES, TensorProto.BOOL):
        raise UserError(
            f"{place} has type {_type_name(tensor.data_type)}; allowed: FLOAT and integers"
        )
    shape = tuple(tensor.dims)
    if len(shape) > MAXIMUM_RANK or min(shape, default=0) < 0 or _product(shape) > MAXIMUM_ELEMENTS:
        raise UserError(f"{place} has shape {shape}; allowed: up to {MAXIMUM_ELEMENTS} elements")
    try:
        values = numpy_helper.to_array(tensor)
        with np.errstate(all="ignore"):
            if tensor.data_type != TensorProto.BOOL:
                values = values.astype(np.float32 if kind is None else np.int64)
            values = values.reshape(shape)
    except Exception as error:  # Whatever a field of wrong length or type makes numpy raise.
        raise UserError(
            f"{place} does not hold its {shape} elements ({_one_line(error)})"
        ) from None
    return Constant(values, kind)


def _product(shape: tuple[int, ...]) -> int:
    """Return the number of elements; a size of zero does not hide the others."""
    return math.prod(max(size, 1) for size in shape)


def _node(node: onnx.NodeProto, position: int) -> OnnxNode:
    domain = _SAME_DOMAINS.get(node.domain, node.domain)
    if domain == "" and node.op_type in _ONCE_WITHOUT_DOMAIN:
        domain = _SAME_DOMAINS["onnx.brevitas"]
    bare = OnnxNode(position, domain, node.op_type, tuple(node.input), tuple(node.output), {})
    place = f"operator {position}, {bare.title}"
    return replace(bare, attributes={item.name: _attribute(item, place) for item in node.attribute})


def _attribute(attribute: onnx.AttributeProto, place: str) -> Any:
    kinds = onnx.AttributeProto
    match attribute.type:
        case kinds.INT:
            return attribute.i
        case kinds.FLOAT:
            return attribute.f
        case kinds.STRING:
            return attribute.s.decode(errors="replace")
        case kinds.INTS:
            return tuple(attribute.ints)
        case kinds.FLOATS:
            return tuple(attribute.floats)
        case kinds.TENSOR:
            return _constant(attribute.t, f"{attribute.name} of {place}")
        case kinds.STRINGS:
            return tuple(text.decode(errors="replace") for text in attribute.strings)
    raise UserError(
        f"{place}: its attribute {attribute.name!r} is a graph or of a type unknown here; allowed: "
        "numbers, strings and tensors; control flow cannot become a circuit"
    )

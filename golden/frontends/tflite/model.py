"""A .tflite file as plain values: nothing of the flatbuffer reaches the rest of the importer."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tflite
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.known_operators import OPTIONS, custom_name
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.integer_type import IntegerType

MAXIMUM_ELEMENTS = 1 << 28
"""Elements of all vectors read from one file; hostile files make many tensors share a vector."""

MAXIMUM_RANK = 8

_IDENTIFIER = b"TFL3"

_INTEGER_TYPES = {
    tflite.TensorType.INT4: IntegerType(4, True),
    tflite.TensorType.INT8: IntegerType(8, True),
    tflite.TensorType.UINT8: IntegerType(8, False),
    tflite.TensorType.INT16: IntegerType(16, True),
    tflite.TensorType.INT32: IntegerType(32, True),
    tflite.TensorType.INT64: IntegerType(64, True),
}


def _names(enumeration: type) -> dict[int, str]:
    return {code: name for name, code in vars(enumeration).items() if isinstance(code, int)}


_OPERATOR_NAMES = _names(tflite.BuiltinOperator)
_TENSOR_TYPE_NAMES = _names(tflite.TensorType)


@dataclass(frozen=True, eq=False)
class TensorInfo:
    """One tensor of the file.

    Parameters
    ----------
    name : str
        Unique in the file.
    shape : tuple of int
        With the batch dimension.
    signature : tuple of int
        The shape with -1 for sizes that are not fixed; empty when all are.
    type : IntegerType or None
        None for a type that is no integer.
    type_name : str
        As the file's schema names it.
    scale : ndarray of float32
        Empty when the tensor is not quantized; one, or one per channel.
    zero_point : ndarray of int64
        As many as scales.
    axis : int
        Dimension of the channels.
    sparse : bool
        Whether a constant is stored sparsely.
    data : bytes or None
        Content of a constant.
    """

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    type: IntegerType | None
    type_name: str
    scale: Float32
    zero_point: Int64
    axis: int
    sparse: bool
    data: bytes | None

    def __str__(self) -> str:
        return f"tensor {self.name!r}"

    def check_shape(self) -> None:
        """Refuse a shape that is not fixed.

        Raises
        ------
        UserError
            Naming the tensor.
        """
        # A dynamic batch is what converters write; its size in `shape` is then 1.
        if min(self.shape, default=1) < 1 or -1 in self.signature[1:]:
            raise UserError(
                f"{self} has shape {self.shape} and signature {self.signature}; allowed: fixed "
                "sizes of at least 1; convert the model with a fixed input shape"
            )

    @property
    def real(self) -> bool:
        """Whether the tensor holds real numbers as such."""
        return "FLOAT" in self.type_name

    @property
    def quantized(self) -> bool:
        """Whether the tensor's codes stand for real numbers."""
        return self.scale.size > 0


_VARIABLE = ("Container", "SharedName")
"""Options of a VAR_HANDLE: handles in which both are equal stand for one variable."""


class Variable(NamedTuple):
    """What the file calls a variable."""

    container: str
    name: str


def _name(text: bytes | None) -> str:
    return (text or b"").decode(errors="replace")


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator of the file.

    Parameters
    ----------
    position : int
        In the file's order of execution.
    name : str
        As the schema names it: ``CONV_2D``.
    custom : str or None
        The name that a custom operator has of its own.
    version : int
        Of the operator's definition.
    inputs, outputs : tuple of int
        Indices of tensors; -1 for an optional input that is absent.
    options : mapping of str to int, float or bool
        Fields of the options table that importers use.
    custom_options : bytes
        What a custom operator has in place of them, as the file holds it.
    """

    position: int
    name: str
    custom: str | None
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]
    custom_options: bytes = b""


@dataclass(frozen=True, eq=False)
class TfliteModel:
    """What a file holds: its first subgraph, and those that are only called once before it.

    Parameters
    ----------
    tensors, operators : tuple
    inputs, outputs : tuple of int
        Indices of tensors.
    called_once : mapping of int to TfliteModel
        Subgraphs that a CALL_ONCE names, by their numbers.
    """

    tensors: tuple[TensorInfo, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    called_once: Mapping[int, "TfliteModel"] = field(default_factory=dict)

    @cached_property
    def variables(self) -> Mapping[int, Variable]:
        """The variables of the file, by the tensors that are their handles."""
        return {
            operator.outputs[0]: Variable(*(_name(operator.options.get(n)) for n in _VARIABLE))
            for operator in self.operators
            if operator.name == "VAR_HANDLE" and len(operator.outputs) == 1
        }

    def is_read(self, index: int) -> bool:
        """Return whether an operator reads a tensor."""
        return any(index in operator.inputs for operator in self.operators)

    def name_of(self, operator: Operator) -> str:
        """Return how a message names an operator, with its place."""
        named = operator.outputs or [index for index in operator.inputs if index >= 0]
        name = self.tensors[named[0]].name if named else ""
        return f"operator {operator.position}, {operator.name} {name!r}"


def read_model(content: bytes) -> TfliteModel:
    """Read the content of a .tflite file.

    Raises
    ------
    UserError
        Saying what is wrong, for any content.
    """
    if content[4:8] != _IDENTIFIER:
        raise UserError("it is no .tflite file; bytes 4 to 7 must be TFL3")
    try:
        return _Reader(content).model()
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"the flatbuffer is malformed ({type(error).__name__}: {error})") from None


class _Reader:
    """Reads what the importer needs, and no more elements than a sound file has.

    The flatbuffer package follows whatever offsets a file has and raises many kinds of exception
    where they lead astray; what it returns is only sane when all of it was there.
    """

    def __init__(self, content: bytes) -> None:
        self._model = tflite.Model.GetRootAs(content, 0)
        self._remaining = MAXIMUM_ELEMENTS
        self._names: set[str] = set()
        self._data: dict[int, bytes | None] = {}

    def model(self) -> TfliteModel:
        """Read the first subgraph, and those that it calls once."""
        if self._model.SubgraphsLength() < 1:
            raise UserError("the file has no subgraph")
        first = self._subgraph(0)
        called_once: dict[int, TfliteModel] = {}
        for operator in first.operators:
            number = operator.options.get("InitSubgraphIndex", 0)
            if operator.name == "CALL_ONCE" and 1 <= number < self._model.SubgraphsLength():
                called_once[number] = called_once.get(number) or self._subgraph(number)
        return replace(first, called_once=called_once)

    def _subgraph(self, number: int) -> TfliteModel:
        graph = self._model.Subgraphs(number)
        self._names = set()
        self._spend(graph.TensorsLength() + graph.OperatorsLength())
        count = graph.TensorsLength()
        return TfliteModel(
            tensors=tuple(self._tensor(graph.Tensors(index), index) for index in range(count)),
            operators=tuple(
                self._operator(graph.Operators(position), position, count)
                for position in range(graph.OperatorsLength())
            ),
            inputs=self._indices(graph, "Inputs", count, "the inputs of the graph"),
            outputs=self._indices(graph, "Outputs", count, "the outputs of the graph"),
        )

    def _spend(self, elements: int) -> None:
        self._remaining -= elements
        if self._remaining < 0:
            raise UserError(f"the file has vectors of more than {MAXIMUM_ELEMENTS} elements in all")

    def _vector(self, table: Any, field: str, dtype: type[np.generic]) -> NDArray[Any]:
        """Return a vector of a table without copying it; empty when it is absent."""
        length = getattr(table, f"{field}Length")()
        if not length:
            return np.zeros(0, dtype)
        self._spend(length)
        return np.asarray(getattr(table, f"{field}AsNumpy")(), dtype)

    def _tensor(self, tensor: Any, index: int) -> TensorInfo:
        name = self._unique_name(tensor.Name(), index)
        scale, zero_point, axis = self._quantization(tensor.Quantization(), name)
        return TensorInfo(
            name=name,
            shape=self._sizes(tensor, "Shape", name),
            signature=self._sizes(tensor, "ShapeSignature", name),
            type=_INTEGER_TYPES.get(tensor.Type()),
            type_name=_TENSOR_TYPE_NAMES.get(tensor.Type(), f"type {tensor.Type()}"),
            scale=scale,
            zero_point=zero_point,
            axis=axis,
            sparse=tensor.Sparsity() is not None,
            data=self._buffer(tensor.Buffer()),
        )

    def _unique_name(self, text: bytes | None, index: int) -> str:
        name = self._text(text) or f"tensor {index}"
        if name in self._names:
            name = f"{name}#{index}"
        self._names.add(name)
        return name

    def _quantization(self, table: Any, name: str) -> tuple[Float32, Int64, int]:
        if table is None or table.ScaleLength() == 0:
            return np.zeros(0, np.float32), np.zeros(0, np.int64), 0
        scale = self._vector(table, "Scale", np.float32)
        zero_point = self._vector(table, "ZeroPoint", np.int64)
        if zero_point.size == 0:
            zero_point = np.zeros(scale.shape, np.int64)
        if zero_point.shape != scale.shape:
            raise UserError(
                f"tensor {name!r} has {scale.size} scales and {zero_point.size} zero points"
            )
        if not (np.isfinite(scale) & (scale > 0)).all():
            raise UserError(f"tensor {name!r} has a scale that is not positive and finite")
        return scale, zero_point, table.QuantizedDimension()

    def _buffer(self, index: int) -> bytes | None:
        """Return the data of a buffer; tensors that share one share its bytes."""
        if index not in self._data:
            buffer = self._model.Buffers(index) if index < self._model.BuffersLength() else None
            if buffer is None:
                raise UserError(f"a tensor names buffer {index}, which the file does not have")
            if buffer.Offset() > 1 or buffer.Size() > 1:
                raise UserError(
                    "constants are kept behind the flatbuffer, as in files over 2 GB; allowed: "
                    "constants inside it"
                )
            data = self._vector(buffer, "Data", np.uint8)
            self._data[index] = data.tobytes() if data.size else None
        return self._data[index]

    def _sizes(self, tensor: Any, field: str, name: str) -> tuple[int, ...]:
        if getattr(tensor, f"{field}Length")() > MAXIMUM_RANK:
            raise UserError(f"tensor {name!r} has more than {MAXIMUM_RANK} dimensions")
        return tuple(self._vector(tensor, field, np.int32).tolist())

    def _operator(self, operator: Any, position: int, tensors: int) -> Operator:
        if operator.OpcodeIndex() >= self._model.OperatorCodesLength():
            raise UserError(f"operator {position} has a code that the file does not list")
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        builtin = max(code.DeprecatedBuiltinCode(), _new_builtin_code(code))
        name, custom = _OPERATOR_NAMES.get(builtin, f"operator code {builtin}"), None
        if builtin == tflite.BuiltinOperator.CUSTOM:
            custom = self._text(code.CustomCode())
            name = custom_name(custom)
        place = f"operator {position}, {name}"
        return Operator(
            position=position,
            name=name,
            custom=custom,
            version=code.Version(),
            inputs=self._indices(operator, "Inputs", tensors, f"the inputs of {place}", -1),
            outputs=self._indices(operator, "Outputs", tensors, f"the outputs of {place}"),
            options=_options(operator, name),
            custom_options=self._vector(operator, "CustomOptions", np.uint8).tobytes(),
        )

    def _text(self, text: bytes | None) -> str:
        self._spend(len(text or b""))
        return (text or b"").decode(errors="replace")

    def _indices(
        self, table: Any, field: str, tensors: int, what: str, lowest: int = 0
    ) -> tuple[int, ...]:
        indices = tuple(self._vector(table, field, np.int32).tolist())
        for index in indices:
            if not lowest <= index < tensors:
                raise UserError(f"{what} name tensor {index}; the file has {tensors}")
        return indices


_NEW_BUILTIN_CODE = 10
"""Where the vtable of OperatorCode has the field `builtin_code`, the fourth."""


def _new_builtin_code(code: Any) -> int:
    """Return the newer of the two fields that name an operator.

    Files have it, the older one, or both; the greater counts. The reader's own `BuiltinCode`
    answers with the older field when the newer one would fit that.
    """
    table = code._tab
    offset = table.Offset(_NEW_BUILTIN_CODE)
    return int(struct.unpack_from("<i", table.Bytes, table.Pos + offset)[0]) if offset else 0


def _options(operator: Any, name: str) -> dict[str, Any]:
    """Read an operator's options; none where the table is absent or another operator's."""
    if name not in OPTIONS:
        return {}
    known = OPTIONS[name]
    table = operator.BuiltinOptions()
    if table is None or operator.BuiltinOptionsType() != getattr(
        tflite.BuiltinOptions, known.table
    ):
        return {}
    options = getattr(tflite, known.table)()
    options.Init(table.Bytes, table.Pos)
    return {field: getattr(options, field)() for field in known.fields}

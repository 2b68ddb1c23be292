"""Builds small .tflite models, operator by operator, with LiteRT's own flatbuffer schema."""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import ArrayLike, NDArray

TENSOR_TYPES = {
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.float32): schema.TensorType.FLOAT32,
}


class TfliteBuilder:
    """Collects tensors and operators of one subgraph and serializes them.

    >>> builder = TfliteBuilder()
    >>> x = builder.tensor("x", np.float32, (1, 4))
    >>> y = builder.tensor("y", np.int8, (1, 4), scale=0.5, zero_point=3)
    >>> builder.operator("QUANTIZE", [x], [y])
    >>> model = builder.build([x], [y])
    """

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[tuple[int, int]] = []
        self._buffers = [schema.BufferT()]  # Buffer 0 is empty: "no constant data".
        self._others: list[TfliteBuilder] = []

    def tensor(
        self,
        name: str,
        dtype: Any,
        shape: tuple[int, ...],
        scale: ArrayLike | None = None,
        zero_point: ArrayLike = 0,
        axis: int = 0,
        tensor_type: int | None = None,
        buffer: bytes | None = None,
    ) -> int:
        """Add a tensor and return its index.

        `scale` with more than one element means one per slice of `axis`. `tensor_type` overrides
        the schema type of `dtype` (for types numpy lacks, such as INT4); `buffer` makes the tensor
        a constant.
        """
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(shape)
        tensor.type = TENSOR_TYPES[np.dtype(dtype)] if tensor_type is None else tensor_type
        tensor.buffer = 0
        if buffer is not None:
            tensor.buffer = len(self._buffers)
            self._buffers.append(schema.BufferT())
            self._buffers[-1].data = np.frombuffer(buffer, dtype=np.uint8)
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, dtype=np.float32))
            zero_points = np.broadcast_to(np.asarray(zero_point, dtype=np.int64), scales.shape)
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = np.ascontiguousarray(zero_points)
            tensor.quantization.quantizedDimension = axis if scales.size > 1 else 0
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def constant(
        self,
        name: str,
        values: NDArray[Any],
        scale: ArrayLike | None = None,
        zero_point: ArrayLike = 0,
        axis: int = 0,
    ) -> int:
        """Add a constant tensor of the values' own dtype and return its index."""
        return self.tensor(
            name, values.dtype, values.shape, scale, zero_point, axis, buffer=values.tobytes()
        )

    def operator(
        self,
        name: str,
        inputs: list[int],
        outputs: list[int],
        options_type: str | None = None,
        version: int = 1,
        **options: Any,
    ) -> None:
        """Add a builtin operator.

        Parameters
        ----------
        name : str
            As in `schema.BuiltinOperator`, for example ``CONV_2D``.
        inputs, outputs : list of int
            Tensor indices; -1 marks an optional input that is absent.
        options_type : str, optional
            As in `schema.BuiltinOptions`, for example ``Conv2DOptions``.
        version : int
            Operator version; per-channel and newer types need a higher one.
        **options
            Fields of the options table, for example ``strideW=2``.
        """
        code = (getattr(schema.BuiltinOperator, name), version)
        if code not in self._codes:
            self._codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.index(code)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options_type is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options_type)
            operator.builtinOptions = getattr(schema, options_type + "T")()
            for field, value in options.items():
                if not hasattr(operator.builtinOptions, field):
                    raise AttributeError(f"{options_type} has no field {field}")
                setattr(operator.builtinOptions, field, value)
        self._operators.append(operator)

    def subgraph(self) -> "TfliteBuilder":
        """Add a subgraph without inputs and outputs and return its builder; the first is 1."""
        other = TfliteBuilder()
        other._codes, other._buffers = self._codes, self._buffers
        self._others.append(other)
        return other

    def variable(self, name: str, container: str = "") -> int:
        """Add a handle of a variable and return its index."""
        resource = schema.TensorType.RESOURCE
        handle = self.tensor(f"{name}/handle", np.int8, (), tensor_type=resource)
        self.operator(
            "VAR_HANDLE", [], [handle], "VarHandleOptions", container=container, sharedName=name
        )
        return handle

    def initialize(self, name: str, values: NDArray[Any], scale: float, zero_point: int) -> None:
        """Let a variable hold a constant, in the subgraph that a CALL_ONCE calls."""
        codes = self.constant(f"{name}/initial", values, scale, zero_point)
        self.operator("ASSIGN_VARIABLE", [self.variable(name), codes], [])

    def _graph(self, name: str, inputs: list[int], outputs: list[int]) -> Any:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        graph.name = name
        return graph

    def build(self, inputs: list[int], outputs: list[int]) -> bytes:
        """Serialize the model; its inputs and outputs are the given tensors in this order."""
        model = schema.ModelT()
        model.version = 3
        others = [other._graph("called", [], []) for other in self._others]
        model.subgraphs, model.buffers = (
            [self._graph("main", inputs, outputs), *others],
            self._buffers,
        )
        model.operatorCodes = []
        for builtin, version in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = builtin
            code.deprecatedBuiltinCode = min(builtin, 127)
            code.version = version
            model.operatorCodes.append(code)
        flatbuffer = flatbuffers.Builder(1024)
        flatbuffer.Finish(model.Pack(flatbuffer), b"TFL3")
        return bytes(flatbuffer.Output())

"""Collects the operators of an ONNX model that computes in integers."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType

OPSET = 21
IR_VERSION = 10

_ELEMENT_TYPES = {
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16,
    "int32": TensorProto.INT32,
    "uint32": TensorProto.UINT32,
    "int64": TensorProto.INT64,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
}


class Writer:
    """Operators and constants so far.

    All arithmetic is on int64 tensors unless an operator is named that has none for them.
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._initializers: list[onnx.TensorProto] = []
        self._prefix = ""
        self._count = 0

    def begin(self, name: str) -> None:
        """Name what follows after the tensor it makes."""
        self._prefix, self._count = name, 0

    def constant(self, values: ArrayLike, dtype: str = "int64") -> str:
        """Return a constant tensor; equal ones are one."""
        array = np.asarray(values).astype(dtype)
        key = (dtype, array.shape, array.tobytes())
        if key not in self.constants:
            name = f"constant/{len(self.constants)}"
            self.constants[key] = name
            self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return self.constants[key]

    def operator(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append an operator and return the name of what it makes."""
        if not output:
            self._count += 1
            output = f"{self._prefix}/{kind.lower()}{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def cast(self, tensor: str, dtype: str, output: str = "") -> str:
        """Return a tensor in another type."""
        return self.operator("Cast", tensor, output=output, to=_ELEMENT_TYPES[dtype])

    def model(
        self,
        inputs: dict[str, tuple[IntegerType, tuple[int, ...]]],
        outputs: dict[str, tuple[IntegerType, tuple[int, ...]]],
    ) -> onnx.ModelProto:
        """Return the model; shapes are without the batch."""

        def info(name: str, kind: IntegerType, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
            element = _ELEMENT_TYPES[code_dtype(kind)]
            return helper.make_tensor_value_info(name, element, ["N", *shape])

        graph = helper.make_graph(
            self.nodes,
            "bittrue",
            [info(name, *what) for name, what in inputs.items()],
            [info(name, *what) for name, what in outputs.items()],
            self._initializers,
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="bittrue",
        )

    # Integer arithmetic

    def added(self, a: str, b: str | ArrayLike) -> str:
        """Return a sum."""
        return self.operator("Add", a, self._operand(b))

    def subtracted(self, a: str | ArrayLike, b: str | ArrayLike) -> str:
        """Return a difference."""
        return self.operator("Sub", self._operand(a), self._operand(b))

    def multiplied(self, a: str, b: str | ArrayLike) -> str:
        """Return a product."""
        return self.operator("Mul", a, self._operand(b))

    def row_sum(self, a: str) -> str:
        """Return the sum over the last dimension, which stays with size 1."""
        return self.operator("ReduceSum", a, self.constant([-1]), keepdims=1)

    def clamped(self, a: str, minimum: ArrayLike, maximum: ArrayLike) -> str:
        """Return a tensor limited to a range.

        By comparisons: ONNX Runtime's Max, Min and Sign of int64 are wrong for some integers beyond
        32 bits on x86 with AVX2.
        """
        low, high = self.constant(minimum), self.constant(maximum)
        raised = self.operator("Where", self.operator("Less", a, low), low, a)
        return self.operator("Where", self.operator("Greater", raised, high), high, raised)

    def signed(self, magnitude: str, a: str) -> str:
        """Return a magnitude with the sign of another tensor."""
        negative = self.operator("Less", a, self.constant(0))
        return self.operator("Where", negative, self.operator("Neg", magnitude), magnitude)

    def floor_divided(self, a: str, divisor: str | ArrayLike) -> str:
        """Return ``floor(a / divisor)`` for positive divisors: an arithmetic shift to the right.

        ONNX's Div rounds integers towards zero and has no shift of signed ones; the remainder of
        Mod has the sign of the divisor.
        """
        by = self._operand(divisor)
        return self.operator("Div", self.subtracted(a, self.operator("Mod", a, by)), by)

    def half_up(self, a: str, power: str | ArrayLike) -> str:
        """Return ``floor(a / power + 1/2)`` for powers of two, exact for 1."""
        by = self._operand(power)
        half = self.operator("Div", by, self.constant(2))
        return self.floor_divided(self.added(a, half), by)

    def half_away(self, a: str, power: str | ArrayLike) -> str:
        """Return ``a / power`` rounded half away from zero."""
        magnitude = self.half_up(self.operator("Abs", a), power)
        return self.signed(magnitude, a)

    def half_even(self, a: str, power: Int64) -> str:
        """Return ``a / power`` rounded half to even."""
        rounded = self.half_up(a, power)
        excess = self.subtracted(self.multiplied(rounded, power), a)
        # A divisor of 1 has no half; no excess is -1.
        half = np.where(power > 1, power // 2, -1)
        tie = self.operator("Equal", excess, self.constant(half))
        odd = self.operator("Mod", rounded, self.constant(2))
        one = self.operator("Where", tie, odd, self.constant(0))
        return self.subtracted(rounded, one)

    def _operand(self, value: str | ArrayLike) -> str:
        return value if isinstance(value, str) else self.constant(value)


def code_dtype(kind: IntegerType) -> str:
    """Return the smallest ONNX type that holds every integer of a type."""
    size = next(bits for bits in (8, 16, 32, 64) if kind.width <= bits)
    if size == 64 and not kind.signed:
        raise UserError(f"codes are {kind}; allowed: up to 32 bits without sign")
    return f"{'int' if kind.signed else 'uint'}{size}"

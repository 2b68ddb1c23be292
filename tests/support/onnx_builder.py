"""Quantized ONNX models, operator by operator, in QDQ or QOperator form."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET = 17


class OnnxBuilder:
    """Nodes and constants of a model to be."""

    domains: tuple[tuple[str, int], ...] = (("", OPSET), ("com.microsoft", 1))

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._count = 0

    def name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def constant(self, values: Any, stem: str = "constant") -> str:
        name = self.name(stem)
        array = values if isinstance(values, onnx.TensorProto) else np.asarray(values)
        if isinstance(array, onnx.TensorProto):
            array.name = name
            self.constants.append(array)
        else:
            self.constants.append(numpy_helper.from_array(array, name))
        return name

    def operator(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        output = self.name(kind.lower())
        node = helper.make_node(kind, list(inputs), [output], domain=domain, **attributes)
        self.nodes.append(node)
        return output

    def operators(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append an operator with several outputs."""
        outputs = [self.name(kind.lower()) for _ in range(count)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, **attributes))
        return outputs

    def model(self, inputs: dict[str, tuple[Any, ...]], outputs: list[str]) -> onnx.ModelProto:
        """Return the model; inputs are (dtype, shape)."""
        graph = helper.make_graph(
            self.nodes,
            "network",
            [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape)
                )
                for name, (dtype, shape) in inputs.items()
            ],
            [helper.make_empty_tensor_value_info(name) for name in outputs],
            self.constants,
        )
        opsets = [helper.make_opsetid(*pair) for pair in self.domains]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


@dataclass(frozen=True)
class Tensor:
    """A quantized tensor of a model: codes, and what they stand for."""

    name: str
    scale: np.float32
    zero_point: int
    shape: tuple[int, ...]


@dataclass
class QuantizedBuilder:
    """Quantized operators with random weights, scales and zero points.

    Parameters
    ----------
    dtype : numpy type
        Of activations, int8 or uint8.
    qoperator : bool
        Whether to use integer operators, not QDQ.
    seed : int
    """

    dtype: Any
    qoperator: bool
    seed: int
    builder: OnnxBuilder = field(default_factory=OnnxBuilder)
    inputs: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        info = np.iinfo(self.dtype)
        self.lowest, self.highest = int(info.min), int(info.max)

    def scale(self, center: float = 0.03) -> np.float32:
        """Return a scale; a third are powers of two, where ties are exact."""
        value = center * self.random.uniform(0.5, 2)
        if self.random.random() < 1 / 3:
            value = 2.0 ** float(np.round(np.log2(value)))
        return np.float32(value)

    def zero_point(self) -> int:
        return int(self.random.integers(self.lowest, self.highest + 1))

    def codes(self, *shape: int, dtype: Any = None) -> NDArray[Any]:
        info = np.iinfo(dtype or self.dtype)
        return self.random.integers(info.min, info.max + 1, shape).astype(dtype or self.dtype)

    def input(self, *shape: int, name: str = "x") -> Tensor:
        """Return an input of codes."""
        self.inputs[name] = (self.dtype, ("batch", *shape))
        return Tensor(name, self.scale(), self.zero_point(), shape)

    # Quantizing and dequantizing

    def parameters(self, scale: Any, zero_point: Any, dtype: Any = None) -> tuple[str, str]:
        return (
            self.builder.constant(np.asarray(scale, np.float32)),
            self.builder.constant(np.asarray(zero_point, dtype or self.dtype)),
        )

    def real(self, tensor: Tensor) -> str:
        scale, zero_point = self.parameters(tensor.scale, tensor.zero_point)
        return self.builder.operator("DequantizeLinear", tensor.name, scale, zero_point)

    def real_constant(self, codes: Any, scale: Any, zero_point: Any = 0, axis: int = 0) -> str:
        codes = np.asarray(codes)
        zeros = np.broadcast_to(np.asarray(zero_point, codes.dtype), np.shape(scale))
        attributes: dict[str, Any] = {"axis": axis} if np.ndim(scale) else {}
        return self.builder.operator(
            "DequantizeLinear",
            self.builder.constant(codes),
            self.builder.constant(np.asarray(scale, np.float32)),
            self.builder.constant(zeros),
            **attributes,
        )

    def quantized(
        self,
        real: str,
        shape: tuple[int, ...],
        scale: Any = None,
        zero_point: int | None = None,
    ) -> Tensor:
        chosen = np.float32(self.scale() if scale is None else scale)
        zero = self.zero_point() if zero_point is None else zero_point
        name = self.builder.operator("QuantizeLinear", real, *self.parameters(chosen, zero))
        return Tensor(name, chosen, zero, shape)

    def made(
        self,
        kind: str,
        inputs: list[str],
        shape: tuple[int, ...],
        scale: Any = None,
        zero_point: int | None = None,
        domain: str = "",
        after: tuple[str, ...] = (),
        **attributes: Any,
    ) -> Tensor:
        """Return what an integer operator makes; its output's scale and zero point come last."""
        chosen = np.float32(self.scale() if scale is None else scale)
        zero = self.zero_point() if zero_point is None else zero_point
        inputs = [*inputs, *self.parameters(chosen, zero), *after]
        name = self.builder.operator(kind, *inputs, domain=domain, **attributes)
        return Tensor(name, chosen, zero, shape)

    def coded(self, tensor: Tensor) -> list[str]:
        return [tensor.name, *self.parameters(tensor.scale, tensor.zero_point)]

    # Layers

    def convolution(
        self,
        x: Tensor,
        outputs: int,
        size: int = 3,
        groups: int = 1,
        per_channel: bool = True,
        bias: bool = True,
        weight_dtype: Any = np.int8,
        relu: bool = False,
        **attributes: Any,
    ) -> Tensor:
        channels = x.shape[0] // groups
        taps = (size,) * (len(x.shape) - 1)
        weight = self.codes(outputs, channels, *taps, dtype=weight_dtype)
        scale, zero, output_scale = self._weight_scale(
            x, outputs, channels * int(np.prod(taps)), per_channel, weight_dtype
        )
        bias_codes = self.random.integers(-3000, 3000, outputs).astype(np.int32)
        shape = self._convolved(x.shape, outputs, size, attributes)
        zero_point = self.lowest if relu else None
        if self.qoperator:
            weights = [self.builder.constant(v) for v in (weight, scale, zero)]
            after = (self.builder.constant(bias_codes),) if bias else ()
            return self.made(
                "QLinearConv",
                [*self.coded(x), *weights],
                shape,
                output_scale,
                zero_point,
                after=after,
                group=groups,
                **attributes,
            )
        reals = [self.real(x), self.real_constant(weight, scale, zero)]
        if bias:
            reals.append(self.real_constant(bias_codes, x.scale * scale))
        y = self.builder.operator("Conv", *reals, group=groups, **attributes)
        y = self.builder.operator("Relu", y) if relu else y
        return self.quantized(y, shape, output_scale, zero_point)

    def _weight_scale(
        self, x: Tensor, outputs: int, terms: int, per_channel: bool, dtype: Any
    ) -> tuple[Any, Any, np.float32]:
        """Return weight scales, zero points, and an output scale that uses the code range."""
        factors = self.random.uniform(0.5, 2, outputs) if per_channel else self.random.uniform(1, 2)
        scale = np.asarray(0.01 * factors, np.float32)
        zeros = np.zeros(scale.shape, dtype)
        if dtype is np.uint8:
            zeros = np.asarray(self.random.integers(90, 160), dtype)
        spread = 90 * 74 * np.sqrt(terms) * float(x.scale) * 0.01
        return scale, zeros, self.scale(spread / 50)

    @staticmethod
    def _convolved(
        shape: tuple[int, ...], outputs: int, size: int, attributes: dict[str, Any]
    ) -> tuple[int, ...]:
        spatial = len(shape) - 1
        pads = attributes.get("pads", [0] * 2 * spatial)
        strides = attributes.get("strides", [1] * spatial)
        dilations = attributes.get("dilations", [1] * spatial)
        sizes = []
        for axis in range(spatial):
            reach = (size - 1) * dilations[axis] + 1
            padded = shape[1 + axis] + pads[axis] + pads[axis + spatial]
            if attributes.get("auto_pad", "NOTSET").startswith("SAME"):
                sizes.append(-(-shape[1 + axis] // strides[axis]))
            else:
                sizes.append((padded - reach) // strides[axis] + 1)
        return (outputs, *sizes)

    def product(
        self,
        x: Tensor,
        outputs: int,
        per_channel: bool = False,
        bias: str = "",
        gemm: bool = False,
        transposed: bool = False,
    ) -> Tensor:
        """Return a matrix product; `bias` is ``int``, ``float`` or empty."""
        inputs = x.shape[-1]
        weight = self.codes(inputs, outputs, dtype=np.int8)
        scale, zero, output_scale = self._weight_scale(x, outputs, inputs, per_channel, np.int8)
        shape = (*x.shape[:-1], outputs)
        if self.qoperator and not gemm:
            weights = [self.builder.constant(v) for v in (weight, scale, zero)]
            return self.made("QLinearMatMul", [*self.coded(x), *weights], shape, output_scale)
        bias_codes = self.random.integers(-9000, 9000, outputs).astype(np.int32)
        if self.qoperator:
            weights = [self.builder.constant(v) for v in (weight, scale, zero)]
            inputs_ = [*self.coded(x), *weights, self.builder.constant(bias_codes)]
            return self.made("QGemm", inputs_, shape, output_scale, domain="com.microsoft")
        weights_real = self.real_constant(
            weight.T.copy() if transposed else weight, scale, zero, 0 if transposed else 1
        )
        reals = [self.real(x), weights_real]
        bias_scale = x.scale * scale
        numbers = (bias_codes + self.random.uniform(-0.5, 0.5, outputs)) * bias_scale
        if gemm:
            if bias == "int":
                reals.append(self.real_constant(bias_codes, bias_scale))
            elif bias == "float":
                reals.append(self.builder.constant(numbers.astype(np.float32)))
            y = self.builder.operator("Gemm", *reals, transB=int(transposed))
        else:
            y = self.builder.operator("MatMul", *reals)
            if bias:
                y = self.builder.operator(
                    "Add", y, self.builder.constant(numbers.astype(np.float32))
                )
        return self.quantized(y, shape, output_scale)

    def binary(self, kind: str, a: Tensor, b: Tensor, relu: bool = False) -> Tensor:
        """Return a sum or product; Sub has no integer operator."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        scale = self.scale(float(a.scale + b.scale) / 2)
        if kind == "Mul":
            scale = self.scale(float(a.scale * b.scale) * 64)
        if self.qoperator:
            inputs = [*self.coded(a), *self.coded(b)]
            return self.made(f"QLinear{kind}", inputs, shape, scale, domain="com.microsoft")
        y = self.builder.operator(kind, self.real(a), self.real(b))
        y = self.builder.operator("Relu", y) if relu else y
        return self.quantized(y, shape, scale, self.lowest if relu else None)

    def coded_constant(self, *shape: int) -> Tensor:
        """Return a constant tensor of codes."""
        name = self.builder.constant(self.codes(*shape))
        return Tensor(name, self.scale(), self.zero_point(), shape)

    def unary(
        self,
        kind: str,
        x: Tensor,
        shape: tuple[int, ...] | None = None,
        scale: Any = None,
        same: bool = False,
        integer: bool = False,
        **attributes: Any,
    ) -> Tensor:
        """Return a function, pooling or movement; `same` keeps scale and zero point."""
        shape = x.shape if shape is None else shape
        zero_point = x.zero_point if same else None
        scale = x.scale if same else scale
        if integer and self.qoperator:
            return self.made(
                f"QLinear{kind}",
                self.coded(x),
                shape,
                scale,
                zero_point,
                domain="com.microsoft",
                **attributes,
            )
        y = self.builder.operator(kind, self.real(x), **attributes)
        return self.quantized(y, shape, scale, zero_point)

    def concatenation(self, *tensors: Tensor) -> Tensor:
        shape = (sum(tensor.shape[0] for tensor in tensors), *tensors[0].shape[1:])
        scale, zero = self.scale(), self.zero_point()
        if self.qoperator:
            inputs = [*self.parameters(scale, zero)]
            inputs += [name for tensor in tensors for name in self.coded(tensor)]
            name = self.builder.operator("QLinearConcat", *inputs, domain="com.microsoft", axis=1)
            return Tensor(name, scale, zero, shape)
        reals = [self.real(tensor) for tensor in tensors]
        return self.quantized(self.builder.operator("Concat", *reals, axis=1), shape, scale, zero)

    def flattened(self, x: Tensor) -> Tensor:
        size = int(np.prod(x.shape))
        if self.qoperator:
            return Tensor(self.builder.operator("Flatten", x.name), x.scale, x.zero_point, (size,))
        return self.unary("Flatten", x, (size,), same=True)

    def model(self, *outputs: Tensor) -> onnx.ModelProto:
        return self.builder.model(self.inputs, [tensor.name for tensor in outputs])


def session(
    model: onnx.ModelProto | bytes, optimized: bool = True, int8: bool = True
) -> onnxruntime.InferenceSession:
    """Return a session of ONNX Runtime on its CPU provider.

    Parameters
    ----------
    optimized : bool
        Whether graph optimizations are on, as they are by default.
    int8 : bool
        Whether integer kernels are used for int8 activations on x86, too, as they are on Arm.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    content = model if isinstance(model, bytes) else model.SerializeToString()
    if _has_unsigned_activations(content):
        # On x86 without VNNI its kernels of uint8 times int8 saturate at 16 bits, but with this.
        options.add_session_config_entry("session.x64quantprecision", "1")
        content = _with_constants_of_their_own(content)
    if int8:
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    return onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])


@cache
def kernels_saturate() -> bool:
    """Return whether sums of two products of 8 bits saturate at 16 bits, as on x86 without VNNI.

    What a session without settings makes of the largest operands says it.
    """
    weight = numpy_helper.from_array(np.full((4, 1), 127, np.int8), "weight")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "weight"], ["y"])],
        "largest",
        [helper.make_tensor_value_info("x", onnx.TensorProto.UINT8, (1, 4))],
        [helper.make_tensor_value_info("y", onnx.TensorProto.INT32, (1, 1))],
        [weight],
    )
    opset = [helper.make_opsetid("", 21)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    runner = onnxruntime.InferenceSession(model.SerializeToString(), None, ["CPUExecutionProvider"])
    (product,) = runner.run(None, {"x": np.full((1, 4), 255, np.uint8)})
    return bool(product.item() != 4 * 255 * 127)


def _has_unsigned_activations(content: bytes) -> bool:
    graph = onnx.ModelProto.FromString(content).graph
    unsigned = onnx.TensorProto.UINT8
    return any(info.type.tensor_type.elem_type == unsigned for info in graph.input) or any(
        tensor.data_type == unsigned and not tensor.dims for tensor in graph.initializer
    )


def _with_constants_of_their_own(content: bytes) -> bytes:
    """Return a model in which no two operators share a constant, which that setting demands."""
    model = onnx.ModelProto.FromString(content)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    outputs = {output.name for output in model.graph.output}
    seen: set[str] = set()
    for number, node in enumerate(model.graph.node):
        for place, name in enumerate(node.input):
            if name in constants and name not in outputs and name in seen:
                copy = model.graph.initializer.add()
                copy.CopyFrom(constants[name])
                node.input[place] = copy.name = f"{name}/{number}/{place}"
            seen.add(name)
    return bytes(model.SerializeToString())

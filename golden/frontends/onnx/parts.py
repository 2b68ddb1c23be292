"""Parts of an .onnx file as networks of their own."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import onnx

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.cut import Cut, File, Step
from bittrue.golden.frontends.onnx.model import (
    InputInfo,
    OnnxModel,
    OnnxNode,
    input_info,
    read_model,
)

Shapes = Mapping[str, tuple[int, ...]]


def part_of(
    content: bytes,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    folder: Path | None = None,
) -> tuple[OnnxModel, Cut | None]:
    """Return the model between two ends, and what is left of it.

    Parameters
    ----------
    content : bytes
        Of the file.
    inputs, outputs : tuple of str
        Tensors; none for those that the model has.
    folder : Path, optional
        Where the file lies: constants may lie in others beside it.

    Returns
    -------
    OnnxModel
    Cut or None
        None if no ends are named.

    Raises
    ------
    UserError
        See `golden.frontends.cut.File.ends`; or if the shape of an input is not known.
    """
    model = read_model(content, folder)
    if not inputs and not outputs:
        return model, None
    values = _values(content)
    steps = [_step(node, model, _shapes(model, values)) for node in model.nodes]
    given = {info.name: info for info in model.inputs}
    file = File(steps, tuple(given), model.outputs, model.constants)
    inputs, outputs = file.ends(inputs, outputs)
    kept = file.part(inputs, outputs)
    part = replace(
        model,
        inputs=tuple(given.get(name) or _input(name, values) for name in inputs),
        outputs=outputs,
        nodes=tuple(model.nodes[place] for place in kept),
    )
    return part, file.cut(inputs, kept)


def _input(name: str, values: Mapping[str, onnx.ValueInfoProto]) -> InputInfo:
    if name not in values:
        raise UserError(
            f"--inputs names {name!r}, whose shape is not known; run ONNX's shape inference on the "
            "model first, or choose a tensor nearby"
        )
    return input_info(values[name], None)


def _values(content: bytes) -> dict[str, onnx.ValueInfoProto]:
    """Return type and shape of each tensor for which the file states them, or they follow."""
    proto = onnx.ModelProto.FromString(content)
    with suppress(Exception):  # Whatever it raises: what the file states is left.
        proto = onnx.shape_inference.infer_shapes(proto)
    graph = proto.graph
    return {value.name: value for value in (*graph.input, *graph.value_info, *graph.output)}


def _shapes(model: OnnxModel, values: Mapping[str, onnx.ValueInfoProto]) -> Shapes:
    """Return the shapes of constants and activations; sizes that are not fixed count once."""
    shapes = {
        name: tuple(max(size.dim_value, 1) for size in value.type.tensor_type.shape.dim)
        for name, value in values.items()
        if value.type.tensor_type.HasField("shape")
    }
    return shapes | {name: each.values.shape for name, each in model.constants.items()}


_WEIGHTS = {
    "Conv": 1,
    "ConvInteger": 1,
    "QLinearConv": 3,
    "ConvTranspose": 1,
    "Gemm": 1,
    "MatMul": 1,
    "MatMulInteger": 1,
    "QLinearMatMul": 3,
}
"""Which input of an operator that multiplies is the second factor."""


def _step(node: OnnxNode, model: OnnxModel, shapes: Shapes) -> Step:
    count: int | None = 0
    if node.operator in _WEIGHTS:
        names = [node.inputs[0], node.inputs[_WEIGHTS[node.operator]], node.outputs[0]]
        known = all(name in shapes for name in names)
        count = _products(node, *(shapes[name] for name in names)) if known else None
    return Step(node.title, node.inputs, node.outputs, count)


def _products(
    node: OnnxNode, given: tuple[int, ...], weight: tuple[int, ...], made: tuple[int, ...]
) -> int:
    if node.operator == "ConvTranspose":
        return math.prod(given) * math.prod(weight[1:])
    if "Conv" in node.operator:
        return math.prod(made) * math.prod(weight[1:])
    turned = node.operator == "Gemm" and node.attributes.get("transA")
    return math.prod(made) * (given[0] if turned else given[-1] if given else 1)

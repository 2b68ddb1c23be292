"""Import of quantized .onnx networks: QDQ, QOperator and QONNX.

`PROFILES` names the arithmetics; `docs/onnx.md` says where they differ.
"""

import warnings
from pathlib import Path

from bittrue.golden.errors import UserError
from bittrue.golden.files.bounded_file import read_bounded
from bittrue.golden.frontends.cut import Cut
from bittrue.golden.frontends.obstacles import Obstacles, ObstaclesError
from bittrue.golden.frontends.onnx import operators
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import GraphBuilder, Site
from bittrue.golden.frontends.onnx.folding import FOLDABLE, fold, literal
from bittrue.golden.frontends.onnx.input_types import InputTypes
from bittrue.golden.frontends.onnx.inserted import (
    InsertedQuantizerWarning,
    Insertion,
    inserted_note,
)
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.model import InputInfo, OnnxModel, OnnxNode
from bittrue.golden.frontends.onnx.no_integer_kernel import (
    FloatingPointWarning,
    NoIntegerKernelError,
    floating_point_note,
)
from bittrue.golden.frontends.onnx.onnxruntime import OnnxRuntimeArithmetic
from bittrue.golden.frontends.onnx.outputs import Outputs
from bittrue.golden.frontends.onnx.parts import part_of
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.registry import (
    CHANNELS_LAST,
    CONVERSIONS,
    QONNX_DOMAINS,
    STANDARD,
)
from bittrue.golden.frontends.onnx.values import Codes, FloatInput, Real
from bittrue.golden.graph import Graph, Tensor
from bittrue.golden.registry import import_modules, import_users_operators

import_modules(operators)

PROFILES: dict[str, type[OnnxArithmetic]] = {
    arithmetic.name: arithmetic for arithmetic in (OnnxRuntimeArithmetic, OnnxArithmetic)
}
"""The arithmetics an .onnx file can be imported for."""


def import_onnx(
    path: Path,
    profile: str | None = None,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    input_types: tuple[str, ...] = (),
) -> Graph:
    """Read an .onnx file as an integer graph.

    Parameters
    ----------
    path : Path
    profile : str, optional
        One of `PROFILES`; by default ``onnxruntime``, and ``onnx`` for QONNX, which ONNX Runtime
        does not run, and where ONNX Runtime computes in float32 what no integers equal: a
        `FloatingPointWarning` says so then.
    inputs, outputs : tuple of str
        Tensors to begin and to end the network at, in place of those of the file.
    input_types : tuple of str
        Codes that stand for the numbers of inputs: see `golden.frontends.onnx.input_types.FORM`.

    Returns
    -------
    Graph
        Tensors of codes have the names of the file; images lie channels last.

    Raises
    ------
    UserError
        Naming the file, the operator and its place, what is wrong and what to do.
    """
    content = read_bounded(path)
    try:
        return convert_onnx(content, profile, inputs, outputs, input_types, path.parent)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def cut_onnx(path: Path, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Cut | None:
    """Return what `import_onnx` leaves out; see `golden.frontends.onnx.parts.part_of`."""
    return part_of(read_bounded(path), inputs, outputs, path.parent)[1]


def convert_onnx(
    content: bytes,
    profile: str | None = None,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    input_types: tuple[str, ...] = (),
    folder: Path | None = None,
) -> Graph:
    """Return the graph of an .onnx file's content; see `import_onnx`.

    With a folder, constants may lie in files of it.
    """
    if profile is not None and profile not in PROFILES:
        raise UserError(f"profile is {profile!r}; allowed: {', '.join(PROFILES)}")
    model, _ = part_of(content, inputs, outputs, folder)
    qonnx = [node for node in model.nodes if node.domain in QONNX_DOMAINS]
    if profile is None and qonnx:
        profile = OnnxArithmetic.name
    if profile is None:
        try:
            return _converted(model, OnnxRuntimeArithmetic.name, input_types)
        except ObstaclesError as error:
            if not all(issubclass(each.error, NoIntegerKernelError) for each in error.obstacles):
                raise
            obstacles = error.obstacles
        graph = _converted(model, OnnxArithmetic.name, input_types)
        warnings.warn(floating_point_note(obstacles), FloatingPointWarning, stacklevel=3)
        return graph
    if qonnx and profile == OnnxRuntimeArithmetic.name:
        raise UserError(
            f"it has QONNX's operator {qonnx[0].title}, which ONNX Runtime does not run; import "
            "with profile onnx"
        )
    return _converted(model, profile, input_types)


def _converted(model: OnnxModel, profile: str, input_types: tuple[str, ...]) -> Graph:
    arithmetic = PROFILES[profile]()
    builder, obstacles = GraphBuilder(model), Obstacles()
    builder.insert = insertion = Insertion(builder, arithmetic)
    types = InputTypes.parse(input_types, model.inputs)
    for info in model.inputs:
        with obstacles.at("input", f"input {info.name!r}", makes=[info.name]):
            _add_input(builder, info, _layout(model, info), types.of(info))
    for node in model.nodes:
        with obstacles.at(node.title, _place(node), makes=node.outputs):
            _convert(node, builder, arithmetic, obstacles)
    obstacles.refuse()
    given = Outputs(builder)
    for name in model.outputs:
        with obstacles.at("output", f"output {name!r}"):
            given.add(name)
    obstacles.refuse()
    if insertion.names:
        note = inserted_note(insertion.names)
        warnings.warn(note, InsertedQuantizerWarning, stacklevel=4)
    return builder.graph(given.names, profile)


def _place(node: OnnxNode) -> str:
    output = node.outputs[0] if node.outputs else ""
    return f"operator {node.position}, {node.title} {output!r}"


def _convert(
    node: OnnxNode, builder: GraphBuilder, arithmetic: OnnxArithmetic, obstacles: Obstacles
) -> None:
    site = Site(node, builder, channels_last=node.domain == CHANNELS_LAST)
    if (node.domain, node.operator) == (STANDARD, "Constant"):
        site.set(literal(node))
        return
    if (node.domain, node.operator) not in CONVERSIONS:
        import_users_operators()
    conversion = CONVERSIONS.get((node.domain, node.operator))
    foldable = node.domain == STANDARD and node.operator in FOLDABLE
    # What an operator with an obstacle should have made is no constant.
    constant = all(name in builder.values for name in node.inputs if name) and site.is_constant
    if conversion is None and not (foldable and constant):
        only = " but on constants" if foldable else ""
        raise UserError(f"it is not supported{only}; docs/onnx.md lists the operators that are")
    if conversion is not None:
        conversion.check(node, builder.opset)
    obstacles.require(name for name in node.inputs if name)
    if foldable and constant:
        builder.values.update(zip(node.outputs, fold(site), strict=True))
    elif conversion is not None:
        conversion.convert(site, arithmetic)


def _add_input(
    builder: GraphBuilder, info: InputInfo, layout: Layout, given: Quantizer | None
) -> None:
    if given is not None:
        activation = builder.add_input(Tensor.of_type(info.name, layout.sizes, given.type), layout)
        builder.meaning(activation, given.quantization)
        builder.values[info.name] = Real(activation, given.quantization)
        return
    value = FloatInput(info, layout, layout)
    if info.type is None and info.annotated is None:
        builder.values[info.name] = value
        return
    kind = info.type or info.annotated
    assert kind is not None
    tensor = Tensor.of_type(info.name, layout.sizes, kind)
    activation = builder.add_input(tensor, layout)
    if info.type is not None:
        builder.values[info.name] = Codes(activation)
    else:
        builder.values[info.name] = builder.annotated_input(value, activation)


_KEEPING_ORDER = frozenset(
    (
        *("QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant", "BipolarQuant", "Cast"),
        *("Identity", "Dropout", "Add", "Sub", "Mul", "Div", "Relu", "Clip", "Pad"),
    )
)
"""Operators behind which an input lies as it does before."""

_ON_IMAGES = frozenset(
    (
        *("Conv", "ConvInteger", "ConvTranspose", "QLinearConv", "BatchNormalization"),
        *("MaxPool", "AveragePool", "QLinearAveragePool", "GlobalMaxPool", "GlobalAveragePool"),
        *("QLinearGlobalAveragePool", "Resize", "Upsample"),
    )
)
"""Operators whose input has the channels first."""


def _layout(model: OnnxModel, info: InputInfo) -> Layout:
    """Return how an input lies in the graph.

    As it is if what reads it makes it channels first or takes it channels last; and so is one of
    two dimensions, unless it is read as an image of one dimension, channels first.
    """
    rank = len(info.shape)
    to_first = (0, rank, *range(1, rank))
    readers: dict[str, list[OnnxNode]] = {}
    for node in model.nodes:
        for name in set(node.inputs[:1]):
            readers.setdefault(name, []).append(node)
    reached, seen = [info.name], {info.name}
    while reached:
        for node in readers.get(reached.pop(0), []):
            transposed = node.operator == "Transpose" and node.attributes.get("perm") == to_first
            if transposed or node.domain == CHANNELS_LAST:
                return Layout.same(info.shape)
            if rank == 2 and node.operator in _ON_IMAGES:
                return Layout.ordered(info.shape[::-1], (1, 0))
            if node.operator in _KEEPING_ORDER and node.outputs and node.outputs[0] not in seen:
                seen.add(node.outputs[0])
                reached.append(node.outputs[0])
    return Layout.usual(info.shape)

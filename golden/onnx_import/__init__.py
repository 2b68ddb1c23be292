"""Import of quantized .onnx networks: QDQ, QOperator and QONNX.

`PROFILES` names the arithmetics; `docs/onnx.md` says where they differ.
"""

from pathlib import Path

from golden.bounded_file import read_bounded
from golden.errors import UserError
from golden.graph import Graph, Tensor
from golden.onnx_import.arithmetic import OnnxArithmetic
from golden.onnx_import.builder import GraphBuilder, Site
from golden.onnx_import.layout import Layout
from golden.onnx_import.model import InputInfo, OnnxModel, OnnxNode, read_model
from golden.onnx_import.onnxruntime import OnnxRuntimeArithmetic
from golden.onnx_import.operators import CHANNELS_LAST, CONVERSIONS, QONNX_DOMAINS
from golden.onnx_import.outputs import Outputs
from golden.onnx_import.values import Codes, FloatInput

PROFILES: dict[str, type[OnnxArithmetic]] = {
    arithmetic.name: arithmetic for arithmetic in (OnnxRuntimeArithmetic, OnnxArithmetic)
}
"""The arithmetics an .onnx file can be imported for."""


def import_onnx(path: Path, profile: str | None = None) -> Graph:
    """Read an .onnx file as an integer graph.

    Parameters
    ----------
    path : Path
    profile : str, optional
        One of `PROFILES`; by default ``onnxruntime``, and ``onnx`` for QONNX, which ONNX Runtime
        does not run.

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
        return convert_onnx(content, profile)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def convert_onnx(content: bytes, profile: str | None = None) -> Graph:
    """Return the graph of an .onnx file's content; see `import_onnx`."""
    if profile is not None and profile not in PROFILES:
        raise UserError(f"profile is {profile!r}; allowed: {', '.join(PROFILES)}")
    model = read_model(content)
    qonnx = [node for node in model.nodes if node.domain in QONNX_DOMAINS]
    if profile is None:
        profile = OnnxArithmetic.name if qonnx else OnnxRuntimeArithmetic.name
    elif qonnx and profile == OnnxRuntimeArithmetic.name:
        raise UserError(
            f"it has QONNX's operator {qonnx[0].title}, which ONNX Runtime does not run; import "
            "with profile onnx"
        )
    arithmetic = PROFILES[profile]()
    builder = GraphBuilder(model)
    for info in model.inputs:
        try:
            _add_input(builder, info, _layout(model, info))
        except UserError as error:
            raise UserError(f"input {info.name!r}: {error}") from error
    for node in model.nodes:
        try:
            conversion = CONVERSIONS.get((node.domain, node.operator))
            if conversion is None:
                raise UserError("it is not supported; docs/onnx.md lists the operators that are")
            conversion.check(node, model.opset)
            conversion.convert(
                Site(node, builder, channels_last=node.domain == CHANNELS_LAST), arithmetic
            )
        except UserError as error:
            output = node.outputs[0] if node.outputs else ""
            place = f"operator {node.position}, {node.title} {output!r}"
            raise UserError(f"{place}: {error}") from error
    outputs = Outputs(builder)
    for name in model.outputs:
        try:
            outputs.add(name)
        except UserError as error:
            raise UserError(f"output {name!r}: {error}") from error
    return builder.graph(outputs.names, profile)


def _add_input(builder: GraphBuilder, info: InputInfo, layout: Layout) -> None:
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


_ELEMENTWISE = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant", "BipolarQuant", "Cast", "Identity"}
)


def _layout(model: OnnxModel, info: InputInfo) -> Layout:
    """Return how an input lies in the graph.

    As it is if what reads it makes it channels first or takes it channels last.
    """
    readers: dict[str, list[OnnxNode]] = {}
    for node in model.nodes:
        for name in set(node.inputs[:1]):
            readers.setdefault(name, []).append(node)
    reached, seen = [info.name], {info.name}
    while reached:
        for node in readers.get(reached.pop(0), []):
            to_first = node.operator == "Transpose" and node.attributes.get("perm") == (0, 3, 1, 2)
            if to_first or node.domain == CHANNELS_LAST:
                return Layout.same(info.shape)
            if node.operator in _ELEMENTWISE and node.outputs and node.outputs[0] not in seen:
                seen.add(node.outputs[0])
                reached.append(node.outputs[0])
    return Layout.usual(info.shape)

"""Import of quantized .tflite networks, under the arithmetic of a chosen reference.

`PROFILES` names the references; `docs/graph.md` says where they differ.
"""

from pathlib import Path

from golden.bounded_file import read_bounded
from golden.errors import UserError
from golden.graph import Graph
from golden.tflite_import.arithmetic import LitertArithmetic
from golden.tflite_import.builder import GraphBuilder, Site
from golden.tflite_import.model import Operator, TfliteModel, read_model
from golden.tflite_import.operators import CONVERTERS, SHAPE_OPERATORS, VERSIONS
from golden.tflite_import.tflite_micro import TfliteMicroArithmetic
from golden.tflite_import.xnnpack import XnnpackArithmetic

PROFILES: dict[str, type[LitertArithmetic]] = {
    arithmetic.name: arithmetic
    for arithmetic in (LitertArithmetic, TfliteMicroArithmetic, XnnpackArithmetic)
}
"""The references a .tflite file can be imported for."""


def import_tflite(path: Path, profile: str = LitertArithmetic.name) -> Graph:
    """Read a .tflite file as an integer graph.

    Parameters
    ----------
    path : Path
    profile : str
        One of `PROFILES`.

    Returns
    -------
    Graph
        Tensors have the names of the file and its order of dimensions, without the batch.

    Raises
    ------
    UserError
        Naming the file, the operator and its place, what is wrong and what to do.
    """
    content = read_bounded(path)
    try:
        return convert_tflite(content, profile)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def convert_tflite(content: bytes, profile: str = LitertArithmetic.name) -> Graph:
    """Return the graph of a .tflite file's content; see `import_tflite`."""
    if profile not in PROFILES:
        raise UserError(f"profile is {profile!r}; allowed: {', '.join(PROFILES)}")
    model = read_model(content)
    arithmetic = PROFILES[profile]()
    builder = GraphBuilder(model)
    borders = _Borders(model)
    for index in borders.inputs:
        builder.add_input(model.tensors[index])
    for operator in model.operators:
        output = model.tensors[operator.outputs[0]].name if operator.outputs else ""
        try:
            _check_version(operator)
            if operator.position in borders.operators or _computes_shape(operator, model):
                continue
            if operator.name not in CONVERTERS:
                raise UserError("it is not supported; docs/graph.md lists the operators that are")
            CONVERTERS[operator.name](Site(operator, builder), arithmetic)
        except UserError as error:
            place = f"operator {operator.position}, {operator.name} {output!r}"
            raise UserError(f"{place}: {error}") from error
    outputs = tuple(model.tensors[index].name for index in borders.outputs)
    return builder.graph(outputs, profile)


def _check_version(operator: Operator) -> None:
    newest = VERSIONS.get(operator.name)
    if newest is not None and not 1 <= operator.version <= newest:
        raise UserError(
            f"its version is {operator.version}; allowed: 1 to {newest}, whose meaning is known; "
            "convert the model with an older converter"
        )


def _computes_shape(operator: Operator, model: TfliteModel) -> bool:
    return operator.name in SHAPE_OPERATORS and not any(
        model.tensors[index].quantized for index in operator.outputs
    )


class _Borders:
    """Where a file with float inputs or outputs becomes integers.

    A float input that only feeds a QUANTIZE, and a float output that a DEQUANTIZE makes, are left
    out: the graph takes and gives the codes on the other side.

    Attributes
    ----------
    inputs, outputs : list of int
        Tensors of the file that are the graph's inputs and outputs.
    operators : set of int
        Positions of the operators left out.
    """

    def __init__(self, model: TfliteModel) -> None:
        self.operators: set[int] = set()
        self.inputs = [self._inside_input(model, index) for index in model.inputs]
        self.outputs = [self._inside_output(model, index) for index in model.outputs]

    def _inside_input(self, model: TfliteModel, index: int) -> int:
        tensor = model.tensors[index]
        if tensor.type_name != "FLOAT32":
            return index
        readers = [operator for operator in model.operators if index in operator.inputs]
        if len(readers) != 1 or readers[0].name != "QUANTIZE" or len(readers[0].outputs) != 1:
            raise UserError(
                f"input {tensor.name!r} is FLOAT32 and not read by one QUANTIZE alone; quantize "
                "the whole model"
            )
        self.operators.add(readers[0].position)
        return readers[0].outputs[0]

    def _inside_output(self, model: TfliteModel, index: int) -> int:
        tensor = model.tensors[index]
        if tensor.type_name != "FLOAT32":
            return index
        makers = [operator for operator in model.operators if index in operator.outputs]
        if len(makers) != 1 or makers[0].name != "DEQUANTIZE" or len(makers[0].inputs) != 1:
            raise UserError(
                f"output {tensor.name!r} is FLOAT32 and not made by DEQUANTIZE; quantize the "
                "whole model"
            )
        self.operators.add(makers[0].position)
        return makers[0].inputs[0]

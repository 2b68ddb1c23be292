"""Import of quantized .tflite networks, under the arithmetic of a chosen reference.

`PROFILES` names the references; `docs/graph.md` says where they differ.
"""

from pathlib import Path

from bittrue.golden.errors import UserError
from bittrue.golden.files.bounded_file import read_bounded
from bittrue.golden.frontends.cut import Cut
from bittrue.golden.frontends.obstacles import Obstacles
from bittrue.golden.frontends.tflite import operators
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.borders import (
    Borders,
    check_integers,
    computes_in_reals,
    cut_before,
)
from bittrue.golden.frontends.tflite.builder import GraphBuilder, Site
from bittrue.golden.frontends.tflite.dilations import with_dilations
from bittrue.golden.frontends.tflite.known_operators import SHAPE_OPERATORS, VERSIONS
from bittrue.golden.frontends.tflite.model import Operator, TfliteModel, read_model
from bittrue.golden.frontends.tflite.parts import part_of
from bittrue.golden.frontends.tflite.reals import with_functions_of_codes
from bittrue.golden.frontends.tflite.registry import CONVERTERS
from bittrue.golden.frontends.tflite.tflite_micro import TfliteMicroArithmetic
from bittrue.golden.frontends.tflite.xnnpack import XnnpackArithmetic
from bittrue.golden.graph import Graph
from bittrue.golden.registry import import_modules, import_users_operators

import_modules(operators)

PROFILES: dict[str, type[LitertArithmetic]] = {
    arithmetic.name: arithmetic
    for arithmetic in (LitertArithmetic, TfliteMicroArithmetic, XnnpackArithmetic)
}
"""The references a .tflite file can be imported for."""


def import_tflite(
    path: Path,
    profile: str = LitertArithmetic.name,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
) -> Graph:
    """Read a .tflite file as an integer graph.

    Parameters
    ----------
    path : Path
    profile : str
        One of `PROFILES`.
    inputs, outputs : tuple of str
        Tensors of the file to be the graph's, in place of those it has. What outputs do not depend
        on is left out.

    Returns
    -------
    Graph
        Tensors have the names of the file and its order of dimensions, without the batch.

    Raises
    ------
    UserError
        Naming the file, the operator and its place, what is wrong and what to do: all that is wrong
        at once, see `golden.frontends.obstacles`.
    """
    content = read_bounded(path)
    try:
        return convert_tflite(content, profile, inputs, outputs)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def cut_tflite(path: Path, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Cut | None:
    """Return what `import_tflite` leaves out; see `golden.frontends.tflite.parts.part_of`."""
    return part_of(read_model(read_bounded(path)), inputs, outputs)[1]


def convert_tflite(
    content: bytes,
    profile: str = LitertArithmetic.name,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
) -> Graph:
    """Return the graph of a .tflite file's content; see `import_tflite`."""
    if profile not in PROFILES:
        raise UserError(f"profile is {profile!r}; allowed: {', '.join(PROFILES)}")
    part = part_of(read_model(content), inputs, outputs)[0]
    model = with_functions_of_codes(with_dilations(part))
    # Whatever can be refused without a search is refused before any.
    _convert(model, PROFILES[profile](searching=False))
    return _convert(model, PROFILES[profile]())


def _convert(model: TfliteModel, arithmetic: LitertArithmetic) -> Graph:
    obstacles, builder, borders = Obstacles(), GraphBuilder(model), Borders(model)
    if any(operator.name not in CONVERTERS for operator in model.operators):
        import_users_operators()
    for index in borders.inputs:
        with obstacles.at("input", f"input {model.tensors[index].name!r}", makes=[index]):
            if not model.is_read(index) or not model.tensors[index].real:
                builder.add_input(model.tensors[index])
            # Otherwise it is an obstacle of the operator that reads it.
    for operator in model.operators:
        described = [index for index in operator.outputs if builder.describes(index)]
        unknown = set(operator.outputs).difference(described)
        with obstacles.at(operator.name, model.name_of(operator), makes=unknown):
            _check_version(operator)
            if operator.position in borders.operators or _is_left_out(operator, model):
                continue
            _check_custom(operator, model)
            if not computes_in_reals(operator, model):
                _check_supported(operator, model)
            obstacles.require(operator.inputs)
            check_integers(operator, model)
            CONVERTERS[operator.name](Site(operator, builder), arithmetic)
        for index in described:
            builder.assume(index)
    obstacles.refuse()
    outputs = tuple(model.tensors[index].name for index in borders.outputs)
    return builder.graph(outputs, arithmetic.name)


def _check_version(operator: Operator) -> None:
    newest = VERSIONS.get(operator.name)
    if newest is not None and not 1 <= operator.version <= newest:
        raise UserError(
            f"its version is {operator.version}; allowed: 1 to {newest}, whose meaning is known; "
            "convert the model with an older converter"
        )


_CHIPS = {"edgetpu-custom-op": "an Edge TPU", "ethos-u": "an Ethos-U"}
"""Custom operators that hold a part of a network, compiled for a chip."""


def _check_custom(operator: Operator, model: TfliteModel) -> None:
    if operator.custom in _CHIPS:
        raise UserError(
            f"it holds a part of the network compiled for {_CHIPS[operator.custom]}; import the "
            ".tflite file that was compiled"
        )
    if operator.custom is not None and operator.name not in CONVERTERS:
        raise UserError(
            f"it is a custom operator, which has no public meaning{cut_before(operator, model)}"
        )


def _check_supported(operator: Operator, model: TfliteModel) -> None:
    if operator.name not in CONVERTERS:
        raise UserError(
            "it is not supported; docs/graph.md lists the operators that are"
            f"{cut_before(operator, model)}"
        )


def _is_left_out(operator: Operator, model: TfliteModel) -> bool:
    """Return whether an operator only computes a shape, or real numbers for one that is refused."""
    made = [model.tensors[index] for index in operator.outputs]
    if operator.name == "DEQUANTIZE":
        return all(tensor.real for tensor in made)
    return operator.name in SHAPE_OPERATORS and not any(tensor.quantized for tensor in made)

"""Parts of a .tflite file as networks of their own."""

import math
from dataclasses import replace

from bittrue.golden.frontends.cut import Cut, File, Step
from bittrue.golden.frontends.tflite.borders import Borders
from bittrue.golden.frontends.tflite.model import Operator, TfliteModel


def part_of(
    model: TfliteModel, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> tuple[TfliteModel, Cut | None]:
    """Return the model between two ends, and what is left of it.

    Parameters
    ----------
    model : TfliteModel
    inputs, outputs : tuple of str
        Tensors; none for those that the model has. What the outputs do not depend on is left out.

    Returns
    -------
    TfliteModel
    Cut or None
        None if no ends are named.

    Raises
    ------
    UserError
        See `golden.frontends.cut.File.ends`.
    """
    file = _file(model)
    place = {tensor.name: index for index, tensor in enumerate(model.tensors)}
    if not inputs and not outputs:
        kept = file.part((), file.outputs)
        return replace(model, operators=tuple(model.operators[each] for each in kept)), None
    inputs, outputs = file.ends(inputs, outputs)
    kept = file.part(inputs, outputs)
    part = replace(
        model,
        operators=tuple(model.operators[each] for each in kept),
        inputs=tuple(place[name] for name in inputs),
        outputs=tuple(place[name] for name in outputs),
    )
    # What stands at a border is left out of the graph, though it is between the ends.
    borders = Borders(part)
    inside = [each for each in kept if model.operators[each].position not in borders.operators]
    first = tuple(model.tensors[index].name for index in borders.inputs)
    return part, file.cut(first, inside)


def _file(model: TfliteModel) -> File:
    names = [tensor.name for tensor in model.tensors]

    def named(indices: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(names[index] if index >= 0 else "" for index in indices)

    steps = [
        Step(
            each.name,
            named(each.inputs),
            named(each.outputs),
            _multiplications(each, model),
            assigns=_variables(each, model, "ASSIGN_VARIABLE"),
            reads=_variables(each, model, "READ_VARIABLE"),
        )
        for each in model.operators
    ]
    fixed = {tensor.name for tensor in model.tensors if tensor.data is not None}
    return File(steps, named(model.inputs), named(model.outputs), fixed)


def _variables(operator: Operator, model: TfliteModel, operation: str) -> tuple[str, ...]:
    """Return the variables that an operator reads or assigns; a CALL_ONCE may assign any."""
    variables = model.variables
    if operator.name == "CALL_ONCE" and operation == "ASSIGN_VARIABLE":
        return tuple("/".join(variable) for variable in variables.values())
    if operator.name != operation or not operator.inputs or operator.inputs[0] not in variables:
        return ()
    return ("/".join(variables[operator.inputs[0]]),)


def _multiplications(operator: Operator, model: TfliteModel) -> int:
    """Return the products of an operator, from the shapes that the file states."""
    shapes = [model.tensors[index].shape if index >= 0 else () for index in operator.inputs]
    if len(shapes) < 2 or not operator.outputs:
        return 0
    made = math.prod(model.tensors[operator.outputs[0]].shape)
    match operator.name:
        case "CONV_2D":
            return made * math.prod(shapes[1][1:])
        case "DEPTHWISE_CONV_2D":
            return made * math.prod(shapes[1][1:3])
        case "FULLY_CONNECTED":
            return made * math.prod(shapes[1][-1:])
        case "BATCH_MATMUL":
            return made * math.prod(shapes[0][-1:])
        case "TRANSPOSE_CONV" if len(shapes) > 2:
            return math.prod(shapes[2]) * math.prod(shapes[1][:3])
    return 0

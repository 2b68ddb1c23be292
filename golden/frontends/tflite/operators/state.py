"""CALL_ONCE, VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE: what is kept between calls."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.model import TensorInfo, TfliteModel, Variable
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.frontends.tflite.variables import Held, Initial
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.reshape import Reshape


@converts(CALL_ONCE=1, options=Options("CallOnceOptions", ("InitSubgraphIndex",)))
def _call_once(site: Site, arithmetic: LitertArithmetic) -> None:
    """Take what the subgraph assigns as what variables hold before the first call."""
    number = site.options.get("InitSubgraphIndex", 0)
    subgraph, variables = site.builder.model.called_once.get(number), site.builder.variables
    if subgraph is None:
        raise UserError(f"it calls subgraph {number}; allowed: another one of the file")
    if site.operator.inputs or site.operator.outputs or subgraph.inputs or subgraph.outputs:
        raise UserError("it has inputs or outputs; allowed: none, it only initialises variables")
    for operator in subgraph.operators:
        if operator.name not in ("VAR_HANDLE", "ASSIGN_VARIABLE"):
            raise UserError(
                f"in the subgraph that it calls, {subgraph.name_of(operator)} computes; allowed: "
                "VAR_HANDLE, and ASSIGN_VARIABLE of constants"
            )
        if operator.name == "ASSIGN_VARIABLE":
            variable, assigned = _assignment(operator.inputs, subgraph)
            if variable in variables.held:
                raise UserError(
                    f"it initialises variable {variable.name!r}, which an operator before it reads "
                    "or assigns; allowed: an initialisation first"
                )
            codes = constant(assigned, "INT8", "UINT8", "INT16")
            shape = activation_shape(assigned)
            variables.initial[variable] = Initial(codes.reshape(shape), Affine.of(assigned))


@converts(VAR_HANDLE=1, options=Options("VarHandleOptions", ("Container", "SharedName")))
def _var_handle(site: Site, arithmetic: LitertArithmetic) -> None:
    """Do nothing: `TfliteModel.variables` has the variables by their handles."""


@converts(READ_VARIABLE=1)
def _read_variable(site: Site, arithmetic: LitertArithmetic) -> None:
    site.input_count(1)
    variable = _variable(site.operator.inputs[0], site.builder.model)
    variables, output = site.builder.variables, site.output
    affine, shape = Affine.of(output), activation_shape(output)
    initial, held = variables.initial.get(variable), variables.held.get(variable)
    if held is not None:  # What was read or assigned before it in this call.
        _require_alike(variable, held.affine, affine)
        site.emit(Reshape(inputs=(held.tensor,), output=output.name, shape=shape))
        return
    if initial is None:
        raise UserError(
            f"variable {variable.name!r} is read before anything initialises it; allowed: an "
            "initialisation by CALL_ONCE"
        )
    _require_alike(variable, initial.affine, affine)
    if initial.codes.shape != shape:
        raise UserError(
            f"variable {variable.name!r} is initialised with shape {(1, *initial.codes.shape)}; "
            f"the file says that {output} has shape {output.shape}"
        )
    variables.held[variable] = Held(output.name, affine)
    if _is_assigned(variable, site.builder.model):
        variables.read[variable] = site.builder.add_state(output)
    else:
        node = Constant(inputs=(), output=output.name, values=initial.codes, type=affine.type)
        site.emit(node)


@converts(ASSIGN_VARIABLE=1)
def _assign_variable(site: Site, arithmetic: LitertArithmetic) -> None:
    variable, assigned = _assignment(site.operator.inputs, site.builder.model)
    affine = Affine.of(assigned)
    if assigned.data is not None:
        raise UserError(
            f"it assigns {assigned}, which is a constant, in every call; allowed: what is computed"
        )
    variables, made = site.builder.variables, site.builder.made(assigned.name)
    read = variables.read.get(variable)
    if read is not None:
        _require_alike(variable, variables.initial[variable].affine, affine)
        if read.shape != made.shape:
            raise UserError(
                f"variable {variable.name!r} is read with shape {(1, *read.shape)} and assigned "
                f"{assigned}, which has shape {(1, *made.shape)}; they must be equal"
            )
    variables.held[variable] = Held(assigned.name, affine)


def _assignment(inputs: tuple[int, ...], model: TfliteModel) -> tuple[Variable, TensorInfo]:
    """Return the variable that is assigned, and the tensor that it is assigned."""
    if len(inputs) != 2 or min(inputs) < 0:
        raise UserError(f"it has {len(inputs)} inputs; allowed: 2, a variable and a tensor")
    return _variable(inputs[0], model), model.tensors[inputs[1]]


def _variable(handle: int, model: TfliteModel) -> Variable:
    variable = model.variables.get(handle)
    if variable is None:
        name = model.tensors[handle] if handle >= 0 else "its first input"
        raise UserError(f"{name} is no variable; allowed: what a VAR_HANDLE makes")
    return variable


def _is_assigned(variable: Variable, model: TfliteModel) -> bool:
    return any(
        operator.name == "ASSIGN_VARIABLE"
        and bool(operator.inputs)
        and model.variables.get(operator.inputs[0]) == variable
        for operator in model.operators
    )


def _require_alike(variable: Variable, one: Affine, other: Affine) -> None:
    """Refuse a variable whose codes mean several things, as it only keeps codes."""
    if one != other:
        raise UserError(
            f"variable {variable.name!r} keeps codes, but they are {one.type} with scale "
            f"{one.scale}, zero point {one.zero_point} in one place and {other.type} with "
            f"{other.scale}, {other.zero_point} here; they must be equal"
        )

"""Where a file with float inputs or outputs becomes integers."""

import shlex

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.known_operators import SHAPE_INPUTS
from bittrue.golden.frontends.tflite.model import Operator, TensorInfo, TfliteModel

_NAMES = 4
"""Tensors named in one message."""


class Borders:
    """The graph's inputs and outputs among the tensors of a file.

    A float input that only feeds a QUANTIZE, and a float output that a DEQUANTIZE makes, are left
    out: the graph takes and gives the codes on the other side. So is an input that only says which
    shape an output has.

    Parameters
    ----------
    model : TfliteModel

    Attributes
    ----------
    inputs, outputs : list of int
        Tensors that are the graph's inputs and outputs; float ones where no QUANTIZE or DEQUANTIZE
        is at the border.
    operators : set of int
        Positions of the operators left out.
    """

    def __init__(self, model: TfliteModel) -> None:
        self.operators: set[int] = set()
        self.inputs = [
            self._inside_input(model, index)
            for index in model.inputs
            if not _says_a_shape(model, index)
        ]
        self.outputs = [self._inside_output(model, index) for index in model.outputs]

    def _inside_input(self, model: TfliteModel, index: int) -> int:
        if not model.tensors[index].real:
            return index
        readers = [operator for operator in model.operators if index in operator.inputs]
        if [reader.name for reader in readers] != ["QUANTIZE"] or len(readers[0].outputs) != 1:
            return index
        self.operators.add(readers[0].position)
        return readers[0].outputs[0]

    def _inside_output(self, model: TfliteModel, index: int) -> int:
        if not model.tensors[index].real:
            return index
        makers = [operator for operator in model.operators if index in operator.outputs]
        if [maker.name for maker in makers] != ["DEQUANTIZE"] or len(makers[0].inputs) != 1:
            return index
        self.operators.add(makers[0].position)
        return makers[0].inputs[0]


def _says_a_shape(model: TfliteModel, index: int) -> bool:
    """Return whether all that reads a tensor of integers takes it for a shape."""
    tensor = model.tensors[index]
    if tensor.type is None or tensor.quantized or not model.is_read(index):
        return False
    return all(
        place == SHAPE_INPUTS.get(operator.name)
        for operator in model.operators
        for place, given in enumerate(operator.inputs)
        if given == index
    )


def computes_in_reals(operator: Operator, model: TfliteModel) -> bool:
    """Return whether an operator reads or makes real numbers."""
    return _first_real(operator, model) is not None


def check_integers(operator: Operator, model: TfliteModel) -> None:
    """Refuse an operator that computes with real numbers.

    Raises
    ------
    UserError
        Saying where the integers before it end, so that the network can be cut there.
    """
    real = _first_real(operator, model)
    if real is None:
        return
    if not any(tensor.quantized and tensor.data is None for tensor in model.tensors):
        raise UserError(
            f"{real} is {real.type_name}, as is all of the network; quantize it when converting it"
        )
    if operator.name == "QUANTIZE":
        raise UserError(
            f"{real} is {real.type_name}; allowed: an input that only QUANTIZE reads, once"
            f"{cut_behind(operator, model)}"
        )
    cut = cut_before(operator, model) or cut_behind(operator, model)
    raise UserError(f"{real} is {real.type_name}; quantize this operator, too{cut}")


def _first_real(operator: Operator, model: TfliteModel) -> TensorInfo | None:
    tensors = [model.tensors[i] for i in (*operator.inputs, *operator.outputs) if i >= 0]
    return next((tensor for tensor in tensors if tensor.real), None)


def cut_before(operator: Operator, model: TfliteModel) -> str:
    """Return the advice to end a network before an operator; empty where nothing is before it."""
    names = _named(model, _integers_before(operator, model))
    return f"; or end the network before it: --outputs {names}" if names else ""


def cut_behind(operator: Operator, model: TfliteModel) -> str:
    """Return the advice to begin a network behind an operator; empty where no integers follow."""
    names = _named(model, _integers_behind(operator, model))
    return f"; or begin the network behind it: --inputs {names}" if names else ""


def _named(model: TfliteModel, indices: list[int]) -> str:
    names = [shlex.quote(model.tensors[index].name) for index in indices]
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return " ".join(names[:_NAMES]) + more


def _integers_behind(operator: Operator, model: TfliteModel) -> list[int]:
    """Return the tensors of codes that QUANTIZE makes of an operator's real numbers."""
    reached = set(operator.outputs)
    found: dict[int, None] = {}
    if operator.name == "QUANTIZE":
        found = dict.fromkeys(operator.outputs)
    for later in model.operators:
        if later.position > operator.position and not reached.isdisjoint(later.inputs):
            if later.name == "QUANTIZE":
                reals = [i for i in later.inputs if i in reached and model.tensors[i].real]
                found |= dict.fromkeys(later.outputs if reals else ())
            elif any(model.tensors[i].real for i in later.outputs):
                reached.update(later.outputs)
    return list(found)


def _integers_before(operator: Operator, model: TfliteModel) -> list[int]:
    """Return the tensors of codes from which an operator's inputs are made by real numbers."""
    maker = {index: each for each in model.operators for index in each.outputs}
    found: dict[int, None] = {}
    seen: set[int] = set()
    waiting = list(reversed(operator.inputs))
    while waiting:
        index = waiting.pop()
        if index < 0 or index in seen:
            continue
        seen.add(index)
        tensor = model.tensors[index]
        if tensor.quantized and index in maker:
            found[index] = None
        elif index in maker and maker[index].position < operator.position:
            waiting.extend(reversed(maker[index].inputs))
    return list(found)

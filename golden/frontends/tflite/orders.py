"""Inputs of a file whose dimensions the graph has in another order: channels first."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.model import Operator, TensorInfo, TfliteModel


def permutation_of(operator: Operator, model: TfliteModel) -> tuple[int, ...] | None:
    """Return in which order a TRANSPOSE puts dimensions, the batch counted; None if it is open.

    Raises
    ------
    UserError
        If what says so is no constant.
    """
    if len(operator.inputs) != 2:
        return None
    return tuple(constant(model.tensors[operator.inputs[1]], "INT32").reshape(-1).tolist())


def order_of_input(
    info: TensorInfo, readers: list[Operator], model: TfliteModel
) -> tuple[int, ...]:
    """Return the order of dimensions in which all that reads an input wants it.

    The same as in the file, where one does not turn it or two turn it otherwise, or where the
    batch would not be first.
    """
    usual = tuple(range(len(info.shape)))
    if not readers or any(reader.name != "TRANSPOSE" for reader in readers):
        return usual
    try:
        orders = {permutation_of(reader, model) for reader in readers}
    except UserError:
        return usual
    order = orders.pop()
    if orders or order is None or sorted(order) != list(usual) or order[:1] != (0,):
        return usual
    return order

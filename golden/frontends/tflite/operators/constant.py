"""Operands that a file states."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.graph.constant import Constant


def emit_constant(site: Site, position: int, rank: int) -> str:
    """Append an input of an operator that is a constant, and return its name.

    Parameters
    ----------
    site : Site
    position : int
        Of the input.
    rank : int
        Dimensions of the other operand; a constant of as many has a batch, which must be 1.
    """
    info = site.input(position)
    values = constant(info, "INT8", "UINT8", "INT16")
    if values.ndim == rank:
        if values.shape[0] != 1:
            raise UserError(f"{info} has shape {info.shape}; allowed: a batch of 1 first")
        values = values[0]
    name = f"{site.output.name}/constant{position}"
    site.builder.add(
        Constant(inputs=(), output=name, values=values, type=site.source(position).type)
    )
    return name

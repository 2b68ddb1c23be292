"""The two operands of additions and multiplications."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.operators.constant import emit_constant


def operands_of(site: Site) -> tuple[str, str]:
    """Return the names of two operands, of which one may be a constant."""
    site.input_count(2)
    first, second = (_operand(site, position) for position in (0, 1))
    return first, second


def _operand(site: Site, position: int) -> str:
    info = site.input(position)
    if info.data is None:
        return info.name
    return emit_constant(site, position, rank=len(site.input(1 - position).shape))


def require_one_type(site: Site) -> None:
    """Refuse inputs and an output of several types."""
    kinds = {site.source(0).type, site.source(1).type, site.target.type}
    if len(kinds) > 1:
        raise UserError("its inputs and output have several types; allowed: one")

"""CONCATENATION and PACK."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.fused import no_activation
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.table import Table


@converts(CONCATENATION=7, options=Options("ConcatenationOptions", ("Axis", FUSED)))
def _concatenation(site: Site, arithmetic: LitertArithmetic) -> None:
    no_activation(site)
    axis = _axis(site)
    names = []
    for position in range(len(site.operator.inputs)):
        source, name = site.source(position), site.input(position).name
        if source != site.target:
            values = arithmetic.concatenation_table(source, site.target)
            rescaled = f"{site.output.name}/input{position}"
            site.builder.add(
                Table(inputs=(name,), output=rescaled, values=values, type=site.target.type)
            )
            name = rescaled
        names.append(name)
    site.emit(Concat(inputs=tuple(names), output=site.output.name, axis=axis))


@converts(PACK=5, options=Options("PackOptions", ("ValuesCount", "Axis")))
def _pack(site: Site, arithmetic: LitertArithmetic) -> None:
    axis = _axis(site)
    given = activation_shape(site.input(0))
    shape, names = (*given[:axis], 1, *given[axis:]), []
    for position in range(len(site.operator.inputs)):
        require_equal(site.source(position), site.target)
        if activation_shape(site.input(position)) != given:
            raise UserError("its inputs have several shapes; allowed: one")
        names.append(f"{site.output.name}/input{position}")
        name = site.input(position).name
        site.builder.add(Reshape(inputs=(name,), output=names[-1], shape=shape))
    site.emit(Concat(inputs=tuple(names), output=site.output.name, axis=axis))


def _axis(site: Site) -> int:
    """Return the dimension of the output along which inputs are joined, without the batch."""
    rank, axis = len(site.output.shape), site.options.get("Axis", 0)
    if not -rank <= axis < rank or axis % rank == 0:
        raise UserError(
            f"axis is {axis}; allowed: a dimension of {site.output.shape} but the batch"
        )
    return int(axis % rank - 1)

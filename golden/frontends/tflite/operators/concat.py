"""CONCATENATION."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.fused import no_activation
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Concat, Table


@converts(CONCATENATION=7, options=Options("ConcatenationOptions", ("Axis", FUSED)))
def _concatenation(site: Site, arithmetic: LitertArithmetic) -> None:
    no_activation(site)
    rank = len(site.output.shape)
    axis = site.options.get("Axis", 0)
    if not -rank <= axis < rank or axis % rank == 0:
        raise UserError(
            f"axis is {axis}; allowed: a dimension of {site.output.shape} but the batch"
        )
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
    site.emit(Concat(inputs=tuple(names), output=site.output.name, axis=axis % rank - 1))

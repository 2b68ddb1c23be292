"""BATCH_MATMUL."""

import dataclasses

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.operands import require_one_type
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.mat_mul import MatMul
from bittrue.golden.graph.transpose import Transpose


@converts(BATCH_MATMUL=4, options=Options("BatchMatMulOptions", ("AdjX", "AdjY")))
def _batch_mat_mul(site: Site, arithmetic: LitertArithmetic) -> None:
    """Multiply rows of the first matrix with columns of the second, either one turned before.

    The columns of the second matrix become rows, which is how the graph multiplies.
    """
    site.input_count(2)
    require_one_type(site)
    first, second, target = site.source(0), site.source(1), site.target
    if not target.type.signed:
        raise UserError(f"its codes are {target.type}, which the kernels refuse; allowed: signed")
    if target.type.width == 16 and any(each.zero_point for each in (first, second, target)):
        raise UserError("its 16-bit codes have zero points that are not 0, which kernels refuse")
    shapes = [_shape(site, position) for position in (0, 1)]
    if any(len(shape) < 2 for shape in shapes):
        raise UserError(
            f"its inputs have shapes {site.input(0).shape} and {site.input(1).shape}; allowed: a "
            "batch of 1 and two dimensions or more"
        )
    try:
        outer = np.broadcast_shapes(*(shape[:-2] for shape in shapes))
    except ValueError:
        raise UserError(f"its inputs have shapes {shapes[0]} and {shapes[1]}") from None
    turned = bool(site.options.get("AdjX", False)), not site.options.get("AdjY", False)
    node = MatMul(
        inputs=(
            _operand(site, 0, turned[0], outer),
            _operand(site, 1, turned[1], outer),
        ),
        output=site.output.name,
        encodings=(first.encoding, second.encoding),
    )
    requantization = arithmetic.matrices(site.builder.infer(node), first, second, target)
    site.emit(dataclasses.replace(node, requantization=requantization))


def _shape(site: Site, position: int) -> tuple[int, ...]:
    """Return the shape of an operand without its batch."""
    return activation_shape(site.input(position))


def _operand(site: Site, position: int, turned: bool, outer: tuple[int, ...]) -> str:
    """Return the name of a matrix whose rows are multiplied, repeated over outer dimensions."""
    info, shape = site.input(position), _shape(site, position)
    name = info.name
    if info.data is not None:
        values = constant(info, "INT8", "UINT8", "INT16")[0]
        if turned:
            values = values.swapaxes(-1, -2)
        name = f"{site.output.name}/constant{position}"
        kind = Affine.of(info).type
        node = Constant(inputs=(), output=name, values=values, type=kind)
        site.builder.add(node)
    elif turned:
        order = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
        turned_name = f"{site.output.name}/turned{position}"
        site.builder.add(Transpose(inputs=(name,), output=turned_name, permutation=order))
        name = turned_name
    made = site.builder.made(name).shape
    wanted = (*outer, *made[-2:])
    if made != wanted:
        repeated = f"{site.output.name}/repeated{position}"
        site.builder.add(Broadcast(inputs=(name,), output=repeated, shape=wanted))
        return repeated
    return name

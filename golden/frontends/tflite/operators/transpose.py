"""TRANSPOSE."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.orders import permutation_of
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Node
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.transpose import Transpose


@converts(TRANSPOSE=9)
def _transpose(site: Site, arithmetic: LitertArithmetic) -> None:
    if site.input(0).quantized:
        require_equal(site.source(), site.target)
    shape, order = site.input(0).shape, permutation_of(site.operator, site.builder.model)
    if order is None or sorted(order) != list(range(len(shape))):
        raise UserError(f"permutation is {order}; allowed: one of the input's dimensions")
    name, output = site.input(0).name, site.output.name
    made = activation_shape(site.output)
    if site.builder.lies_as(name, order):
        site.emit(Reshape(inputs=(name,), output=output, shape=made))
        return
    # Dimensions of size 1, the batch among them, can be anywhere.
    wide = [axis for axis in order if shape[axis] > 1]
    if wide == sorted(wide):
        site.emit(Reshape(inputs=(name,), output=output, shape=made))
        return
    permutation = tuple(sorted(wide).index(axis) for axis in wide)
    narrow = tuple(shape[axis] for axis in sorted(wide))
    nodes: list[Node] = []
    if narrow != activation_shape(site.input(0)):
        nodes.append(Reshape(inputs=(name,), output=f"{output}/narrow", shape=narrow))
        name = f"{output}/narrow"
    turned = tuple(narrow[axis] for axis in permutation)
    last = output if turned == made else f"{output}/turned"
    nodes.append(Transpose(inputs=(name,), output=last, permutation=permutation))
    if last != output:
        nodes.append(Reshape(inputs=(last,), output=output, shape=made))
    for node in nodes[:-1]:
        site.builder.add(node)
    site.emit(nodes[-1])

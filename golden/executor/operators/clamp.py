"""Limits of a code: relu, relu6, on torch."""

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.clamp import Clamp


@compile_node.register
def _(node: Clamp, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    offset = Storage.of(output).offset
    return lambda stored: stored.clamp(node.minimum - offset, node.maximum - offset)

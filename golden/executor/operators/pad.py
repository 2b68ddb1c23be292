"""Borders filled with a code, on torch."""

from torch.nn.functional import pad

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.pad import Pad


@compile_node.register
def _(node: Pad, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    # torch lists the last dimension first.
    sizes = [size for pair in reversed(node.padding) for size in pair]
    code = node.code - Storage.of(output).offset
    return lambda stored: pad(stored, sizes, value=code)

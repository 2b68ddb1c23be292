"""The index of the greatest code, on torch."""

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.arg_max import ArgMax


@compile_node.register
def _(node: ArgMax, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    dtype = Storage.of(output).dtype

    # torch.argmax names the first of equals.
    return lambda stored: stored.argmax(dim=-1).to(dtype)

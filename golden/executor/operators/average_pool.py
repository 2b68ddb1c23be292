"""The mean of each window, on torch."""

import torch

from golden.executor.kernel import Kernel, compile_node
from golden.executor.storage import Storage
from golden.executor.window_sums import window_sums
from golden.graph import AveragePool, Tensor


@compile_node.register
def _(node: AveragePool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    count = torch.from_numpy(node.window.taps_inside(inputs[0].shape))[..., None]
    storage = Storage.of(output)

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        total = window_sums(stored, node.window, output) + storage.offset * count
        magnitude = (total.abs() + count // 2) // count
        codes = (total.sign() * magnitude).clamp_(node.minimum, node.maximum)
        return (codes - storage.offset).to(storage.dtype)

    return kernel

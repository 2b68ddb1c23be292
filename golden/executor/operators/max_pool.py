"""The greatest code of each window, on torch."""

import torch

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.executor.window_sums import window_taps
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.max_pool import MaxPool


@compile_node.register
def _(node: MaxPool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    offset = Storage.of(output).offset

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        # The lowest value there is stands for the taps outside; every window has one inside.
        taps = window_taps(stored, node.window, torch.iinfo(stored.dtype).min)
        largest = next(taps).clone()
        for tap in taps:
            torch.maximum(largest, tap, out=largest)
        return largest.clamp_(node.minimum - offset, node.maximum - offset)

    return kernel

"""The mean of each window, on torch."""

import numpy as np
import torch

from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.loops import divide_sums
from bittrue.golden.executor.storage import Storage
from bittrue.golden.executor.window_sums import window_sums
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.average_pool import AveragePool


@compile_node.register
def _(node: AveragePool, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    counts, storage = node.window.taps_inside(inputs[0].shape), Storage.of(output)
    dtype = storage.numpy_dtype

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        sums = window_sums(stored, node.window, output).numpy()
        codes = np.empty(sums.shape, dtype=dtype)
        divide_sums(sums, counts, storage.offset, node.minimum, node.maximum, codes)
        return torch.from_numpy(codes)

    return kernel

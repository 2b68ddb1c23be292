"""Functions of one code or two, computed or looked up.

A function of one code, or of two of up to 8 bits, becomes a table over what the operands reach.
"""

from collections.abc import Callable

import numpy as np
import torch

from bittrue.golden.executor.kernel import Kernel
from bittrue.golden.executor.loops import look_up, look_up_pairs
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Requantization, Tensor
from bittrue.golden.numbers.arrays import Int64

Function = Callable[..., Int64]
"""Codes of each input, shapes that broadcast and channels last, to codes."""


def requantized(accumulator: Int64, requantization: Requantization | None) -> Int64:
    """Return the codes of accumulators, themselves where nothing requantizes them."""
    return accumulator if requantization is None else requantization.evaluate(accumulator)


def compile_function(
    function: Function,
    inputs: tuple[Tensor, ...],
    output: Tensor,
    requantization: Requantization | None = None,
) -> Kernel:
    """Return a function as a look-up in its table, or computed where its table would be large."""
    storage = Storage.of(output)
    widths = [tensor.type.width for tensor in inputs]
    if requantization is None or len(requantization) == 1:  # The same for all channels.
        if len(inputs) == 1 and widths[0] <= 16:
            (tensor,) = inputs
            codes = np.arange(tensor.type.minimum, tensor.type.maximum + 1)
            return _looked_up(storage.store(function(_reachable(codes, tensor))), tensor)
        if len(inputs) == 2 and max(widths) <= 8:
            rows, columns = (
                _reachable(np.arange(256) + tensor.type.minimum, tensor) for tensor in inputs
            )
            return _looked_up_pairs(storage.store(function(rows[:, None], columns)), output)
    return computed(function, inputs, output)


def _reachable(codes: Int64, tensor: Tensor) -> Int64:
    """Return codes, with those that do not occur replaced by ones that do."""
    return np.clip(codes, tensor.minimum, tensor.maximum)


def computed(function: Function, inputs: tuple[Tensor, ...], output: Tensor) -> Kernel:
    """Return a function as computed for every code, which may know its channel."""
    storage = Storage.of(output)

    def kernel(*operands: torch.Tensor) -> torch.Tensor:
        codes = (
            Storage.of(tensor).codes(aligned(stored, output), tensor).astype(np.int64)
            for stored, tensor in zip(operands, inputs, strict=True)
        )
        return storage.store(function(*codes))

    return kernel


def _looked_up(table: torch.Tensor, tensor: Tensor) -> Kernel:
    first = tensor.type.minimum - Storage.of(tensor).offset

    def kernel(stored: torch.Tensor) -> torch.Tensor:
        results = torch.empty(stored.shape, dtype=table.dtype)
        codes = stored if first == 0 else stored.to(torch.int32) - first
        look_up(table.numpy(), codes.reshape(-1).numpy(), results.view(-1).numpy())
        return results

    return kernel


def _looked_up_pairs(table: torch.Tensor, output: Tensor) -> Kernel:
    flat = table.reshape(-1).numpy()

    def kernel(*operands: torch.Tensor) -> torch.Tensor:
        first, second = torch.broadcast_tensors(*(aligned(each, output) for each in operands))
        results = torch.empty(first.shape, dtype=table.dtype)
        look_up_pairs(
            flat, first.reshape(-1).numpy(), second.reshape(-1).numpy(), results.view(-1).numpy()
        )
        return results

    return kernel


def aligned(stored: torch.Tensor, output: Tensor) -> torch.Tensor:
    """Insert the dimensions that broadcasting adds, behind the batch."""
    missing = 1 + len(output.shape) - stored.ndim
    return stored.reshape(len(stored), *(1,) * missing, *stored.shape[1:])

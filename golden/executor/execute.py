"""Exact batched execution of integer graphs on torch."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from golden.errors import UserError
from golden.executor import operators
from golden.executor.kernel import Kernel, compile_node
from golden.executor.storage import Storage
from golden.graph import Graph, Tensor, storage_dtype
from golden.registry import import_modules

__all__ = ["Executor"]

import_modules(operators)

_BATCH_BYTES = 1 << 22
"""Bytes of the accumulators of one batch; what fits a processor's cache runs fastest."""

_FREED_BYTES_KEPT = (1 << 25) - (1 << 13)


class Executor:
    """A graph made ready to run.

    Equal to the arithmetic of the graph for every input, on any machine: integer arithmetic, or
    floating point within the bounds where it is exact.

    Parameters
    ----------
    graph : Graph
    """

    def __init__(self, graph: Graph) -> None:
        # glibc keeps freed blocks as large as the largest it was asked to free, up to 32 MB. Until
        # then every accumulator tensor would be made of new pages, at a third of the time.
        torch.empty(_FREED_BYTES_KEPT, dtype=torch.uint8)
        self.graph = graph
        self._kernels: list[Kernel] = [
            compile_node(
                node,
                tuple(graph.tensors[name] for name in node.inputs),
                graph.tensors[node.output],
                graph.accumulators.get(node.output),
            )
            for node in graph.nodes
        ]
        self._last_use = {
            name: position for position, node in enumerate(graph.nodes) for name in node.inputs
        }

    def run(
        self,
        inputs: NDArray[np.integer] | Mapping[str, NDArray[np.integer]],
        keep: Collection[str] | None = None,
    ) -> dict[str, NDArray[np.integer]]:
        """Compute the graph for a batch of samples.

        Parameters
        ----------
        inputs : ndarray of integers, shape (samples, *shape), or one for each input by name
            Codes.
        keep : collection of str, optional
            Names of the tensors to return, inputs included; by default the graph's outputs.

        Returns
        -------
        dict of str to ndarray
            Codes of shape (samples, *shape), in the smallest integer type that holds them.

        Raises
        ------
        UserError
            If an input is missing, has another shape or type, or a code out of range; or a
            tensor to keep does not exist.
        """
        names = list(self.graph.outputs if keep is None else keep)
        for name in names:
            if name not in self.graph.tensors:
                raise UserError(f"tensor {name!r} is asked for; the graph has none of that name")
        given = self._check(inputs)
        samples = len(next(iter(given.values())))
        results = {name: _empty(samples, self.graph.tensors[name]) for name in names}
        with _exact_arithmetic():
            for first in range(0, samples, self._batch):
                batch = slice(first, first + self._batch)
                stored = {
                    name: Storage.of(self.graph.tensors[name]).store(array[batch])
                    for name, array in given.items()
                }
                for name, values in self._run_batch(stored, frozenset(names)):
                    tensor = self.graph.tensors[name]
                    results[name][batch] = Storage.of(tensor).codes(values, tensor)
        return results

    @property
    def _batch(self) -> int:
        """Samples computed at once."""
        widest = max(tensor.elements for tensor in self.graph.tensors.values())
        return max(_BATCH_BYTES // (4 * widest), 1)

    def _run_batch(
        self, tensors: dict[str, torch.Tensor], keep: frozenset[str]
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the tensors to keep, and forget each when no later node reads it."""
        samples = len(next(iter(tensors.values())))
        yield from ((name, tensors[name]) for name in tensors if name in keep)
        for position, (node, kernel) in enumerate(
            zip(self.graph.nodes, self._kernels, strict=True)
        ):
            result = kernel(*(tensors[name] for name in node.inputs))
            if len(result) != samples:
                result = result.expand(samples, *result.shape[1:])  # A constant.
            tensors[node.output] = result
            if node.output in keep:
                yield node.output, result
            for name in (*node.inputs, node.output):
                if self._last_use.get(name, -1) <= position:
                    tensors.pop(name, None)

    def _check(
        self, inputs: NDArray[np.integer] | Mapping[str, NDArray[np.integer]]
    ) -> dict[str, NDArray[np.integer]]:
        expected = {tensor.name: tensor for tensor in self.graph.inputs}
        if not isinstance(inputs, Mapping):
            if len(expected) != 1:
                raise UserError(f"one input is given; allowed: one for each of {list(expected)}")
            inputs = dict.fromkeys(expected, inputs)
        if set(inputs) != set(expected):
            raise UserError(f"inputs are {sorted(inputs)}; allowed: {sorted(expected)}")
        checked = {name: _check_codes(inputs[name], tensor) for name, tensor in expected.items()}
        counts = {len(array) for array in checked.values()}
        if len(counts) != 1:
            raise UserError(f"inputs have {sorted(counts)} samples; allowed: the same number each")
        return checked


def _check_codes(codes: NDArray[np.integer], tensor: Tensor) -> NDArray[np.integer]:
    """Return an input's codes when they are codes of it."""
    if codes.dtype.kind not in "iu" or codes.shape[1:] != tensor.shape or codes.ndim == 0:
        raise UserError(
            f"input {tensor.name!r} has shape {codes.shape} and type {codes.dtype}; allowed: "
            f"integers of shape {('samples', *tensor.shape)}"
        )
    if codes.size:
        low, high = int(codes.min()), int(codes.max())
        if low < tensor.minimum or high > tensor.maximum:
            raise UserError(
                f"input {tensor.name!r} spans {low} to {high}; allowed: {tensor.minimum} to "
                f"{tensor.maximum}"
            )
    return codes


def _empty(samples: int, tensor: Tensor) -> NDArray[np.integer]:
    return np.empty((samples, *tensor.shape), dtype=storage_dtype(tensor.type))


@contextmanager
def _exact_arithmetic() -> Iterator[None]:
    """Switch off everything that trades exactness for speed."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")  # No bfloat16 products.
    try:
        # NNPACK transforms 3 x 3 windows (Winograd), which rounds.
        with torch.no_grad(), torch.backends.nnpack.flags(enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(precision)

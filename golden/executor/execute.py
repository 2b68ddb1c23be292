"""Exact batched execution of integer graphs on torch."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.executor import operators
from bittrue.golden.executor.kernel import Kernel, compile_node
from bittrue.golden.executor.storage import Storage
from bittrue.golden.graph import Graph, Tensor, storage_dtype
from bittrue.golden.registry import import_modules

__all__ = ["Executor"]

import_modules(operators)

_BATCH_BYTES = 1 << 22
"""Bytes of the accumulators of one batch; what fits a processor's cache runs fastest."""

_FREED_BYTES_KEPT = (1 << 25) - (1 << 13)


class Executor:
    """A graph made ready to run.

    Equal to the arithmetic of the graph for every input, on any machine: integer arithmetic, or
    floating point within the bounds where it is exact. Batches are shared out to as many threads as
    torch is set to use. A graph with states is called once for each sample, one after the other:
    its samples are a sequence that begins with the initial states.

    Parameters
    ----------
    graph : Graph
    """

    def __init__(self, graph: Graph) -> None:
        # glibc keeps freed blocks as large as the largest it was asked to free, up to 32 MB. Until
        # then every accumulator tensor would be made of new pages, at a third of the time.
        torch.empty(_FREED_BYTES_KEPT, dtype=torch.uint8)
        self.graph = graph
        self._storage = {name: Storage.of(tensor) for name, tensor in graph.tensors.items()}
        self._steps = _steps(graph)
        widest = max(tensor.elements for tensor in graph.tensors.values())
        self._batch = max(_BATCH_BYTES // (4 * widest), 1)

    def run(
        self,
        inputs: NDArray[np.integer] | Mapping[str, NDArray[np.integer]],
        keep: Collection[str] | None = None,
    ) -> dict[str, NDArray[np.integer]]:
        """Compute the graph for a batch of samples, or for a sequence of calls if it has states.

        Parameters
        ----------
        inputs : ndarray of integers, shape (samples, *shape), or one for each input by name
            Codes. Of a graph with states, sample k is call k of one sequence.
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
        names, given = self._kept(keep), self._check(inputs)
        if self.graph.states:
            one = {name: array[np.newaxis] for name, array in given.items()}
            return {name: array[0] for name, array in self._sequences(one, names).items()}
        samples = len(next(iter(given.values())))
        results = {name: _empty((samples,), self.graph.tensors[name]) for name in names}
        kept = frozenset(names)

        def run_batch(batch: slice) -> None:
            stored = {
                name: self._storage[name].store(array[batch]) for name, array in given.items()
            }
            for name, values in self._run_batch(stored, kept):
                tensor = self.graph.tensors[name]
                results[name][batch] = self._storage[name].codes(values, tensor)

        self._share_out(run_batch, samples)
        return results

    def run_sequences(
        self,
        inputs: NDArray[np.integer] | Mapping[str, NDArray[np.integer]],
        keep: Collection[str] | None = None,
    ) -> dict[str, NDArray[np.integer]]:
        """Compute several sequences of calls, each of which begins with the initial states.

        Parameters
        ----------
        inputs : ndarray of integers, shape (sequences, calls, *shape), or one for each by name
            Codes.
        keep : collection of str, optional
            As in `run`.

        Returns
        -------
        dict of str to ndarray
            Codes of shape (sequences, calls, *shape), in the smallest integer type that holds them.

        Raises
        ------
        UserError
            As in `run`.
        """
        names = self._kept(keep)
        given = inputs if isinstance(inputs, Mapping) else {self._only_input(): inputs}
        for name, array in given.items():
            if array.ndim < 2:
                raise UserError(
                    f"input {name!r} has shape {array.shape}; allowed: sequences and calls first"
                )
        counts = {array.shape[:2] for array in given.values()}
        if len(counts) > 1:
            raise UserError(
                f"inputs have {sorted(counts)} sequences and calls; allowed: the same each"
            )
        flat = self._check({name: a.reshape(-1, *a.shape[2:]) for name, a in given.items()})
        (count,) = counts
        return self._sequences(
            {name: array.reshape(*count, *array.shape[1:]) for name, array in flat.items()}, names
        )

    def _sequences(
        self, given: Mapping[str, NDArray[np.integer]], names: list[str]
    ) -> dict[str, NDArray[np.integer]]:
        """Return tensors of sequences; several sequences are computed at once, calls in order."""
        sequences, calls = next(iter(given.values())).shape[:2]
        results = {name: _empty((sequences, calls), self.graph.tensors[name]) for name in names}
        kept = frozenset(names)

        def run_batch(batch: slice) -> None:
            states = self._initial_states(len(range(sequences)[batch]))
            for call in range(calls):
                stored = states | {
                    name: self._storage[name].store(array[batch, call])
                    for name, array in given.items()
                }
                for name, values in self._run_batch(stored, kept):
                    tensor = self.graph.tensors[name]
                    results[name][batch, call] = self._storage[name].codes(values, tensor)
                states = {each.tensor.name: stored[each.assigned] for each in self.graph.states}

        self._share_out(run_batch, sequences)
        return results

    def _initial_states(self, sequences: int) -> dict[str, torch.Tensor]:
        return {
            state.tensor.name: self._storage[state.tensor.name].store(
                np.broadcast_to(state.initial, (sequences, *state.initial.shape))
            )
            for state in self.graph.states
        }

    def _share_out(self, run_batch: Callable[[slice], None], samples: int) -> None:
        """Run batches of samples, on several threads if torch is set to use them."""
        batches = [slice(n, n + self._batch) for n in range(0, samples, self._batch)]
        threads = torch.get_num_threads()
        if threads == 1 or len(batches) < 2:
            for batch in batches:
                run_batch(batch)
        else:  # Compiled loops and torch's operators let other threads run.
            with ThreadPoolExecutor(threads) as pool:
                deque(pool.map(run_batch, batches), maxlen=0)

    def _kept(self, keep: Collection[str] | None) -> list[str]:
        names = list(self.graph.outputs if keep is None else keep)
        for name in names:
            if name not in self.graph.tensors:
                raise UserError(f"tensor {name!r} is asked for; the graph has none of that name")
        return names

    def _only_input(self) -> str:
        names = [tensor.name for tensor in self.graph.inputs]
        if len(names) != 1:
            raise UserError(f"one input is given; allowed: one for each of {names}")
        return names[0]

    def _run_batch(
        self, tensors: dict[str, torch.Tensor], keep: frozenset[str]
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the tensors to keep, and forget each when no later node reads it."""
        samples = len(next(iter(tensors.values())))
        yield from ((name, tensors[name]) for name in tensors if name in keep)
        for step in self._steps:
            result = step.kernel(*[tensors[name] for name in step.inputs])
            if step.is_constant:
                result = result.expand(samples, *result.shape[1:])
            tensors[step.output] = result
            if step.output in keep:
                yield step.output, result
            for name in step.forgotten:
                del tensors[name]

    def _check(
        self, inputs: NDArray[np.integer] | Mapping[str, NDArray[np.integer]]
    ) -> dict[str, NDArray[np.integer]]:
        expected = {tensor.name: tensor for tensor in self.graph.inputs}
        if not isinstance(inputs, Mapping):
            inputs = {self._only_input(): inputs}
        if set(inputs) != set(expected):
            raise UserError(f"inputs are {sorted(inputs)}; allowed: {sorted(expected)}")
        checked = {name: _check_codes(inputs[name], tensor) for name, tensor in expected.items()}
        counts = {len(array) for array in checked.values()}
        if len(counts) != 1:
            raise UserError(f"inputs have {sorted(counts)} samples; allowed: the same number each")
        return checked


class _Step(NamedTuple):
    """A node at work: what it computes from what, and the tensors that nobody reads after it."""

    kernel: Kernel
    inputs: tuple[str, ...]
    output: str
    is_constant: bool
    forgotten: tuple[str, ...]


def _steps(graph: Graph) -> list[_Step]:
    last_use = {name: index for index, node in enumerate(graph.nodes) for name in node.inputs}
    last_use |= {state.assigned: len(graph.nodes) for state in graph.states}
    steps = []
    for index, node in enumerate(graph.nodes):
        tensors = tuple(graph.tensors[name] for name in node.inputs)
        kernel = compile_node(
            node, tensors, graph.tensors[node.output], graph.accumulators.get(node.output)
        )
        touched = dict.fromkeys((*node.inputs, node.output))
        forgotten = tuple(name for name in touched if last_use.get(name, -1) <= index)
        steps.append(_Step(kernel, node.inputs, node.output, not node.inputs, forgotten))
    return steps


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


def _empty(samples: tuple[int, ...], tensor: Tensor) -> NDArray[np.integer]:
    return np.empty((*samples, *tensor.shape), dtype=storage_dtype(tensor.type))

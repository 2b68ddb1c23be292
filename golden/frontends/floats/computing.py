"""A table of what computes the operators of float files, which functions enter by a decorator."""

from collections.abc import Callable
from typing import TypeVar

Compute = TypeVar("Compute")


def entering(table: dict[str, Compute]) -> Callable[..., Callable[[Compute], Compute]]:
    """Return a decorator that enters a function into a table, under names of operators."""

    def computes(*names: str) -> Callable[[Compute], Compute]:
        def register(compute: Compute) -> Compute:
            table.update(dict.fromkeys(names, compute))
            return compute

        return register

    return computes

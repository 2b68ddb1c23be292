"""``torch.einsum`` as the operators that it is made of, samples first everywhere."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError


def einsum(equation: str, tensors: Sequence[Tensor], path: Sequence[int] | None = None) -> Tensor:
    """Compute a sum of products of two tensors, or order the dimensions of one.

    Labels of both tensors and the result are dimensions that are multiplied one by one, those of
    both tensors alone are summed over: the product of two stacks of matrices. A second tensor that
    has no dimension in common with the first one's samples is a matrix for all of them.

    Parameters
    ----------
    equation : str
        Letters, a comma and ``->``.
    tensors : sequence of Tensor
    path : sequence of int, optional
        The order in which more than two tensors would be multiplied.

    Raises
    ------
    UserError
        If there are more than two tensors, an ellipsis, a label twice in one tensor, or a sum over
        a label of one tensor alone.
    """
    operands, result = _parsed(equation)
    if len(operands) == 1:
        return tensors[0].permute([operands[0].index(label) for label in result])
    (first, second), (a, b) = operands, tensors
    if result[0] not in first:
        first, second, a, b = second, first, b, a
    batch = [label for label in result if label in first and label in second]
    summed = [label for label in first if label in second and label not in result]
    left = [label for label in result if label in first and label not in second]
    right = [label for label in result if label in second and label not in first]
    if not summed:
        return _beside(a, first, result) * _beside(b, second, result)
    if not batch:
        matrix = _grouped(b, second, (right, summed))
        product = functional.linear(
            _grouped(a, first, (*([label] for label in left), summed)), matrix
        )
    else:
        each = [[label] for label in batch]
        product = torch.matmul(
            _grouped(a, first, (*each, left, summed)), _grouped(b, second, (*each, summed, right))
        )
    sizes = dict(zip(first + second, (*a.shape, *b.shape), strict=True))
    order = [*batch, *left, *right]
    whole = product.reshape([sizes[label] for label in order])
    places = [order.index(label) for label in result]
    return whole if places == sorted(places) else whole.permute(places)


DECOMPOSED_EINSUM: Mapping[Any, Callable[..., Tensor]] = {torch.ops.aten.einsum.default: einsum}
"""By the ATen operator, as ``ExportedProgram.run_decompositions`` takes it."""


def _parsed(equation: str) -> tuple[list[str], str]:
    """Return the labels of each tensor and of the result."""
    given, arrow, result = equation.replace(" ", "").partition("->")
    operands = given.split(",")
    if not arrow:
        letters = given.replace(",", "")
        result = "".join(sorted(label for label in set(letters) if letters.count(label) == 1))
    summed = set("".join(operands)) - set(result)
    alone = any(sum(label in labels for labels in operands) < 2 for label in summed)
    twice = any(len(set(labels)) < len(labels) for labels in (*operands, result))
    if len(operands) > 2 or "." in equation or twice or alone or not result:
        raise UserError(
            f"einsum({equation!r}) is not supported; allowed: two tensors, each label once in "
            "each, sums over labels of both"
        )
    return operands, result


def _grouped(tensor: Tensor, labels: str, groups: Sequence[Sequence[str]]) -> Tensor:
    """Return a tensor with its dimensions ordered, and each group of them as one."""
    order = [labels.index(label) for group in groups for label in group]
    ordered = tensor if order == sorted(order) else tensor.permute(order)
    if all(len(group) == 1 for group in groups):
        return ordered
    sizes = dict(zip(labels, tensor.shape, strict=True))
    return ordered.reshape([math.prod(sizes[label] for label in group) for group in groups])


def _beside(tensor: Tensor, labels: str, result: str) -> Tensor:
    """Return a tensor with its dimensions where the result has them, and 1 for the others."""
    order = [labels.index(label) for label in result if label in labels]
    ordered = tensor if order == sorted(order) else tensor.permute(order)
    sizes = dict(zip(labels, tensor.shape, strict=True))
    return ordered.reshape([sizes.get(label, 1) for label in result])

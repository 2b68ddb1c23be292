"""How a matrix product is cut into tiles for a systolic array, and put together again."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from golden.matmul import check_values
from golden.systolic_spec import SystolicSpec


@dataclass(frozen=True)
class Tiles:
    """The beats of a matrix product of any size.

    Attributes
    ----------
    a : Tensor of int64, shape (tiles, K, rows)
        Rows of the left matrix, step by step, zeros where it has no more rows.
    b : Tensor of int64, shape (tiles, K, columns)
        Columns of the right matrix, likewise.
    """

    a: Tensor
    b: Tensor


def cut_into_tiles(a: Tensor, b: Tensor, spec: SystolicSpec) -> Tiles:
    """Cut a matrix product into tiles of ``spec.rows`` by ``spec.columns`` results.

    Parameters
    ----------
    a, b : Tensor of an integer dtype, shapes (M, K) and (K, N)
        Values of `spec.a` and `spec.b`; any M, N at least 1, K at most ``spec.length``.

    Returns
    -------
    Tiles
        Those of the first rows of `a` first.

    Raises
    ------
    UserError
        If a value is outside its type.
    """
    check_values("a", a, spec.a)
    check_values("b", b, spec.b)
    (m, k), n = a.shape, b.shape[1]
    left = pad(a.to(torch.int64), (0, 0, 0, -m % spec.rows)).reshape(-1, spec.rows, k)
    right = pad(b.to(torch.int64).T, (0, 0, 0, -n % spec.columns)).reshape(-1, spec.columns, k)
    down, across = len(left), len(right)
    return Tiles(
        left.transpose(1, 2).repeat_interleave(across, dim=0),
        right.transpose(1, 2).repeat(down, 1, 1),
    )


def join_tiles(results: Tensor, m: int, n: int) -> Tensor:
    """Put tiles of results together.

    Parameters
    ----------
    results : Tensor, shape (tiles, rows, columns)
        In the order of `cut_into_tiles`.
    m, n : int
        Size of the matrix.

    Returns
    -------
    Tensor, shape (m, n)
    """
    _, rows, columns = results.shape
    down, across = -(-m // rows), -(-n // columns)
    grid = results.reshape(down, across, rows, columns).transpose(1, 2)
    return grid.reshape(down * rows, across * columns)[:m, :n]

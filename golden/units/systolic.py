"""How a matrix product is cut into tiles for a systolic array, and put together again."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from bittrue.golden.units.matmul import check_values
from bittrue.golden.units.systolic_spec import SystolicSpec


@dataclass(frozen=True)
class Tiles:
    """The beats of a matrix product of any size for an output-stationary array.

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


@dataclass(frozen=True)
class WeightTiles:
    """The beats of a matrix product of any size for a weight-stationary array.

    Attributes
    ----------
    w : Tensor of int64, shape (tiles * rows, columns)
        Tiles of the right matrix, zeros beyond its edges.
    a : Tensor of int64, shape (beats, rows)
        Rows of the left matrix, cut to what a tile multiplies.
    first, final, last : Tensor of int64, shape (beats,)
        Flags that go with `a`.
    blocks : list of tuple of int
        For every block of results, in the order in which they leave, the first row, the end of
        the rows, and the first column.
    """

    w: Tensor
    a: Tensor
    first: Tensor
    final: Tensor
    last: Tensor
    blocks: list[tuple[int, int, int]]


def cut_into_weight_tiles(a: Tensor, b: Tensor, spec: SystolicSpec) -> WeightTiles:
    """Cut a matrix product into blocks of ``spec.depth`` rows by ``spec.columns`` columns.

    Parameters
    ----------
    a, b : Tensor of an integer dtype, shapes (M, K) and (K, N)
        Values of `spec.a` and `spec.b`; any M, N at least 1, K at most ``spec.length``.

    Returns
    -------
    WeightTiles

    Raises
    ------
    UserError
        If a value is outside its type.
    """
    check_values("a", a, spec.a)
    check_values("b", b, spec.b)
    m, n = a.shape[0], b.shape[1]
    left = pad(a.to(torch.int64), (0, -a.shape[1] % spec.rows))
    right = pad(b.to(torch.int64), (0, -n % spec.columns, 0, -b.shape[0] % spec.rows))
    steps = left.shape[1] // spec.rows
    w, beats, flags, blocks = [], [], [], []
    for top in range(0, m, spec.depth):
        bottom = min(top + spec.depth, m)
        for column in range(0, n, spec.columns):
            blocks.append((top, bottom, column))
            for step in range(steps):
                rows = slice(step * spec.rows, (step + 1) * spec.rows)
                w.append(right[rows, column : column + spec.columns])
                beats.append(left[top:bottom, rows])
                flag = torch.zeros(bottom - top, 3, dtype=torch.int64)
                flag[:, 0], flag[:, 1], flag[-1, 2] = step == 0, step == steps - 1, 1
                flags.append(flag)
    first, final, last = torch.cat(flags).T
    return WeightTiles(torch.cat(w), torch.cat(beats), first, final, last, blocks)


def join_blocks(results: Tensor, tiles: WeightTiles, m: int, n: int) -> Tensor:
    """Put the results of a weight-stationary array together.

    Parameters
    ----------
    results : Tensor, shape (beats, columns)
        What left the array.
    tiles : WeightTiles
        What entered it.
    m, n : int
        Size of the matrix.

    Returns
    -------
    Tensor, shape (m, n)
    """
    columns = results.shape[1]
    joined = torch.zeros(m, n + -n % columns, dtype=results.dtype)
    taken = 0
    for top, bottom, column in tiles.blocks:
        joined[top:bottom, column : column + columns] = results[taken : taken + bottom - top]
        taken += bottom - top
    return joined[:, :n]

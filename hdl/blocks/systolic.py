"""Sums of products that run through an array, from element to neighbour."""

from collections.abc import Callable, Sequence

from amaranth.hdl import C, Shape, Value

from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.blocks.pipeline import Stages


def along_row(stages: Stages, name: str, value: Value, columns: int) -> list[Value]:
    """Return a value as each column of an array sees it, a cycle later than the one before."""
    seen = [value]
    for column in range(columns - 1):
        seen.append(stages.register(f"{name}_{column}", seen[-1]))
    return seen


def systolic_sums_latency(rows: int, columns: int) -> int:
    """Return the cycles that `systolic_sums` takes."""
    return MULTIPLIER_LATENCY + rows + columns - 1


def systolic_sums(
    stages: Stages,
    values: Sequence[Value],
    weight_of: Callable[[int, int], Value],
    columns: int,
    kind: Shape,
    name: str = "",
) -> list[Value]:
    """Return ``sum over rows r of values[r] * weight[r][column]`` for each column.

    Element (r, c) works r + c cycles after the values have come: these run from column to column,
    sums from row to row, and no wire is longer than to the next element. The sums of all columns
    come in the same cycle.

    Parameters
    ----------
    stages : Stages
        Where the registers go, `systolic_sums_latency` of them one after the other.
    values : sequence of Value
        One for each row.
    weight_of : callable
        Given row and column, returns the weight when it is its turn.
    columns : int
    kind : Shape
        Of the sums, which wrap beyond it.
    name : str
        Prefix of the registers' names.
    """
    totals: list[Value] = [C(0, kind) for _ in range(columns)]
    for row, value in enumerate(values):
        skewed = stages.register(f"{name}a_skew_{row}", value, row)
        for column, seen in enumerate(along_row(stages, f"{name}a_{row}", skewed, columns)):
            place = f"{row}_{column}"
            product = multiplier(stages, f"{name}product_{place}", seen, weight_of(row, column))
            total = (totals[column] + product)[: kind.width]
            total = total.as_signed() if kind.signed else total
            totals[column] = stages.register(f"{name}sum_{place}", total)
    return [
        stages.register(f"{name}sum_level_{column}", total, columns - 1 - column)
        for column, total in enumerate(totals)
    ]

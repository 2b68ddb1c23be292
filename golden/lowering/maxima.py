"""The largest elements along dimensions, by pooling."""

import math

from bittrue.golden.graph import Node, Window
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.lowering.mean_axes import last_run
from bittrue.golden.numbers.integer_type import IntegerType


def maxima(
    source: str, shape: tuple[int, ...], axes: tuple[int, ...], kind: IntegerType, name: str
) -> list[Node]:
    """Pool windows as long as what is reduced, one run of dimensions after the other.

    Parameters
    ----------
    source : str
    shape : tuple of int
        Of it, without the batch.
    axes : tuple of int
        Ascending, of dimensions without the batch; they stay, with size 1.
    kind : IntegerType
        Of the codes.
    name : str
        Of the result.
    """
    nodes: list[Node] = []
    while axes:
        axes, run = last_run(axes, shape)
        before, behind = math.prod(shape[: run[0]]), math.prod(shape[run[-1] + 1 :])
        count = math.prod(shape[run[0] : run[-1] + 1])
        shape = tuple(1 if axis in run else size for axis, size in enumerate(shape))
        stem = f"{name}/over {run[0]}"
        pool = MaxPool(
            inputs=(f"{stem}/seen",),
            output=f"{stem}/pooled",
            window=Window((1, count), stride=(1, count)),
            minimum=kind.minimum,
            maximum=kind.maximum,
        )
        last = stem if axes else name
        nodes += [
            Reshape(inputs=(source,), output=f"{stem}/seen", shape=(before, count, behind)),
            pool,
            Reshape(inputs=(pool.output,), output=last, shape=shape),
        ]
        source = last
    return nodes

"""How the dimensions of an ONNX tensor lie in a tensor of the graph.

ONNX holds images channels first, the graph channels last. Transposes and reshapes of an ONNX model
therefore need no arithmetic and mostly no node: they change how the same codes are looked at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.arrays import Int64

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """An order of the codes of one sample.

    The graph's tensor is seen as an array whose dimensions are `sizes`, the last one fastest; each
    dimension of the ONNX tensor is some of them, multiplied together.

    Parameters
    ----------
    sizes : tuple of int
        As fine as needed; their product is the number of codes.
    dimensions : tuple of tuple of int
        For each dimension of the ONNX tensor but the batch, the positions in `sizes`, slowest
        first.
    """

    sizes: Shape
    dimensions: tuple[tuple[int, ...], ...]

    @classmethod
    def usual(cls, shape: Shape) -> "Layout":
        """Return the layout that the graph gives an ONNX tensor: images channels last."""
        if len(shape) == 3:
            channels, height, width = shape
            return cls((height, width, channels), ((2,), (0,), (1,)))
        return cls.same(shape)

    @classmethod
    def image(cls, shape: Shape, spatial: int, channels_last: bool) -> "Layout":
        """Return the layout of an ONNX image in the graph's image of a shape.

        Parameters
        ----------
        shape : (int, int, int)
            Height, width and channels; the width is 1 where the ONNX image has one dimension.
        spatial : int
            Dimensions of the ONNX image beside the channels: 1 or 2.
        channels_last : bool
            Whether the ONNX tensor has the channels last.
        """
        places: tuple[tuple[int, ...], ...] = ((0,), (1,)) if spatial == 2 else ((0, 1),)
        return cls(shape, (*places, (2,)) if channels_last else ((2,), *places))

    @classmethod
    def same(cls, shape: Shape) -> "Layout":
        """Return the layout of a tensor that the graph holds as ONNX does."""
        return cls(shape, tuple((axis,) for axis in range(len(shape))))

    @classmethod
    def ordered(cls, sizes: Shape, order: Sequence[int]) -> "Layout":
        """Return the layout whose graph dimensions are the ONNX dimensions in an order."""
        return cls(sizes, tuple((list(order).index(axis),) for axis in range(len(order))))

    @property
    def shape(self) -> Shape:
        """Shape of the ONNX tensor, without the batch."""
        return tuple(math.prod(self.sizes[i] for i in group) for group in self.dimensions)

    def transposed(self, permutation: Sequence[int]) -> "Layout":
        """Return the layout after a transpose; `permutation` does not count the batch."""
        return Layout(self.sizes, tuple(self.dimensions[axis] for axis in permutation))

    def reshaped(self, shape: Shape) -> "Layout":
        """Return the layout after a reshape.

        Raises
        ------
        UserError
            If a new dimension would have to split an old one unevenly.
        """
        flat = self._flat()
        splits = [[size] for size in flat.sizes]
        queue = [(index, 0) for index in flat.dimensions[0]]
        groups: list[list[tuple[int, int]]] = []
        for size in shape:
            group: list[tuple[int, int]] = []
            needed = size
            while needed > 1:
                if not queue:
                    raise UserError(f"it reshapes {self.shape} to {shape}; the sizes do not fit")
                index, part = queue.pop(0)
                available = splits[index][part]
                if max(available, needed) % min(available, needed):
                    raise UserError(
                        f"it reshapes {self.shape} to {shape}, which divides a dimension unevenly; "
                        "allowed: reshapes that join or divide dimensions"
                    )
                if available > needed:
                    splits[index][part:] = [needed, available // needed]
                    queue.insert(0, (index, part + 1))
                    available = needed
                group.append((index, part))
                needed //= available
            groups.append(group)
        if any(splits[index][part] > 1 for index, part in queue):
            raise UserError(f"it reshapes {self.shape} to {shape}; the sizes do not fit")
        first = [0, *accumulate(len(parts) for parts in splits)]
        return Layout(
            tuple(size for parts in splits for size in parts),
            tuple(tuple(first[index] + part for index, part in group) for group in groups),
        )

    def _flat(self) -> "Layout":
        """Return the layout of all codes in one dimension, with as few sizes as there can be."""
        wide = [index for index, size in enumerate(self.sizes) if size > 1]
        rank = {index: position for position, index in enumerate(wide)}
        order = [rank[index] for group in self.dimensions for index in group if index in rank]
        runs: list[list[int]] = []
        for position in order:
            if runs and position == runs[-1][-1] + 1:
                runs[-1].append(position)
            else:
                runs.append([position])
        in_graph = sorted(runs)
        sizes = tuple(math.prod(self.sizes[wide[i]] for i in run) for run in in_graph)
        return Layout(sizes, (tuple(in_graph.index(run) for run in runs),))

    def lies_as(self, order: Sequence[int]) -> bool:
        """Return whether the graph holds the ONNX dimensions in this order, slowest first."""
        positions = [
            index for axis in order for index in self.dimensions[axis] if self.sizes[index] > 1
        ]
        return positions == sorted(positions)

    def order(self) -> Int64:
        """Return the place in the graph's tensor of each ONNX code, in the ONNX shape."""
        places = np.arange(math.prod(self.sizes)).reshape(self.sizes)
        positions = [index for group in self.dimensions for index in group]
        missing = [index for index in range(len(self.sizes)) if index not in positions]
        return places.transpose(*positions, *missing).reshape(self.shape)

    def orders(self) -> tuple[Shape, ...]:
        """Return the orders of the ONNX dimensions in which the graph may hold them."""
        return usual_orders(len(self.shape))

    def held_order(self) -> Shape:
        """Return the order of the ONNX dimensions in which the graph holds them, if it is usual."""
        return next(filter(self.lies_as, self.orders()), self.orders()[0])

    def source_order(self, shape: Shape) -> Shape | None:
        """Return the ONNX dimensions as dimensions of a graph tensor of a shape.

        None if the graph's tensor has not one dimension for each.
        """
        for order in self.orders():
            if self.lies_as(order) and tuple(self.shape[axis] for axis in order) == shape:
                return tuple(order.index(axis) for axis in range(len(order)))
        return None

    def image_order(self, shape: Shape) -> Shape | None:
        """Return `source_order` of an image of one dimension, its width of 1 last; or None."""
        image = len(self.shape) == 2 and len(shape) == 3 and shape[1] == 1
        if not image or not self.lies_as((1, 0)) or self.shape != (shape[2], shape[0]):
            return None
        return (2, 0, 1)


def usual_order(rank: int) -> Shape:
    """Return the ONNX dimensions, without the batch, in the order the graph usually has them."""
    return (1, 2, 0) if rank == 3 else tuple(range(rank))


def usual_orders(rank: int) -> tuple[Shape, ...]:
    """Return the orders in which the graph may hold the dimensions of a rank, the usual one first.

    Two dimensions may be channels and places of an image of one dimension, channels first.
    """
    others = ((1, 0),) if rank == 2 else (tuple(range(rank)),)
    return usual_order(rank), *others

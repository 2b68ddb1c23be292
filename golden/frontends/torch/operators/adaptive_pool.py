"""Pooling to a given size, of which windows may overlap and be of several sizes.

As torch has it, window i of m along n places is from ``floor(i * n / m)`` to
``ceil((i + 1) * n / m)``, exclusively.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor
from torch.nn import functional

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import channels_last
from bittrue.golden.frontends.torch.layer import Layer, Scaled
from bittrue.golden.frontends.torch.limits import UNLIMITED
from bittrue.golden.frontends.torch.lowering_context import LoweringContext
from bittrue.golden.frontends.torch.operators.max_pool import MaxPool
from bittrue.golden.frontends.torch.operators.mean import whole_image_mean
from bittrue.golden.frontends.torch.operators.sum_pool import SumPool
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.graph import Encoding, Node, Window
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.max_pool import MaxPool as MaxPoolNode
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.sum_pool import SumPool as SumPoolNode
from bittrue.golden.lowering.movements import rearranged
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH

Pair = tuple[int, int]


def adaptive_windows(length: int, count: int) -> list[range]:
    """Return the places of each window along a dimension."""
    return [
        range(number * length // count, -(-(number + 1) * length // count))
        for number in range(count)
    ]


def one_size(length: int, count: int) -> bool:
    """Return whether windows lie side by side, all of one size."""
    return length % count == 0


@dataclass(frozen=True, eq=False, kw_only=True)
class AdaptiveMaxPool(Layer):
    """Largest value of each window.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of the result.
    """

    size: Pair

    shares_scale: ClassVar[bool] = True

    def compute(self, *inputs: Tensor) -> Tensor:
        """Compute the layer in floating point."""
        result: Tensor = functional.adaptive_max_pool2d(inputs[0], self.size)
        return result

    def lowered(self, context: LoweringContext) -> list[Node]:
        """See `Layer.lowered`: places of smaller windows are read twice."""
        (source,) = self.inputs
        rows, columns, channels = channels_last(context.shapes[source])
        along = [
            adaptive_windows(length, count)
            for length, count in zip((rows, columns), self.size, strict=True)
        ]
        size = _largest(along)
        places = [
            [each[min(place, len(each) - 1)] for each in windows for place in range(most)]
            for windows, most in zip(along, size, strict=True)
        ]
        apart = rearranged(
            source, (rows, columns, channels), dict(enumerate(places)), f"{self.output}/windows"
        )
        minimum, maximum = context.limits(self.output, UNLIMITED)
        pooled = MaxPoolNode(
            inputs=(apart[-1].output,),
            output=self.output,
            window=Window(size, stride=size),
            minimum=minimum,
            maximum=maximum,
        )
        return [*apart, pooled]


@dataclass(frozen=True, eq=False, kw_only=True)
class AdaptiveAveragePool(Scaled):
    """Average of each window.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of the result.
    """

    size: Pair

    def unclamped(self, *inputs: Tensor) -> Tensor:
        """Compute the layer without its activation."""
        result: Tensor = functional.adaptive_avg_pool2d(inputs[0], self.size)
        return result

    def lowered(self, context: LoweringContext) -> list[Node]:
        """See `Layer.lowered`: smaller windows read zeros, and sums weigh what their size asks."""
        (source,) = self.inputs
        encoding = context.encoding(source)
        if encoding.bipolar:
            raise UserError("its input has codes for -1 and +1; allowed: codes that have a zero")
        rows, columns, channels = channels_last(context.shapes[source])
        along = [
            adaptive_windows(length, count)
            for length, count in zip((rows, columns), self.size, strict=True)
        ]
        size = _largest(along)
        border = Pad(
            inputs=(source,),
            output=f"{self.output}/border",
            padding=((0, 1), (0, 1), (0, 0)),
            code=encoding.zero_point,
        )
        places = [
            [each[place] if place < len(each) else length for each in windows
             for place in range(most)]
            for windows, most, length in zip(along, size, (rows, columns), strict=True)
        ]  # fmt: skip
        apart = rearranged(
            border.output,
            (rows + 1, columns + 1, channels),
            dict(enumerate(places)),
            f"{self.output}/windows",
        )
        sums = SumPoolNode(
            inputs=(apart[-1].output,),
            output=f"{self.output}/sums",
            window=Window(size, stride=size),
            encoding=encoding,
        )
        for node in (border, *apart, sums):
            context.define(node)
        high, wide = ([len(each) for each in windows] for windows in along)
        counts = np.outer(high, wide)
        multiple = math.lcm(*np.unique(counts).tolist())
        kind = IntegerType.spanning(0, multiple // int(counts.min()))
        if max(context.tensors[sums.output].type.width, kind.width) > MAXIMUM_CODE_WIDTH:
            raise UserError(
                f"it averages over {', '.join(map(str, np.unique(counts)))} numbers, which needs "
                f"more than {MAXIMUM_CODE_WIDTH} bits; allowed: smaller windows"
            )
        factors = Constant(
            inputs=(),
            output=f"{self.output}/factors",
            values=(multiple // counts)[:, :, None],
            type=kind,
        )
        context.define(factors)
        average = Multiply(
            inputs=(sums.output, factors.output),
            output=self.output,
            encodings=(Encoding(), Encoding()),
        )
        rounded = context.requantized(average, self.clamp, context.scale(source), multiple)
        return [border, *apart, sums, factors, rounded]


def _largest(along: Sequence[Sequence[range]]) -> Pair:
    """Return the size of the largest window along rows and along columns."""
    rows, columns = (max(map(len, windows)) for windows in along)
    return rows, columns


def _window(call: Call) -> graph.Window | None:
    """Return the window of all, if they lie side by side and are of one size."""
    call.require_image()
    (rows, columns), (high, wide) = call.input_shape[1:], call.output_shape[1:]
    if not (one_size(rows, high) and one_size(columns, wide)):
        return None
    size = (rows // high, columns // wide)
    return Window(size, stride=size)


@translates("adaptive_avg_pool1d", "adaptive_avg_pool2d")
def _adaptive_average_pool(call: Call, output: str) -> Layer:
    window = _window(call)
    if call.output_shape[1:] == (1, 1):
        return whole_image_mean(call.inputs, output)
    if window is None:
        high, wide = call.output_shape[1:]
        return AdaptiveAveragePool(inputs=call.inputs, output=output, size=(high, wide))
    return SumPool(inputs=call.inputs, output=output, window=window, divisor=window.taps)


@translates("adaptive_max_pool1d", "adaptive_max_pool2d")
def _adaptive_max_pool(call: Call, output: str) -> Layer:
    window = _window(call)
    if window is None:
        high, wide = call.output_shape[1:]
        return AdaptiveMaxPool(inputs=call.inputs, output=output, size=(high, wide))
    return MaxPool(inputs=call.inputs, output=output, window=window)

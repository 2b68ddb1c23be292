"""Addition, multiplication, requantization, tables and clamps."""

import numpy as np
import torch

from golden.graph import AccumulatorBounds, Add, Clamp, Multiply, Requantize, Table, Tensor
from golden.graph.elementwise import Addend
from golden.kernels.kernel import Kernel, compile_node, decode
from golden.kernels.requantize import compile_requantization
from golden.kernels.storage import Storage


@compile_node.register
def _(node: Add, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)

    def kernel(*operands: torch.Tensor) -> torch.Tensor:
        terms = (
            _add(_aligned(stored, output), tensor, addend)
            for stored, tensor, addend in zip(operands, inputs, node.addends, strict=True)
        )
        return scale(sum(terms, torch.zeros((), dtype=torch.int64)))

    return kernel


@compile_node.register
def _(
    node: Multiply, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)

    def kernel(*operands: torch.Tensor) -> torch.Tensor:
        first, second = (
            decode(_aligned(stored, output), tensor, encoding, torch.int32)
            for stored, tensor, encoding in zip(operands, inputs, node.encodings, strict=True)
        )
        # Two 16-bit values with zero points may need 34 bits.
        return scale(first * second if bounds.type.width <= 32 else first.to(torch.int64) * second)

    return kernel


@compile_node.register
def _(
    node: Requantize, inputs: tuple[Tensor, ...], output: Tensor, bounds: AccumulatorBounds
) -> Kernel:
    scale = compile_requantization(node.requantization, bounds, output)
    return lambda stored: scale(decode(stored, inputs[0], node.encoding, torch.int64))


@compile_node.register
def _(node: Table, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    storage = Storage.of(output)
    table = storage.store(node.values.astype(np.int64))
    first = inputs[0].type.minimum - Storage.of(inputs[0]).offset
    return lambda stored: table[stored.to(torch.int64) - first]


@compile_node.register
def _(node: Clamp, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    offset = Storage.of(output).offset
    return lambda stored: stored.clamp(node.minimum - offset, node.maximum - offset)


def _aligned(stored: torch.Tensor, output: Tensor) -> torch.Tensor:
    """Insert the dimensions that broadcasting adds, behind the batch."""
    missing = 1 + len(output.shape) - stored.ndim
    return stored.reshape(len(stored), *(1,) * missing, *stored.shape[1:])


def _add(stored: torch.Tensor, tensor: Tensor, addend: Addend) -> torch.Tensor:
    product = decode(stored, tensor, addend.encoding, torch.int64) * addend.multiplier
    first = (product + ((1 << addend.half_up_shift) >> 1)) >> addend.half_up_shift
    magnitude = (first.abs() + ((1 << addend.half_away_shift) >> 1)) >> addend.half_away_shift
    return torch.where((first < 0) != addend.subtract, -magnitude, magnitude)

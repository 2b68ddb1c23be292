"""Addition, multiplication, requantization, tables and clamps."""

import torch

from golden.graph import Add, Clamp, Multiply, Requantize, Table, Tensor
from golden.graph.elementwise import Addend
from golden.kernels.kernel import Kernel, compile_node, decode, torch_dtype
from golden.kernels.requantize import compile_requantization


@compile_node.register
def _(node: Add, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    scale = compile_requantization(node.requantization, output)

    def kernel(*operands: torch.Tensor) -> torch.Tensor:
        terms = (
            _add(_aligned(codes, output), addend)
            for codes, addend in zip(operands, node.addends, strict=True)
        )
        return scale(sum(terms, torch.zeros((), dtype=torch.int64)))

    return kernel


@compile_node.register
def _(node: Multiply, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    scale = compile_requantization(node.requantization, output)

    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        values = (
            decode(_aligned(codes, output), encoding, torch.int64)
            for codes, encoding in zip((a, b), node.encodings, strict=True)
        )
        return scale(next(values) * next(values))

    return kernel


@compile_node.register
def _(node: Requantize, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    scale = compile_requantization(node.requantization, output)
    return lambda codes: scale(decode(codes, node.encoding, torch.int64))


@compile_node.register
def _(node: Table, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    table = torch.tensor(node.values, dtype=torch_dtype(node.type))
    offset = inputs[0].type.minimum
    return lambda codes: table[codes.to(torch.int64) - offset]


@compile_node.register
def _(node: Clamp, inputs: tuple[Tensor, ...], output: Tensor, bounds: object) -> Kernel:
    return lambda codes: codes.clamp(node.minimum, node.maximum)


def _aligned(codes: torch.Tensor, output: Tensor) -> torch.Tensor:
    """Insert the dimensions that broadcasting adds, behind the batch."""
    missing = 1 + len(output.shape) - codes.ndim
    return codes.reshape(len(codes), *(1,) * missing, *codes.shape[1:])


def _add(codes: torch.Tensor, addend: Addend) -> torch.Tensor:
    product = decode(codes, addend.encoding, torch.int64) * addend.multiplier
    first = (product + ((1 << addend.half_up_shift) >> 1)) >> addend.half_up_shift
    magnitude = (first.abs() + ((1 << addend.half_away_shift) >> 1)) >> addend.half_away_shift
    return torch.where((first < 0) != addend.subtract, -magnitude, magnitude)

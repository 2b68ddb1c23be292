"""Real numbers that constants scale and shift."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic, scale_of
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.no_integer_kernel import NoIntegerKernelError
from bittrue.golden.frontends.onnx.quantize import accumulated_codes
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    FloatInput,
    Fractions,
    Kernel,
    Later,
    Limits,
    Real,
    Step,
    Sum,
    Value,
    fractions,
)
from bittrue.golden.graph import MatrixNode

Numbers = NDArray[Any]


def finite(site: Site, position: int, values: Numbers) -> Numbers:
    """Return the elements of a constant input, refusing infinite ones."""
    if not np.isfinite(values).all():
        raise UserError(f"its input {site.node.inputs[position]!r} has elements that are infinite")
    return values


def stepped(site: Site, value: Real | Accumulated, *steps: Step) -> Accumulated:
    """Return numbers of single codes after operations in float32."""
    if isinstance(value, Real):
        earlier = tuple(function for function in value.functions if isinstance(function, Step))
        if len(earlier) < len(value.functions):
            raise NoIntegerKernelError(
                "ONNX Runtime computes it in float32 for each channel; import with profile onnx"
            )
        steps, value = (*earlier, *steps), replace(value, functions=())
        kernel = Kernel(
            "steps", (scale_of(value).reshape(1),), (value.activation.type,), explicit=True
        )
        value = replace(accumulated_codes(value, site.builder), kernel=kernel)
    assert value.kernel is not None
    scale, offset = value.scale, value.offset
    for step in steps:
        operand = fractions(step.operand)
        match step.operation:
            case "Mul":
                scale, offset = scale * operand, offset * operand
            case "Div":
                scale, offset = scale / operand, offset / operand
            case _:
                offset = offset + operand
    kernel = replace(value.kernel, steps=(*value.kernel.steps, *steps))
    return replace(value, scale=scale, offset=offset, kernel=kernel)


def layout_of_numbers(value: Value) -> Layout:
    """Return how numbers that have a scale already lie in the graph."""
    if isinstance(value, Real):
        return value.activation.layout
    if isinstance(value, Accumulated | Sum):
        return value.layout
    raise UserError("a real constant changes what is no convolution, product or quantized tensor")


def set_affine(
    site: Site,
    arithmetic: OnnxArithmetic,
    value: Value,
    factor: Numbers | None,
    addend: Numbers | None,
    divide: bool = False,
) -> None:
    """Scale (multiply, or divide) or shift real numbers by constants."""
    if isinstance(value, FloatInput):
        # Who quantizes the input for the graph does this before, too.
        site.set(replace(value, changes=(*value.changes, site.output)))
        return
    if isinstance(value, Real | Accumulated) and arithmetic.name != "onnx":
        numbers = addend if factor is None else factor
        assert numbers is not None
        if isinstance(value, Real) and numbers.size == 1:
            site.set(value.then(_step(factor, addend, divide, value.activation.layout)))
            return
        single = isinstance(value, Real) or (value.kernel and value.kernel.name == "steps")
        if single and _limits(value) == Limits():
            step = _step(factor, addend, divide, layout_of_numbers(value))
            site.set(stepped(site, value, step))
            return
    if isinstance(value, Sum | Later) or (
        isinstance(value, Accumulated)
        and value.limits != Limits()
        and not _keeps_limits(factor, addend)
    ):
        value = site.inserted(value)
    if isinstance(value, Real) and not value.functions:
        value = accumulated_codes(value, site.builder)
    if not isinstance(value, Accumulated):
        raise UserError(
            "a real constant changes what is no convolution, product or quantized tensor; put "
            "QuantizeLinear or Quant between"
        )
    factors = None if factor is None else per_channel(factor, value.layout)
    if factors is not None and divide:
        factors = 1 / factors
    addends = None if addend is None else per_channel(addend, value.layout)
    if not arithmetic.takes_affine(value) or (factors is not None and arithmetic.name != "onnx"):
        raise NoIntegerKernelError(
            "ONNX Runtime computes it in float32 between integer operators; import with profile "
            "onnx, which rounds the exact number"
        )
    if value.limits != Limits():
        assert factors is not None
        _limited_affine(site, value, factors)
        return
    scale, offset = value.scale, value.offset
    if factors is not None:
        scale, offset = scale * factors, offset * factors
    node = value.node
    if addends is not None and value.kernel is not None and value.kernel.adds_bias:
        assert isinstance(node, MatrixNode)
        units, addends = arithmetic.bias(value.kernel, addends)
        node = replace(node, bias=node.bias + units)
    if addends is not None:
        offset = offset + addends
    kernel = value.kernel if factors is None else None
    site.set(Accumulated(node, value.layout, scale, offset, kernel))


def _limits(value: Real | Accumulated) -> Limits:
    return value.limits if isinstance(value, Accumulated) else Limits()


def _keeps_limits(factor: Numbers | None, addend: Numbers | None) -> bool:
    """Return whether numbers are only scaled by one positive factor, by which limits scale."""
    return addend is None and factor is not None and factor.size == 1 and float(factor.flat[0]) > 0


def _limited_affine(site: Site, value: Accumulated, factors: Fractions) -> None:
    """Scale numbers that are limited already by one positive factor: the limits scale too."""
    limits = Limits(
        *(
            None if limit is None else limit * factors[0]
            for limit in (value.limits.low, value.limits.high)
        )
    )
    site.set(
        replace(
            value,
            scale=value.scale * factors,
            offset=value.offset * factors,
            limits=limits,
            kernel=None,
        )
    )


def _step(factor: Numbers | None, addend: Numbers | None, divide: bool, layout: Layout) -> Step:
    numbers = addend if factor is None else factor
    assert numbers is not None
    operation = "Add" if factor is None else "Div" if divide else "Mul"
    return Step(operation, per_channel(numbers, layout).astype(np.float32))


def per_channel(values: Numbers, layout: Layout) -> Fractions:
    """Return a constant operand as one number per channel of the graph.

    Raises
    ------
    UserError
        If it varies along other dimensions.
    """
    shape = values.shape
    rank = len(layout.shape)
    if len(shape) == rank + 1 and shape[0] == 1:
        shape = shape[1:]
    if values.size == 1:
        return fractions(values)
    padded = (1,) * (rank - len(shape)) + shape
    last = len(layout.sizes) - 1
    axes = [axis for axis in range(rank) if last in layout.dimensions[axis]]
    if len(padded) == rank and axes:
        (axis,) = axes
        whole = layout.dimensions[axis] == (last,) and padded[axis] == layout.shape[axis]
        if whole and values.size == padded[axis]:
            return fractions(values)
    raise UserError(
        f"a constant has shape {values.shape}; allowed: one number, or one for each channel of "
        f"{layout.shape}"
    )

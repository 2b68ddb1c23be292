"""Slice and Split."""

from collections.abc import Callable, Sequence

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.movement import chosen, moved, normalized
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Activation, Codes
from bittrue.golden.graph.slice import Slice


@converts("Slice", attributes=("axes", "ends", "starts"))
def _slice(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    listed = site.has(1)  # Newer operator sets give inputs, older ones attributes.
    starts = site.integers(1) if listed else site.sizes("starts")
    ends = site.integers(2) if listed else site.sizes("ends")
    axes: tuple[int, ...] = tuple(range(len(starts)))
    if site.has(3) or "axes" in site.node.attributes:
        axes = site.integers(3) if listed else site.sizes("axes")
    steps = site.integers(4) if site.has(4) else (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise UserError(
            f"its starts are {starts}, ends {ends}, axes {axes}, steps {steps}; allowed: as many "
            "of each, and steps other than 0"
        )

    def take(source: Activation, name: str) -> Activation:
        shape = (1, *source.layout.shape)
        normalized(axes, len(shape))  # Refuses what is no axis, or there twice.
        taken = [range(length) for length in shape]
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
            taken[axis] = taken[axis][start:end:step]
        return _taken(site, source, name, taken)

    site.builder.values[site.output] = moved(value, site.output, take)


@converts("Split", attributes=("axis", "num_outputs", "split"))
def _split(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    outputs = site.node.outputs
    sizes: tuple[int, ...] | None = None
    if site.has(1) or "split" in site.node.attributes:
        sizes = site.integers(1) if site.has(1) else site.sizes("split")
    if len(sizes or outputs) != len(outputs) or site.integer("num_outputs", len(outputs)) != len(
        outputs
    ):
        raise UserError(
            f"it has {len(outputs)} outputs, which its split or num_outputs does not say"
        )

    def part(number: int) -> Callable[[Activation, str], Activation]:
        def take(source: Activation, name: str) -> Activation:
            shape = (1, *source.layout.shape)
            (axis,) = normalized((site.integer("axis", 0),), len(shape))
            begin, end = _bounds(shape[axis], sizes, len(outputs))[number]
            taken = [range(length) for length in shape]
            taken[axis] = taken[axis][begin:end]
            return _taken(site, source, name, taken)

        return take

    for number, output in enumerate(outputs):
        if output:
            site.builder.values[output] = moved(value, output, part(number))


def _bounds(length: int, sizes: tuple[int, ...] | None, count: int) -> list[tuple[int, int]]:
    """Return where each part of a dimension begins and ends; the last may be shorter."""
    if sizes is None:
        size = -(-length // count)
        sizes = (*(size,) * (count - 1), length - size * (count - 1))
    if min(sizes, default=0) < 1 or sum(sizes) != length:
        raise UserError(
            f"it splits {length} elements to parts of {sizes}; allowed: all elements, at least 1 "
            "in each"
        )
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    return [(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def _taken(site: Site, source: Activation, name: str, taken: Sequence[range]) -> Activation:
    """Append the node of what is taken along each dimension, the batch included."""
    descends = any(len(each) > 1 and each.step < 0 for each in taken)
    if descends or taken[0] != range(1) or not all(map(len, taken)):
        return chosen(source, dict(enumerate(taken)), name, site.builder)
    order = source.layout.held_order()
    arranged = site.builder.arranged(source, order)
    ranges = [taken[axis + 1] for axis in order]
    node = Slice(
        inputs=(arranged.name,),
        output=name,
        begin=tuple(each.start for each in ranges),
        size=tuple(len(each) for each in ranges),
        stride=tuple(each.step if len(each) > 1 else 1 for each in ranges),
    )
    return site.builder.add(node, Layout.ordered(node.size, order))

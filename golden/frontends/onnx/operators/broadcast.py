"""Tile and Expand."""

from collections.abc import Sequence

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import GraphBuilder, Site
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.movement import moved
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Activation, Codes
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.lowering.movements import tiled


@converts("Tile")
def _tile(site: Site, arithmetic: OnnxArithmetic) -> None:
    value, times = site.take(0, *NUMBERS, Codes), site.integers(1)

    def tile(source: Activation, name: str) -> Activation:
        rank = len(source.layout.shape) + 1
        if len(times) != rank or times[0] != 1 or min(times) < 1:
            raise UserError(
                f"its repeats are {times}; allowed: one for each of {rank} dimensions, 1 of the "
                "batch"
            )
        return _tiled(source, times[1:], name, site.builder)

    site.set(moved(value, site.output, tile))


@converts("Expand")
def _expand(site: Site, arithmetic: OnnxArithmetic) -> None:
    value, wanted = site.take(0, *NUMBERS, Codes), site.integers(1)

    def expand(source: Activation, name: str) -> Activation:
        shape = (1, *source.layout.shape)
        missing = len(shape) - len(wanted)
        sizes = (1,) * missing + wanted
        pairs = list(zip(shape, sizes, strict=missing >= 0))
        fits = all(size in (1, more) or more == 1 for size, more in pairs)
        if missing < 0 or not fits or min(sizes, default=1) < 1 or sizes[0] != 1:
            raise UserError(
                f"it expands {shape} to {wanted}; allowed: dimensions of 1 to others, and not the "
                "batch"
            )
        # A dimension of which the shape says 1 stays as it is.
        times = [more if size == 1 else 1 for size, more in pairs[1:]]
        return _tiled(source, times, name, site.builder)

    site.set(moved(value, site.output, expand))


def _tiled(
    source: Activation, times: Sequence[int], name: str, builder: GraphBuilder
) -> Activation:
    """Append the nodes that repeat a tensor along dimensions of the model, without the batch."""
    order = source.layout.held_order()
    arranged = builder.arranged(source, order)
    shape = builder.made(arranged.name).shape
    along = [times[axis] for axis in order]
    made = tuple(size * count for size, count in zip(shape, along, strict=True))
    if all(size == 1 for size, count in zip(shape, along, strict=True) if count > 1):
        whole = Broadcast(inputs=(arranged.name,), output=name, shape=made)
        return builder.add(whole, Layout.ordered(made, order))
    for node in tiled(arranged.name, shape, along, name):
        sizes = node.infer(builder.made(node.inputs[0])).tensor.shape
        last = node.output == name
        arranged = builder.add(node, Layout.ordered(made, order) if last else Layout.same(sizes))
    return arranged

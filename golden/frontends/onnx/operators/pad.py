"""Pad."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.movement import chosen, moved, normalized
from bittrue.golden.frontends.onnx.quantizer import finite_fraction
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Activation, CodeOf, Codes, Later
from bittrue.golden.graph.pad import Pad

_COPIES: Mapping[str, Literal["reflect", "edge", "wrap"]] = {
    "reflect": "reflect",
    "edge": "edge",
    "wrap": "wrap",
}
"""Modes that fill a border with elements of the tensor."""

_LARGEST = 1 << 20
"""Elements of a border."""


@converts("Pad", attributes=("mode", "pads", "value"))
def _pad(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    mode = site.text("mode", "constant")
    if mode not in ("constant", *_COPIES):
        raise UserError(f"its mode is {mode!r}; allowed: constant, {', '.join(_COPIES)}")
    if mode != "constant":
        site.set(moved(value, site.output, partial(_copied, site)))
        return
    filling = finite_fraction(_filling(site))

    def pad(source: Activation, name: str, code: int) -> Activation:
        padding = _padding(site, source)
        order = source.layout.held_order()
        arranged = site.builder.arranged(source, order)
        node = Pad(
            inputs=(arranged.name,),
            output=name,
            padding=tuple(padding[axis] for axis in order),
            code=code,
        )
        sizes = node.infer(site.builder.made(arranged.name)).tensor.shape
        return site.builder.add(node, Layout.ordered(sizes, order))

    if isinstance(value, Codes):
        site.set(Codes(pad(value.activation, site.output, int(filling))))
        return

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        return pad(parts[0], name, code(filling))

    site.set(Later((value,), arrange, adds=True))


def _copied(site: Site, source: Activation, name: str) -> Activation:
    """Append the nodes of a border that copies elements of the tensor."""
    shape, mode = source.layout.shape, _COPIES[site.text("mode", "")]
    indices: dict[int, Sequence[int]] = {}
    for axis, sizes in enumerate(_padding(site, source)):
        most = {"reflect": shape[axis] - 1, "wrap": shape[axis]}.get(mode, _LARGEST)
        if max(sizes) > most:
            raise UserError(
                f"it pads a dimension of {shape[axis]} by {sizes}; allowed: up to {most}"
            )
        if any(sizes):
            indices[axis + 1] = np.pad(np.arange(shape[axis]), sizes, mode=mode).tolist()
    return chosen(source, indices, name, site.builder)


def _padding(site: Site, source: Activation) -> list[tuple[int, int]]:
    """Return how many elements stand before and behind each dimension but the batch."""
    rank = len(source.layout.shape) + 1
    pads = site.integers(1) if site.has(1) else site.sizes("pads")
    axes = site.integers(3) if site.has(3) else tuple(range(rank))
    normalized(axes, rank)  # Refuses what is no axis, or there twice.
    padding = [(0, 0)] * rank
    if (
        len(pads) != 2 * len(axes)
        or not 0 <= min(pads, default=0) <= max(pads, default=0) < _LARGEST
    ):
        raise UserError(
            f"its pads are {pads}; allowed: two sizes a dimension, not negative, none of the batch"
        )
    for place, axis in enumerate(axes):
        padding[axis % rank] = pads[place], pads[len(axes) + place]
    if padding[0] != (0, 0):
        raise UserError(f"its pads are {pads}; allowed: none of the batch")
    return padding[1:]


def _filling(site: Site) -> float:
    """Return the number or code that fills the border."""
    if not site.has(2):
        return site.number("value", 0.0)
    constant = site.take(2, Constant)
    if constant.values.size != 1:
        raise UserError(f"it fills with {constant.values.size} numbers; allowed: 1")
    return float(constant.values.reshape(()))

"""Pad."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.layout import Layout
from bittrue.golden.frontends.onnx.model import Constant
from bittrue.golden.frontends.onnx.quantizer import finite_fraction
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Activation, CodeOf, Codes, Later
from bittrue.golden.graph import Pad


@converts("Pad", attributes=("mode", "pads", "value"))
def _pad(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    mode = site.text("mode", "constant")
    if mode != "constant" or site.has(3):
        raise UserError(f"its mode is {mode!r}, or it names axes; allowed: constant, all axes")
    pads = site.integers(1) if site.has(1) else site.sizes("pads")
    filling = finite_fraction(_filling(site))

    def pad(source: Activation, name: str, code: int) -> Activation:
        rank = len(source.layout.shape) + 1
        if len(pads) != 2 * rank or pads[0] or pads[rank] or min(pads) < 0:
            raise UserError(
                f"its pads are {pads}; allowed: two sizes a dimension, none of the batch"
            )
        order = source.layout.held_order()
        arranged = site.builder.arranged(source, order)
        padding = tuple((pads[axis + 1], pads[rank + axis + 1]) for axis in order)
        node = Pad(inputs=(arranged.name,), output=name, padding=padding, code=code)
        sizes = node.infer(site.builder.made(arranged.name)).tensor.shape
        return site.builder.add(node, Layout.ordered(sizes, order))

    if isinstance(value, Codes):
        site.set(Codes(pad(value.activation, site.output, int(filling))))
        return

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        return pad(parts[0], name, code(filling))

    site.set(Later((value,), arrange, adds=True))


def _filling(site: Site) -> float:
    """Return the number or code that fills the border."""
    if not site.has(2):
        return site.number("value", 0.0)
    constant = site.take(2, Constant)
    if constant.values.size != 1:
        raise UserError(f"it fills with {constant.values.size} numbers; allowed: 1")
    return float(constant.values.reshape(()))

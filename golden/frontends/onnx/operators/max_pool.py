"""MaxPool and GlobalMaxPool."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.registry import CHANNELS_LAST, STANDARD, converts
from bittrue.golden.frontends.onnx.values import NUMBERS, Activation, CodeOf, Codes, Later
from bittrue.golden.frontends.onnx.windows import WINDOW, kernel_size, pool_window_of
from bittrue.golden.graph import Window
from bittrue.golden.graph.max_pool import MaxPool


@converts(
    "MaxPool",
    domains=(STANDARD, CHANNELS_LAST),
    attributes=(*WINDOW, "ceil_mode", "kernel_shape", "storage_order"),
    inputs=1,
)
@converts("GlobalMaxPool")
def _max_pool(site: Site, arithmetic: OnnxArithmetic) -> None:
    value = site.take(0, *NUMBERS, Codes)
    whole = site.node.operator == "GlobalMaxPool"
    if site.integer("storage_order", 0):
        raise UserError("its storage_order is 1; allowed: 0")

    def pool(source: Activation, name: str) -> Activation:
        image = site.image(source)
        tensor = site.builder.made(image.name)
        size = (tensor.shape[0], tensor.shape[1]) if whole else kernel_size(site, image)
        window = Window(size) if whole else pool_window_of(site, size, image)
        node = MaxPool(
            inputs=(image.name,),
            output=name,
            window=window,
            minimum=tensor.type.minimum,
            maximum=tensor.type.maximum,
        )
        layout = site.image_layout(node.infer(tensor).tensor.shape, image)
        return site.builder.add(node, layout)

    if isinstance(value, Codes):
        site.set(Codes(pool(value.activation, site.output)))
        return

    def arrange(parts: list[Activation], name: str, code: CodeOf) -> Activation:
        return pool(parts[0], name)

    site.set(Later((value,), arrange))

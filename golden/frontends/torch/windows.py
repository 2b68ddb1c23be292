"""Windows of convolutions and pooling, from ATen's arguments."""

from typing import Any

from bittrue.golden.frontends.torch.translation import Call
from bittrue.golden.graph import Window

Pair = tuple[int, int]


def pool_window(call: Call) -> Window:
    """Return a pooling window, padded at the end just as far as its last position reaches."""
    arguments = call.arguments
    call.require_image()
    size = pair(arguments["kernel_size"])
    stride = pair(arguments["stride"]) if arguments["stride"] else size
    dilation = pair(arguments.get("dilation", 1))
    padding = pair(arguments["padding"])
    pads = []
    for axis in (0, 1):
        last = (call.output_shape[axis + 1] - 1) * stride[axis] - padding[axis]
        reach = last + (size[axis] - 1) * dilation[axis] + 1
        pads.append((padding[axis], max(reach - call.input_shape[axis + 1], 0)))
    return Window(size, stride, dilation, (pads[0], pads[1]))


def pair(value: Any) -> Pair:
    """Return an argument that is one number for height and width, or one for each."""
    values = [int(each) for each in value] if isinstance(value, list | tuple) else [int(value)]
    first, second = values * 2 if len(values) == 1 else values
    return first, second


def adaptive_size(call: Call) -> Pair:
    """Return the window of a pooling to a given size.

    Raises
    ------
    UserError
        If windows would overlap, or differ in size.
    """
    sizes, results = call.input_shape[1:], pair(call.arguments["output_size"])
    if sizes[0] % results[0] or sizes[1] % results[1]:
        raise call.refusal(f"pools {sizes} to {results}; allowed: divisors of the sizes")
    return sizes[0] // results[0], sizes[1] // results[1]

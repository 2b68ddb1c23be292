"""Windows of convolutions and pooling, from ATen's arguments."""

from typing import Any

from bittrue.golden.frontends.torch.translation import Call
from bittrue.golden.graph import Window

Pair = tuple[int, int]


def pool_window(call: Call) -> Window:
    """Return a pooling window, padded at the end just as far as its last position reaches."""
    arguments = call.arguments
    call.require_image()
    spatial = call.spatial
    size = pair(arguments["kernel_size"], spatial)
    stride = pair(arguments["stride"], spatial) if arguments["stride"] else size
    dilation = pair(arguments.get("dilation", 1), spatial)
    padding = pair(arguments["padding"], spatial, default=0)
    pads = []
    for axis in (0, 1):
        last = (call.output_shape[axis + 1] - 1) * stride[axis] - padding[axis]
        reach = last + (size[axis] - 1) * dilation[axis] + 1
        pads.append((padding[axis], max(reach - call.input_shape[axis + 1], 0)))
    return Window(size, stride, dilation, (pads[0], pads[1]))


def pair(value: Any, spatial: int = 2, default: int = 1) -> Pair:
    """Return an argument that is one number for height and width, or one for each.

    A line, of one dimension, has it in height, and `default` in width.
    """
    values = [int(each) for each in value] if isinstance(value, list | tuple) else [int(value)]
    if spatial == 1:
        return values[0], default
    first, second = values * 2 if len(values) == 1 else values
    return first, second

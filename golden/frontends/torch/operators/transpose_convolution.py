"""Transposed convolution: a convolution of pixels set apart."""

from bittrue.golden import graph
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.operators.convolution import TransposeConvolution
from bittrue.golden.frontends.torch.translation import Call, translates
from bittrue.golden.frontends.torch.windows import pair


@translates("conv_transpose1d", "conv_transpose2d")
def _transpose_convolution(call: Call, output: str) -> Layer:
    call.require_image()
    arguments, spatial = call.arguments, call.spatial
    weight, groups = call.constant(arguments["weight"]), int(arguments["groups"])
    weight = weight[..., None] if spatial == 1 else weight
    inputs, outputs, *taps = weight.shape
    parted = weight.reshape(groups, inputs // groups, outputs, *taps).transpose(1, 2)
    turned = parted.reshape(groups * outputs, inputs // groups, *taps).flip(2, 3)
    stride, dilation = (pair(arguments[name], spatial) for name in ("stride", "dilation"))
    padding, more = (
        pair(arguments[name], spatial, default=0) for name in ("padding", "output_padding")
    )
    ends = []
    for axis in (0, 1):
        reach = (taps[axis] - 1) * dilation[axis]
        behind = reach - padding[axis] + more[axis] - (stride[axis] - 1)
        ends.append((reach - padding[axis], behind))
    outside = [(max(before, 0), max(behind, 0)) for before, behind in ends]
    return TransposeConvolution(
        inputs=call.inputs,
        output=output,
        weight=turned.contiguous(),
        bias=call.bias(groups * outputs),
        window=graph.Window((taps[0], taps[1]), (1, 1), dilation, (outside[0], outside[1])),
        groups=groups,
        apart=stride,
        ends=(ends[0], ends[1]),
    )

"""RESIZE_NEAREST_NEIGHBOR, RESIZE_BILINEAR, DEPTH_TO_SPACE and SPACE_TO_DEPTH."""

import dataclasses

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.interpolation import Axis
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import FixedPoint, Node
from bittrue.golden.graph.resize_bilinear import ResizeBilinear
from bittrue.golden.lowering.movements import (
    Image,
    depth_to_space,
    picked,
    rearranged,
    require_places,
    space_to_depth,
)
from bittrue.golden.numbers.multiplier import quantize_multiplier
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec

_RESIZE = Options("ResizeNearestNeighborOptions", ("AlignCorners", "HalfPixelCenters"))


@converts(RESIZE_NEAREST_NEIGHBOR=4, options=_RESIZE)
def _resize_nearest(site: Site, arithmetic: LitertArithmetic) -> None:
    source, made = _image(site), activation_shape(site.output)
    if len(made) != 3:
        raise UserError(f"it makes shape {(1, *made)}; allowed: 4 dimensions")
    require_places(made[:2])
    places = [_nearest(site, source[axis], made[axis]) for axis in (0, 1)]
    name, output = site.input(0).name, site.output.name
    nodes = picked(name, source, places, output)
    if nodes is None:  # Some rows or columns are repeated more often than others.
        nodes = [*rearranged(name, source, dict(enumerate(places)), output)]
    _emit(site, nodes)


def _nearest(site: Site, length: int, made: int) -> list[int]:
    """Return the row or column that each of the output's is.

    GetNearestNeighbor, tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h, in
    float32.
    """
    corners = bool(site.options.get("AlignCorners", False))
    half = bool(site.options.get("HalfPixelCenters", False))
    if corners and made > 1:
        scale = np.float32(length - 1) / np.float32(made - 1)
    else:
        scale = np.float32(length) / np.float32(made)
    places = (np.arange(made, dtype=np.float32) + np.float32(0.5 if half else 0)) * scale
    # Rounded half away from zero, and none is negative.
    nearest = np.floor(places + np.float32(0.5)) if corners else np.floor(places)
    chosen: list[int] = np.minimum(nearest.astype(np.int64), length - 1).tolist()
    return chosen


@converts(
    RESIZE_BILINEAR=4,
    options=Options("ResizeBilinearOptions", ("AlignCorners", "HalfPixelCenters")),
)
def _resize_bilinear(site: Site, arithmetic: LitertArithmetic) -> None:
    source, made = _image(site), activation_shape(site.output)
    if len(made) != 3:
        raise UserError(f"it makes shape {(1, *made)}; allowed: 4 dimensions")
    require_places(made[:2])
    corners = bool(site.options.get("AlignCorners", False))
    centers = bool(site.options.get("HalfPixelCenters", False))
    if corners and centers:
        raise UserError("its corners are aligned, and so are the centers of pixels; allowed: one")
    kind = site.target.type
    bits, rounding, places = arithmetic.interpolation(kind)
    rows, columns = (places(Axis(source[n], made[n], corners, centers)) for n in (0, 1))
    node = ResizeBilinear(
        inputs=(site.input(0).name,),
        output=site.output.name,
        rows=rows,
        columns=columns,
        fraction_bits=bits,
    )
    # The kernels weigh codes as they are, whatever the zero point.
    spec = RequantSpec(site.builder.infer(node).type, kind, roundings=(rounding,))
    multiplier, exponent = quantize_multiplier(2.0 ** (-2 * bits))
    scale = FixedPoint(RequantChannels(spec, multiplier, exponent), rounding)
    site.emit(dataclasses.replace(node, requantization=scale))


@converts(DEPTH_TO_SPACE=2, options=Options("DepthToSpaceOptions", ("BlockSize",)))
def _depth_to_space(site: Site, arithmetic: LitertArithmetic) -> None:
    source, block = _image(site), site.options.get("BlockSize", 0)
    if block < 1 or source[2] % block**2:
        raise UserError(f"block size is {block}; allowed: one whose square divides {source[2]}")
    _emit(site, depth_to_space(site.input(0).name, source, block, site.output.name))


@converts(SPACE_TO_DEPTH=2, options=Options("SpaceToDepthOptions", ("BlockSize",)))
def _space_to_depth(site: Site, arithmetic: LitertArithmetic) -> None:
    source, block = _image(site), site.options.get("BlockSize", 0)
    if block < 1 or source[0] % block or source[1] % block:
        raise UserError(f"block size is {block}; allowed: one that divides {source[:2]}")
    _emit(site, space_to_depth(site.input(0).name, source, block, site.output.name))


def _image(site: Site) -> Image:
    """Return the shape of an image whose codes the output only holds elsewhere."""
    require_equal(site.source(), site.target)
    shape = activation_shape(site.input(0))
    if len(shape) != 3:
        raise UserError(f"its input has shape {(1, *shape)}; allowed: 4 dimensions")
    return shape[0], shape[1], shape[2]


def _emit(site: Site, nodes: list[Node]) -> None:
    for node in nodes[:-1]:
        site.builder.add(node)
    site.emit(nodes[-1])

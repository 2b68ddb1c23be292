"""Resize and Upsample, DepthToSpace and SpaceToDepth."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.coded import plain
from bittrue.golden.frontends.onnx.movement import moved
from bittrue.golden.frontends.onnx.registry import converts
from bittrue.golden.frontends.onnx.values import (
    NUMBERS,
    Accumulated,
    Activation,
    Codes,
    fractions,
    one_fraction,
)
from bittrue.golden.graph import Node
from bittrue.golden.graph.resize_bilinear import ResizeBilinear
from bittrue.golden.lowering.interpolation import (
    align_corners,
    fraction_bits,
    from_corner,
    half_pixel,
    interpolation,
)
from bittrue.golden.lowering.movements import (
    Image,
    depth_to_space,
    picked,
    rearranged,
    require_places,
    space_to_depth,
)
from bittrue.golden.numbers.arrays import Float64

_Nodes = Callable[[str, Image, str], list[Node]]
"""Takes the name and shape of an image of the graph, and the name of the result."""


@converts(
    "Resize",
    attributes=("coordinate_transformation_mode", "mode", "nearest_mode"),
    without_effect=("cubic_coeff_a", "exclude_outside", "extrapolation_value"),
    only={"antialias": 0, "keep_aspect_ratio_policy": "stretch"},
)
@converts("Upsample", attributes=("mode", "scales"))
def _resize(site: Site, arithmetic: OnnxArithmetic) -> None:
    mode = site.text("mode", "nearest")
    if mode in ("linear", "bilinear"):
        _resize_linear(site)
        return
    if mode != "nearest":
        raise UserError(f"its mode is {mode!r}; allowed: 'nearest', 'linear'")

    def nodes(source: str, image: Image, name: str) -> list[Node]:
        sizes, factors = _image_sizes(site, image)
        places = [_nearest(site, image[n], sizes[n], factors[n]) for n in (0, 1)]
        made = picked(source, image, places, name)
        if made is None:  # Some rows or columns are repeated more often than others.
            made = [*rearranged(source, image, dict(enumerate(places)), name)]
        return made

    _set(site, nodes)


def _resize_linear(site: Site) -> None:
    """Interpolate dequantized codes; by places that weights of 12 bits hold, which are exact."""
    source = plain(site, 0)
    image = site.image(source.activation)
    height, width, channels = site.builder.made(image.name).shape
    sizes, factors = _image_sizes(site, (height, width, channels))
    lengths = (height, width)
    places = [_between(site, lengths[n], sizes[n], factors[n]) for n in (0, 1)]
    exact = [fraction_bits(each) for each in places]
    if None in exact:
        raise UserError(
            f"it interpolates {lengths} to {tuple(sizes)} by weights that are no multiples of "
            "1/4096; allowed: powers of two times the size with half_pixel or asymmetric"
        )
    bits = max(each for each in exact if each is not None)
    rows, columns = (interpolation(places[n], lengths[n], bits) for n in (0, 1))
    node = ResizeBilinear(
        inputs=(image.name,),
        output="resized",
        rows=rows,
        columns=columns,
        fraction_bits=bits,
        encoding=source.encoding,
    )
    layout = site.image_layout((*sizes, channels), image)
    scale = one_fraction(source.scale / (1 << 2 * bits))
    site.set(Accumulated(node, layout, scale, fractions([0.0]), None))


def _between(site: Site, length: int, made: int, scale: float) -> list[Fraction]:
    """Return where each row or column of the output lies, as ONNX defines it."""
    first = site.builder.opset < 11 or site.node.operator == "Upsample"
    centers = site.text("coordinate_transformation_mode", "asymmetric" if first else "half_pixel")
    factor = Fraction(made, length) if site.has(3) else Fraction(scale)
    match centers:
        case "half_pixel":
            return half_pixel(made, factor)
        case "pytorch_half_pixel":
            return half_pixel(made, factor) if made > 1 else [Fraction(0)]
        case "asymmetric":
            return from_corner(made, factor)
        case "align_corners":
            return align_corners(made, length)
    raise UserError(
        f"its coordinate_transformation_mode is {centers!r}; allowed: half_pixel, "
        "pytorch_half_pixel, asymmetric, align_corners"
    )


def _image_sizes(site: Site, image: Image) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return height and width, and how many times those of the input they are."""
    sizes, scales = _sizes_and_scales(site, (1, image[2], *image[:2]))
    if sizes[:2] != [1, image[2]]:
        raise UserError("it resizes the batch or the channels; allowed: height and width")
    require_places(sizes[2:])
    return (sizes[2], sizes[3]), (scales[2], scales[3])


def _sizes_and_scales(site: Site, shape: tuple[int, ...]) -> tuple[list[int], list[float]]:
    """Return the size along each dimension, and how many times that of the input it is."""
    if site.has(3):
        sizes = list(site.integers(3))
        scales = [made / length for made, length in zip(sizes, shape, strict=False)]
    else:
        place = 2 if site.node.operator == "Resize" and site.builder.opset >= 11 else 1
        given = site.numbers(place) if site.has(place) else site.node.attributes.get("scales", ())
        scales = np.asarray(given, dtype=np.float64).reshape(-1).tolist()
        if not all(0 < scale < 1 << 20 for scale in scales):
            raise UserError(f"its scales are {scales}; allowed: positive numbers")
        sizes = [math.floor(length * scale) for length, scale in zip(shape, scales, strict=False)]
    if len(sizes) != len(shape) or min(sizes) < 1:
        raise UserError(
            f"it resizes {shape} to {sizes}; allowed: a size of at least 1 for each dimension"
        )
    return sizes, scales


def _nearest(site: Site, length: int, made: int, scale: float) -> list[int]:
    """Return the row or column that each of the output's is, as ONNX defines it."""
    first = site.builder.opset < 11 or site.node.operator == "Upsample"
    centers = site.text("coordinate_transformation_mode", "asymmetric" if first else "half_pixel")
    places = np.arange(made, dtype=np.float64)
    match centers:
        case "half_pixel":
            places = (places + 0.5) / scale - 0.5
        case "pytorch_half_pixel":
            places = (places + 0.5) / scale - 0.5 if made > 1 else np.zeros(1)
        case "asymmetric":
            places = places / scale
        case "align_corners":
            places = places * ((length - 1) / (made - 1)) if made > 1 else np.zeros(1)
        case _:
            raise UserError(
                f"its coordinate_transformation_mode is {centers!r}; allowed: half_pixel, "
                "pytorch_half_pixel, asymmetric, align_corners"
            )
    # Operator sets before 11 take the next one where they make an image smaller.
    usual = ("floor" if scale >= 1 else "ceil") if first else "round_prefer_floor"
    rounding = site.text("nearest_mode", usual)
    roundings: dict[str, Callable[[Float64], Float64]] = {
        "round_prefer_floor": lambda values: np.ceil(values - 0.5),
        "round_prefer_ceil": lambda values: np.floor(values + 0.5),
        "floor": np.floor,
        "ceil": np.ceil,
    }
    if rounding not in roundings:
        raise UserError(f"its nearest_mode is {rounding!r}; allowed: {', '.join(roundings)}")
    nearest = np.clip(roundings[rounding](places), 0, length - 1)
    chosen: list[int] = nearest.astype(np.int64).tolist()
    return chosen


@converts("DepthToSpace", attributes=("blocksize", "mode"))
def _depth_to_space(site: Site, arithmetic: OnnxArithmetic) -> None:
    block, mode = site.integer("blocksize", 0), site.text("mode", "DCR")
    if mode not in ("DCR", "CRD"):
        raise UserError(f"its mode is {mode!r}; allowed: 'DCR', 'CRD'")

    def nodes(source: str, image: Image, name: str) -> list[Node]:
        if block < 1 or image[2] % block**2:
            raise UserError(f"its blocksize is {block}; allowed: its square divides {image[2]}")
        return depth_to_space(source, image, block, name, columns_first=mode == "CRD")

    _set(site, nodes)


@converts("SpaceToDepth", attributes=("blocksize",))
def _space_to_depth(site: Site, arithmetic: OnnxArithmetic) -> None:
    block = site.integer("blocksize", 0)

    def nodes(source: str, image: Image, name: str) -> list[Node]:
        if block < 1 or image[0] % block or image[1] % block:
            raise UserError(f"its blocksize is {block}; allowed: one that divides {image[:2]}")
        return space_to_depth(source, image, block, name)

    _set(site, nodes)


def _set(site: Site, nodes: _Nodes) -> None:
    """Say that the output is made of the input image by some nodes."""
    builder = site.builder

    def move(source: Activation, name: str) -> Activation:
        image = site.image(source)
        height, width, channels = builder.made(image.name).shape
        *first, last = nodes(image.name, (height, width, channels), name)
        for node in first:
            tensor = node.infer(*(builder.made(each) for each in node.inputs)).tensor
            builder.add(node, image.layout.same(tensor.shape))
        shape = last.infer(*(builder.made(each) for each in last.inputs)).tensor.shape
        return builder.add(last, site.image_layout(shape, image))

    site.set(moved(site.take(0, *NUMBERS, Codes), site.output, move))

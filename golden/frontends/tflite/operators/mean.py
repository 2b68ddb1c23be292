"""MEAN and SUM."""

import dataclasses
import math
from collections.abc import Callable

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import AccumulatorBounds, Requantization
from bittrue.golden.graph.mean import Mean

REDUCER_OPTIONS = Options("ReducerOptions", ("KeepDims",))


@converts(MEAN=3, options=REDUCER_OPTIONS)
def _mean(site: Site, arithmetic: LitertArithmetic) -> None:
    _emit(site, arithmetic.mean)


@converts(SUM=2, options=REDUCER_OPTIONS)
def _sum(site: Site, arithmetic: LitertArithmetic) -> None:
    _emit(site, arithmetic.sum)


def _emit(
    site: Site, scale: Callable[[AccumulatorBounds, Affine, Affine, int], Requantization]
) -> None:
    axes, shape = reduced_axes(site)[0], activation_shape(site.input(0))
    node = Mean(
        inputs=(site.input(0).name,),
        output=site.output.name,
        axes=axes,
        keep_dimensions=bool(site.options.get("KeepDims", False)),
        encoding=site.source().encoding,
    )
    count = math.prod(shape[axis] for axis in axes)
    requantization = scale(site.builder.infer(node), site.source(), site.target, count)
    site.emit(dataclasses.replace(node, requantization=requantization))


def reduced_axes(site: Site) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the dimensions that an operator takes together, and the shape that it leaves.

    Neither counts the batch.
    """
    source, shape = site.input(0), activation_shape(site.input(0))
    rank = len(source.shape)
    listed = constant(site.input(1), "INT32").reshape(-1).tolist()
    if not listed or any(not -rank <= axis < rank or axis % rank == 0 for axis in listed):
        raise UserError(f"axes are {listed}; allowed: dimensions of {source.shape} but the batch")
    axes = tuple(sorted({axis % rank - 1 for axis in listed}))
    kept = (1,) if site.options.get("KeepDims", False) else ()
    left = tuple(
        size for axis, sizes in enumerate(shape) for size in (kept if axis in axes else (sizes,))
    )
    return axes, left

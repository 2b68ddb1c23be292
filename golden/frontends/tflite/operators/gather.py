"""GATHER of numbers that a file states, REVERSE_V2, and MIRROR_PAD."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import tflite

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.slice import Slice
from bittrue.golden.lowering.movements import rearranged


@converts(GATHER=8, options=Options("GatherOptions", ("Axis", "BatchDims")))
def _gather(site: Site, arithmetic: LitertArithmetic) -> None:
    numbers = constant(site.input(1), "INT32", "INT64", "INT16")
    axis, batches = site.options.get("Axis", 0), site.options.get("BatchDims", 0)
    rank = len(site.input(0).shape)
    if batches or not -rank <= axis < rank or axis % rank == 0:
        raise UserError(
            f"axis is {axis}, behind {batches} dimensions of batches; allowed: a dimension of "
            f"{site.input(0).shape} but the batch, behind none"
        )
    length = site.input(0).shape[axis]
    if not numbers.size or numbers.min() < 0 or numbers.max() >= length:
        raise UserError(f"its numbers are not all from 0 to {length - 1}; allowed: one or more")
    _emit(site, {axis % rank - 1: numbers.reshape(-1).tolist()})


@converts(REVERSE_V2=4)
def _reverse(site: Site, arithmetic: LitertArithmetic) -> None:
    shape = site.input(0).shape
    axes = [axis % len(shape) for axis in constant(site.input(1), "INT32").reshape(-1).tolist()]
    _emit(site, {axis - 1: range(shape[axis] - 1, -1, -1) for axis in axes if shape[axis] > 1})


@converts(MIRROR_PAD=3, options=Options("MirrorPadOptions", ("Mode",)))
def _mirror_pad(site: Site, arithmetic: LitertArithmetic) -> None:
    shape = site.input(0).shape
    padding = constant(site.input(1), "INT32", "INT64").tolist()
    if np.shape(padding) != (len(shape), 2) or any(padding[0]):
        raise UserError(f"padding is {padding}; allowed: two sizes a dimension, none of the batch")
    reflects = site.options.get("Mode", 0) == tflite.MirrorPadMode.REFLECT
    indices = {}
    for axis, sizes in enumerate(padding[1:]):
        most = shape[axis + 1] - reflects
        if not 0 <= min(sizes) <= max(sizes) <= most:
            raise UserError(
                f"padding is {sizes} along a dimension of {shape[axis + 1]}; allowed: 0 to {most}"
            )
        border: Literal["reflect", "symmetric"] = "reflect" if reflects else "symmetric"
        indices[axis] = np.pad(np.arange(shape[axis + 1]), sizes, mode=border).tolist()
    _emit(site, indices)


def _emit(site: Site, indices: Mapping[int, Sequence[int]]) -> None:
    """Make the output of elements by number, by dimension but the batch."""
    require_equal(site.source(), site.target)
    given, made = activation_shape(site.input(0)), activation_shape(site.output)
    taken = tuple(len(indices.get(axis, range(size))) for axis, size in enumerate(given))
    output = site.output.name
    name = output if taken == made else f"{output}/taken"
    nodes: list[Gather | Slice | Reshape] = rearranged(site.input(0).name, given, indices, name)
    if taken != made:
        nodes.append(Reshape(inputs=(name,), output=output, shape=made))
    for node in nodes[:-1]:
        site.builder.add(node)
    site.emit(nodes[-1])

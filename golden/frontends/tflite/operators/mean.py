"""MEAN."""

import dataclasses
import math

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.known_operators import Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Mean


@converts(MEAN=3, options=Options("ReducerOptions", ("KeepDims",)))
def _mean(site: Site, arithmetic: LitertArithmetic) -> None:
    source, shape = site.input(0), activation_shape(site.input(0))
    rank = len(source.shape)
    listed = constant(site.input(1), "INT32").reshape(-1).tolist()
    if not listed or any(not -rank <= axis < rank or axis % rank == 0 for axis in listed):
        raise UserError(f"axes are {listed}; allowed: dimensions of {source.shape} but the batch")
    axes = tuple(sorted({axis % rank - 1 for axis in listed}))
    node = Mean(
        inputs=(source.name,),
        output=site.output.name,
        axes=axes,
        keep_dimensions=bool(site.options.get("KeepDims", False)),
        encoding=site.source().encoding,
    )
    count = math.prod(shape[axis] for axis in axes)
    requantization = arithmetic.mean(site.builder.infer(node), site.source(), site.target, count)
    site.emit(dataclasses.replace(node, requantization=requantization))

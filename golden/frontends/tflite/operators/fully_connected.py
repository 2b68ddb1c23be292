"""FULLY_CONNECTED."""

import dataclasses
import math

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic, WeightScale
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.fused import fused_clamp
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.frontends.tflite.weights import accumulator_of, bias_of, weights_of
from bittrue.golden.graph import Encoding
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.reshape import Reshape


@converts(
    FULLY_CONNECTED=14,
    options=Options("FullyConnectedOptions", ("WeightsFormat", "KeepNumDims", FUSED)),
)
def _fully_connected(site: Site, arithmetic: LitertArithmetic) -> None:
    weight, info, kind = weights_of(site, output_axis=0)
    if site.options.get("WeightsFormat", 0) != 0:
        raise UserError("its weights are shuffled; allowed: the default weights format")
    if weight.ndim != 2:
        raise UserError(f"{info} has shape {info.shape}; allowed: 2 dimensions")
    source = site.input(0)
    shape = activation_shape(source)
    name = source.name
    if not site.options.get("KeepNumDims", False) and shape != weight.shape[1:]:
        # The kernel takes its input as rows of as many elements as the weights have columns.
        name = f"{site.output.name}/flat"
        rows = math.prod(shape) // weight.shape[1]
        flat = weight.shape[1:] if rows == 1 else (rows, weight.shape[1])
        site.builder.add(Reshape(inputs=(source.name,), output=name, shape=flat))
    node = FullyConnected(
        inputs=(name,),
        output=site.output.name,
        weight=weight,
        weight_type=kind,
        bias=bias_of(site, weight.shape[0]),
        input_encoding=site.source().encoding,
        weight_encoding=Encoding(int(info.zero_point[0])),
    )
    requantization = arithmetic.fully_connected(
        site.builder.infer(node),
        accumulator_of(site),
        site.source(),
        WeightScale(kind, info.scale),
        site.target,
        fused_clamp(site, arithmetic),
    )
    site.emit(dataclasses.replace(node, requantization=requantization))

"""SVDF: a dense layer, a window over what it made in the last calls, and sums of its filters.

Source: tensorflow/lite/kernels/internal/reference/svdf.h, EvalIntegerSVDF.
"""

import dataclasses

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import affine_of
from bittrue.golden.frontends.tflite.arithmetic import INT8, INT16, LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.fused import fused_activation
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.model import Variable
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.frontends.tflite.variables import Held, Initial
from bittrue.golden.graph import Tensor
from bittrue.golden.graph.concat import concatenated
from bittrue.golden.graph.convolution import filtered
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.slice import Slice
from bittrue.golden.graph.table import Table
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.quantization import QuantType


@converts(SVDF=4, options=Options("SVDFOptions", ("Rank", FUSED)))
def _svdf(site: Site, arithmetic: LitertArithmetic) -> None:
    """Make codes of this call's features, weigh them with those kept, and keep them.

    The state of the file, which has what a call begins with and a place for what it makes, is one
    row shorter here.
    """
    site.input_count(5)
    source, state, target = site.source(), affine_of(site.input(4)), site.target
    states, activations = arithmetic.svdf_states, arithmetic.svdf_activations
    if (source.type, target.type) != (INT8, INT8) or state.type not in states:
        advice = "; --profile tflite-micro takes int8, too" if state.type == INT8 else ""
        raise UserError(
            f"it makes {target.type} of {source.type} with a state of {state.type}; allowed: int8, "
            f"with states of {' and '.join(map(str, states))}{advice}"
        )
    if fused_activation(site) not in activations:
        raise UserError(
            f"the fused activation is {fused_activation(site)}; allowed: {', '.join(activations)}, "
            "which the kernels take and do not apply"
        )
    features = constant(site.input(1), "INT8")
    times = constant(site.input(2), "INT16" if state.type == INT16 else "INT8")
    rank, name = int(site.options.get("Rank", 1)), site.output.name
    (filters, inputs), memory = features.shape, times.shape[-1]
    units = filters // max(rank, 1)
    if rank < 1 or filters % rank or times.shape != (filters, memory):
        raise UserError(
            f"its weights have shapes {features.shape} and {times.shape} with rank {rank}; "
            "allowed: as many rows in both, a multiple of the rank"
        )
    if activation_shape(site.input(0)) != (inputs,):
        raise UserError(f"its input has shape {site.input(0).shape}; allowed: (1, {inputs})")
    builder = site.builder
    dense = FullyConnected(
        inputs=(site.input(0).name,),
        output=f"{name}/features",
        weight=features,
        weight_type=INT8,
        bias=np.zeros(filters, dtype=np.int64),
        input_encoding=source.encoding,
    )
    scale = arithmetic.svdf_scale(source, _weight(site, 1), state)
    clamp = state.type.minimum, state.type.maximum
    centred = QuantType.affine(state.type, state.scale)
    requantization = arithmetic.scaled(builder.infer(dense), scale, centred, clamp)
    builder.add(dataclasses.replace(dense, requantization=requantization))
    made = dense.output
    if state.zero_point:  # The kernel adds it to codes that are limited already.
        made = f"{name}/shifted"
        values = _shifted(state)
        builder.add(Table(inputs=(dense.output,), output=made, values=values, type=state.type))
    row = Reshape(inputs=(made,), output=f"{name}/row", shape=(1, 1, filters))
    builder.add(row)
    rows = _with_those_kept(site, row.output, state, memory) if memory > 1 else row.output
    weight = times.reshape(units, rank, memory).transpose(0, 2, 1).astype(np.int64)
    bias = _bias(site, units)
    sums = filtered(rows, f"{name}/sums", weight, state.type, bias, state.encoding)
    scale = arithmetic.svdf_scale(state, _weight(site, 2), target)
    limits = target.type.minimum, target.type.maximum
    requantization = arithmetic.scaled(builder.infer(sums), scale, target, limits)
    builder.add(dataclasses.replace(sums, requantization=requantization))
    site.emit(Reshape(inputs=(sums.output,), output=name, shape=(units,)))


def _with_those_kept(site: Site, row: str, state: QuantType, memory: int) -> str:
    """Append a row to those of the calls before, and keep all but the first; return all of them."""
    builder, name = site.builder, site.output.name
    filters = builder.made(row).channels
    shape = (memory - 1, 1, filters)
    kept = builder.add_kept(Tensor.of_type(f"{name}/kept", shape, state.type), state)
    rows = concatenated((kept.name, row), f"{name}/rows", axis=0)
    builder.add(rows)
    after = Slice(
        inputs=(rows.output,), output=f"{name}/next", begin=(1, 0, 0), size=shape, stride=(1, 1, 1)
    )
    builder.add(after)
    variable = Variable("", site.input(4).name)
    variables = builder.variables
    if variable in variables.initial:
        raise UserError(f"its state {variable.name!r} is another's, too; allowed: one of its own")
    initial = np.full(shape, state.zero_point, dtype=np.int64)
    variables.initial[variable] = Initial(initial, state)
    variables.read[variable] = kept
    variables.held[variable] = Held(after.output, state)
    return rows.output


def _shifted(state: QuantType) -> Int64:
    """Return every code with the zero point added, in as many bits as it has."""
    kind = state.type
    codes = np.arange(kind.minimum, kind.maximum + 1) + state.zero_point
    return (codes - kind.minimum) % (1 << kind.width) + kind.minimum


def _weight(site: Site, position: int) -> QuantType:
    """Return what weights mean: one scale, and zero point 0."""
    affine = affine_of(site.input(position))
    if affine.zero_point:
        raise UserError(f"{site.input(position)} has zero point {affine.zero_point}; allowed: 0")
    return affine


def _bias(site: Site, units: int) -> np.ndarray:
    info = site.optional_input(3)
    return np.zeros(units, dtype=np.int64) if info is None else constant(info, "INT32")

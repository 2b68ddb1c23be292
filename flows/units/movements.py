"""Layers that put codes in another order, with example contents."""

import numpy as np
from amaranth.lib import wiring

from bittrue.flows.units.layers import (
    KIND,
    LANES,
    NAME,
    REQUANTIZER,
    SHAPE,
    RequantizerKind,
    requantized,
)
from bittrue.flows.units.unit import Parameter, Unit, parse_integers
from bittrue.golden.graph import Encoding, Tensor
from bittrue.golden.graph.gather import Gather as GatherNode
from bittrue.golden.graph.resize_bilinear import Interpolation
from bittrue.golden.graph.resize_bilinear import ResizeBilinear as ResizeBilinearNode
from bittrue.golden.graph.transpose import Transpose as TransposeNode
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.layers.gather import GatherSpec
from bittrue.hdl.layers.resize_bilinear import ResizeBilinearSpec
from bittrue.hdl.layers.transpose import TransposeSpec

GATHER_PARAMETERS = {
    "kind": KIND,
    "shape": SHAPE,
    "axis": Parameter("0", int, "dimension, from 0"),
    "indices": Parameter("2,1,0,1,2,3", parse_integers, "elements taken, in any order"),
    "lanes": LANES,
    "name": NAME,
}


def _build_gather(
    kind: IntegerType,
    shape: tuple[int, ...],
    axis: int,
    indices: tuple[int, ...],
    lanes: int,
    name: str,
) -> wiring.Component:
    node = GatherNode(inputs=("x",), output="y", axis=axis, indices=indices)
    tensor = Tensor.of_type("x", shape, kind)
    node.infer(tensor)
    return GatherSpec(node, (tensor,), lanes).build(name)


TRANSPOSE_PARAMETERS = {
    "kind": KIND,
    "shape": SHAPE,
    "order": Parameter("1,0,2", parse_integers, "the input's dimensions, as the output has them"),
    "lanes": LANES,
}


def _build_transpose(
    kind: IntegerType, shape: tuple[int, ...], order: tuple[int, ...], lanes: int
) -> wiring.Component:
    node = TransposeNode(inputs=("x",), output="y", permutation=order)
    tensor = Tensor.of_type("x", shape, kind)
    node.infer(tensor)
    return TransposeSpec(node, (tensor,), lanes).build("transpose")


RESIZE_PARAMETERS = {
    "kind": KIND,
    "shape": SHAPE,
    "rows": Parameter("16", int, "of the output"),
    "columns": Parameter("16", int, "of the output"),
    "bits": Parameter("10", int, "of the weights' fraction, 0 to 12"),
    "zero_point": Parameter("0", int, "code of zero"),
    "requantizer": REQUANTIZER,
    "output": Parameter("int8", IntegerType.parse, "int or uint of 1 to 32 bits"),
    "lanes": LANES,
    "name": NAME,
}


def example_interpolation(length: int, made: int, bits: int) -> Interpolation:
    """Return places whose corners are those of the input, as exactly as the bits say."""
    places = np.round(np.arange(made) * (length - 1) / max(made - 1, 1) * (1 << bits))
    first, weight = np.divmod(places.astype(np.int64), 1 << bits)
    return Interpolation(tuple(first.tolist()), tuple(weight.tolist()))


def _build_resize(
    kind: IntegerType,
    shape: tuple[int, ...],
    rows: int,
    columns: int,
    bits: int,
    zero_point: int,
    requantizer: RequantizerKind,
    output: IntegerType,
    lanes: int,
    name: str,
) -> wiring.Component:
    tensor = Tensor.of_type("x", shape, kind)
    node = ResizeBilinearNode(
        inputs=("x",),
        output="y",
        rows=example_interpolation(shape[0], rows, bits),
        columns=example_interpolation(shape[1], columns, bits),
        fraction_bits=bits,
        encoding=Encoding(zero_point),
    )
    node = requantized(node, [tensor], requantizer, output)
    return ResizeBilinearSpec(node, (tensor,), lanes).build(name)


MOVEMENT_UNITS: dict[str, Unit] = {
    "gather": Unit("elements by number along a dimension", _build_gather, GATHER_PARAMETERS),
    "transpose": Unit("dimensions in another order", _build_transpose, TRANSPOSE_PARAMETERS),
    "resize": Unit("images resized by interpolation", _build_resize, RESIZE_PARAMETERS),
}

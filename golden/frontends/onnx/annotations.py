"""Integers that a file holds as real numbers and annotates with their type, as FINN's do."""

from collections.abc import Mapping

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.model import Constant, OnnxModel
from bittrue.golden.frontends.onnx.values import QuantizedConstant
from bittrue.golden.numbers.integer_type import IntegerType

_WIDEST_WEIGHT = 8
_READERS = frozenset(("Conv", "Gemm", "MatMul"))
"""Operators whose second input are weights."""


def annotated_weights(model: OnnxModel) -> dict[str, QuantizedConstant]:
    """Return weights in real numbers that are integers by their annotation, as what they are.

    Raises
    ------
    UserError
        If a weight has other numbers than its annotation says.
    """
    names = {node.inputs[1] for node in model.nodes if _reads_weights(node.operator, node.inputs)}
    found = {}
    for name in sorted(names & model.annotations.keys() & model.constants.keys()):
        constant = model.constants[name]
        weight = _weight(name, constant, model.annotations)
        if weight is not None:
            found[name] = weight
    return found


def _reads_weights(operator: str, inputs: tuple[str, ...]) -> bool:
    return operator in _READERS and len(inputs) > 1


def _weight(
    name: str, constant: Constant, annotations: Mapping[str, tuple[IntegerType, bool]]
) -> QuantizedConstant | None:
    kind, bipolar = annotations[name]
    if constant.type is not None or kind.width > _WIDEST_WEIGHT:
        return None
    values = constant.values.astype(np.float64)
    codes = (values + 1) / 2 if bipolar else values
    if not np.isin(codes, np.arange(kind.minimum, kind.maximum + 1)).all():
        said = "BIPOLAR" if bipolar else str(kind)
        raise UserError(f"weight {name!r} is annotated as {said} and has other numbers")
    ones = (1,) * values.ndim
    return QuantizedConstant(
        codes.astype(np.int64),
        kind,
        np.ones(ones, dtype=np.float32),
        np.zeros(ones, dtype=np.int64),
        bipolar,
    )

"""Single functions that converters leave in real numbers, between DEQUANTIZE and QUANTIZE.

A normalization's negation, which has no quantized kernel of two scales, is written so. Only what
float32 computes without rounding is taken: then every runtime makes the same numbers, and the codes
of all codes are a table.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch

from bittrue.golden.codes.conversion import QuantizeRounding, quantized
from bittrue.golden.frontends.tflite.elementwise import values_of
from bittrue.golden.frontends.tflite.model import Operator, TfliteModel
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.quantization import QuantType

IN_REALS = "InReals"
"""The option of a QUANTIZE found here: the functions between DEQUANTIZE and it, in their order."""

_EXACT: dict[str, Callable[[Float32], Float32]] = {
    "NEG": np.negative,
    "ABS": np.abs,
    "RELU": lambda real: np.maximum(real, np.float32(0)),
    "RELU6": lambda real: np.clip(real, np.float32(0), np.float32(6)),
    "RELU_N1_TO_1": lambda real: np.clip(real, np.float32(-1), np.float32(1)),
}
"""Functions of one number that float32 computes without rounding."""


def with_functions_of_codes(model: TfliteModel) -> TfliteModel:
    """Return a model in which such a QUANTIZE reads the codes that DEQUANTIZE reads.

    What is left of the operators between them goes, where nothing else reads it.
    """
    makers = {index: each for each in model.operators for index in each.outputs}
    operators: list[Operator] = []
    left: set[int] = set()
    for operator in model.operators:
        found = _chain(operator, makers, model) if operator.name == "QUANTIZE" else None
        if found is None:
            operators.append(operator)
            continue
        first, between = found
        left.update(each.position for each in (first, *between))
        names = tuple(each.name for each in between)
        options = {**operator.options, IN_REALS: names}
        operators.append(replace(operator, inputs=first.inputs, options=options))
    for operator in reversed(list(operators)):
        read = {index for each in operators for index in each.inputs} | set(model.outputs)
        if operator.position in left and read.isdisjoint(operator.outputs):
            operators.remove(operator)
    return replace(model, operators=tuple(operators))


def _chain(
    last: Operator, makers: Mapping[int, Operator], model: TfliteModel
) -> tuple[Operator, list[Operator]] | None:
    """Return the DEQUANTIZE whose numbers a QUANTIZE reads, and the functions between them."""
    between: list[Operator] = []
    operator = last
    while len(operator.inputs) == 1 and operator.inputs[0] in makers:
        operator = makers[operator.inputs[0]]
        if operator.name == "DEQUANTIZE":
            codes = [model.tensors[index] for index in operator.inputs]
            whole = len(codes) == 1 and codes[0].quantized and codes[0].data is None
            return (operator, between[::-1]) if whole else None
        if operator.name not in _EXACT:
            return None
        between.append(operator)
    return None


def table_in_reals(
    functions: tuple[str, ...],
    source: QuantType,
    output: QuantType,
    rounding: QuantizeRounding,
) -> Int64:
    """Return the output code of every code, by functions of the numbers that they stand for."""
    real = source.scale32 * values_of(source).astype(np.float32)
    for function in functions:
        real = _EXACT[function](real)
    return quantized(torch.from_numpy(real), output, rounding).numpy()

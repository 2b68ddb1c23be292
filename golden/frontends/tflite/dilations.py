"""Dilated convolutions as older converters write them: between SPACE_TO_BATCH_ND and its inverse.

Every so manieth pixel becomes an image of a batch; a convolution of those is a dilated one of all.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import tflite

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.model import Operator, TfliteModel

AROUND = "Around"
"""The option of a convolution found here: rows and columns around it, in place of a scheme."""

_DILATED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})


def with_dilations(model: TfliteModel) -> TfliteModel:
    """Return a model in which convolutions between the two operators are dilated themselves.

    Those that are something else are left as they are, to be refused.
    """
    makers = {index: each for each in model.operators for index in each.outputs}
    gone: set[int] = set()
    operators = []
    for operator in model.operators:
        found = _dilated(operator, makers, model) if operator.name == "BATCH_TO_SPACE_ND" else None
        if found is None:
            operators.append(operator)
            continue
        convolution, parts = found
        gone.update(part.position for part in parts)
        operators.append(convolution)
    kept = tuple(each for each in operators if each.position not in gone)
    return replace(model, operators=kept)


def _dilated(
    last: Operator, makers: Mapping[int, Operator], model: TfliteModel
) -> tuple[Operator, tuple[Operator, Operator]] | None:
    """Return the convolution that ends at an operator, and the two before it, if it is one."""
    middle = _only_reader_of(last, makers, model)
    first = None if middle is None else _only_reader_of(middle, makers, model)
    if middle is None or first is None or middle.name not in _DILATED:
        return None
    if first.name != "SPACE_TO_BATCH_ND" or not len(first.inputs) == len(last.inputs) == 3:
        return None
    try:
        block, cut = _numbers(first, model)
        again, crops = _numbers(last, model)
    except UserError:
        return None
    options = middle.options
    steps = [
        options.get(name, 1)
        for name in ("StrideH", "StrideW", "DilationHFactor", "DilationWFactor")
    ]
    around = np.subtract(cut, crops) if np.shape(cut) == np.shape(crops) == (2, 2) else None
    if (
        len(block) != 2
        or block != again
        or around is None
        or around.min() < 0
        or steps != [1, 1, 1, 1]
        or options.get("Padding", 0) != tflite.Padding.VALID
        or not _alike(first.inputs[0], first.outputs[0], model)
        or not _alike(last.inputs[0], last.outputs[0], model)
    ):
        return None
    pairs = tuple((before, after) for before, after in around.tolist())
    dilation = {"DilationHFactor": block[0], "DilationWFactor": block[1], AROUND: pairs}
    convolution = replace(
        middle,
        position=last.position,
        inputs=(first.inputs[0], *middle.inputs[1:]),
        outputs=last.outputs,
        options={**options, **dilation},
    )
    return convolution, (first, middle)


def _only_reader_of(
    operator: Operator, makers: Mapping[int, Operator], model: TfliteModel
) -> Operator | None:
    """Return what makes an operator's input, if nothing else reads that."""
    given = operator.inputs[0] if operator.inputs else -1
    readers = [each for each in model.operators if given in each.inputs]
    if given in model.outputs or len(readers) != 1 or given not in makers:
        return None
    return makers[given]


def _numbers(operator: Operator, model: TfliteModel) -> tuple[list[int], list[list[int]]]:
    block, sizes = (
        constant(model.tensors[index], "INT32").tolist() for index in operator.inputs[1:]
    )
    return block, sizes


def _alike(one: int, other: int, model: TfliteModel) -> bool:
    """Return whether the codes of two tensors mean the same."""
    first, second = model.tensors[one], model.tensors[other]
    return (
        first.type == second.type
        and np.array_equal(first.scale, second.scale)
        and np.array_equal(first.zero_point, second.zero_point)
    )

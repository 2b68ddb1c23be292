"""Layers of one function for all codes, or of two tables and what joins their entries."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bittrue.flows.engine.codes import check_requantized, offset, records_of
from bittrue.flows.engine.layers import VectorLayer
from bittrue.flows.engine.lowering import Lowering, codes_table
from bittrue.flows.engine.places import View
from bittrue.golden.engine.instruction import FACTOR_BITS, Operation
from bittrue.golden.errors import UserError
from bittrue.golden.graph import AccumulatingNode, Node, Requantization
from bittrue.golden.numbers.arrays import Int64

_ENTRY_BITS = 32

_CODES = 256
"""Of a table, from -128 on."""


def one_by_one(requantization: Requantization, accumulators: Int64) -> Int64:
    """Return the codes of accumulators, one for all channels."""
    return requantization.evaluate(accumulators[:, None])[:, 0]


def add_look_up(
    lowering: Lowering, node: Node, name: str, function: Callable[[Int64], Int64]
) -> None:
    """Add a layer that gives a function of each code of a tensor.

    Where that tensor is a function of codes itself, and nothing else reads it, the layer that makes
    it is taken away, and the new one gives the function of the function.
    """
    source, title = lowering.view(name), node.title
    target = lowering.target(node.output, source.shape)
    values = function(codes_table(lowering, name)) - offset(lowering.tensor(node.output))
    before = _look_up_for_one(lowering, node, name)
    if before is not None:
        lowering.layers.remove(before)
        source, title = before.a, f"{before.title}, {title}"
        values = values[before.tables[0] + _CODES // 2]
    lowering.layers.append(
        VectorLayer(
            name=node.output,
            title=title,
            target=target,
            operation=Operation.LOOK_UP,
            a=source,
            tables=(values,),
        )
    )


def _look_up_for_one(lowering: Lowering, node: Node, name: str) -> VectorLayer | None:
    """Return the layer that looks up what a node alone reads; None if it is made otherwise."""
    if name in lowering.graph.outputs or lowering.graph.consumers(name) != (node,):
        return None
    made = [layer for layer in lowering.layers if layer.name == name]
    if len(made) == 1 and isinstance(made[0], VectorLayer):
        return made[0] if made[0].operation is Operation.LOOK_UP else None
    return None


def _joined_code(
    requantization: Requantization,
    joins: Callable[[Int64, Int64], Int64],
    function: Callable[[Int64], Int64],
    number: Int64,
    codes: Int64,
) -> Int64:
    """Return what becomes of codes that are joined with one number."""
    return one_by_one(requantization, joins(function(codes), number))


def add_pairs(
    lowering: Lowering,
    node: AccumulatingNode,
    operation: Operation,
    functions: Sequence[Callable[[Int64], Int64]],
) -> None:
    """Add a layer that adds or multiplies functions of the codes of two tensors.

    Where one of them is the same number everywhere, the layer is a function of the other.
    """
    joins = np.add if operation is Operation.ADD else np.multiply
    names = list(node.inputs)
    given = list(functions)
    requantization = check_requantized(node)
    for place in (0, 1):
        values = lowering.values.get(names[place])
        if values is None or len(np.unique(values)) > 1 or len(requantization) > 1:
            continue
        other = 1 - place
        if lowering.tensor(names[other]).shape != lowering.tensor(node.output).shape:
            continue
        number = given[place](values.reshape(-1)[:1])
        add_look_up(
            lowering,
            node,
            names[other],
            partial(_joined_code, requantization, joins, given[other], number),
        )
        return
    if lowering.tensor(names[0]).elements < lowering.tensor(names[1]).elements:
        names.reverse()
        given.reverse()
    tables = tuple(
        function(codes_table(lowering, name)) for function, name in zip(given, names, strict=True)
    )
    bits = _ENTRY_BITS if operation is Operation.ADD else FACTOR_BITS
    if any(np.abs(table).max() >= 1 << (bits - 1) for table in tables):
        raise UserError(f"an operand has more than {bits} bits; the engine takes {bits}")
    a, b = operands(lowering, node, names)
    records = records_of(
        requantization,
        lowering.graph.accumulators[node.output],
        lowering.tensor(node.output),
        np.zeros(len(requantization), dtype=np.int64),
    )
    lowering.layers.append(
        VectorLayer(
            name=node.output,
            title=node.title,
            target=lowering.target(node.output, a.shape),
            operation=operation,
            a=a,
            b=b,
            tables=tables,
            records=records,
        )
    )


def operands(lowering: Lowering, node: Node, names: Sequence[str]) -> tuple[View, View]:
    """Return where the operands lie: of one shape, or the second of one pixel.

    Raises
    ------
    UserError
        If they are of other shapes.
    """
    a = lowering.view(names[0])
    natural = tuple(lowering.tensor(name).shape for name in names)
    if natural[0] != lowering.tensor(node.output).shape:
        raise UserError(
            f"its inputs are {natural[0]} and {natural[1]}; the engine repeats one only"
        )
    if natural[0] == natural[1]:
        return a, lowering.source(names[1], a.shape)
    b = lowering.view(names[1])
    if b.shape == (1, 1, a.channels) and natural[1][-1:] == natural[0][-1:]:
        return a, b
    raise UserError(
        f"its inputs are {natural[0]} and {natural[1]}; the engine repeats operands of one pixel "
        "with all channels"
    )

"""The innermost loop of products: tiles of sums in vector registers.

Numba has no vectors, so this one loop is written in LLVM's own language. Operands are 16 bits wide,
products are added in pairs to sums of 32 bits: processors have an instruction for it (x86: PMADDWD,
and VPDPWSSD, which LLVM chooses itself where there is one). Integers only, so that nothing is
rounded; whoever calls sees to it that no sum needs more than 32 bits.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

LANES = 16
"""Output channels of a tile."""

ROWS = 4
"""Pixels of a large tile."""

_SHORT, _WORD, _INDEX = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_SHORTS, _SUMS = ir.VectorType(_SHORT, LANES), ir.VectorType(_WORD, LANES)
_PAIRS = ir.VectorType(_SHORT, 2 * LANES)
_HALF = ir.VectorType(_WORD, LANES // 2)

Multiply = Callable[[ir.IRBuilder, ir.Value, ir.Value], ir.Value]
"""Two vectors of 32 shorts to 16 sums of two products each."""


def _order(*lanes: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(_WORD, len(lanes)), [ir.Constant(_WORD, n) for n in lanes])


def multiply_pairs_by_pmaddwd(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    """Multiply and add pairs by the instruction of x86 processors with AVX2."""
    kind = ir.FunctionType(_HALF, [_SHORTS, _SHORTS])
    instruction = builder.module.declare_intrinsic("llvm.x86.avx2.pmadd.wd", (), kind)
    low, high = _order(*range(LANES)), _order(*range(LANES, 2 * LANES))
    halves = [
        builder.call(instruction, [builder.shuffle_vector(v, v, half) for v in (a, b)])
        for half in (low, high)
    ]
    return builder.shuffle_vector(*halves, low)


def multiply_pairs(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    """Multiply and add pairs on any processor."""
    products = [
        builder.mul(
            *(builder.sext(builder.shuffle_vector(v, v, _order(*lanes)), _SUMS) for v in (a, b))
        )
        for lanes in (range(0, 2 * LANES, 2), range(1, 2 * LANES, 2))
    ]
    return builder.add(*products)


def fastest_multiply() -> Multiply:
    """Return how this processor multiplies pairs."""
    has_avx2 = binding.get_host_cpu_features().get("avx2", False)
    return multiply_pairs_by_pmaddwd if has_avx2 else multiply_pairs


def _load(builder: ir.IRBuilder, pointer: ir.Value, kind: ir.Type, align: int) -> ir.Value:
    value = builder.load(builder.bitcast(pointer, kind.as_pointer()))
    value.align = align
    return value


def _broadcast_pair(builder: ir.IRBuilder, pointer: ir.Value) -> ir.Value:
    """Load two shorts into all lanes."""
    pair = builder.insert_element(
        ir.Constant(_SUMS, ir.Undefined), _load(builder, pointer, _WORD, 2), ir.Constant(_WORD, 0)
    )
    return builder.bitcast(builder.shuffle_vector(pair, pair, _order(*(0,) * LANES)), _PAIRS)


def matrix_tile(rows: int, multiply: Multiply) -> Any:
    """Return an intrinsic of Numba for sums of 16 channels that share their inputs.

        sums[sums_at + r * sums_step + n] = bias[bias_at + n] + sum over (t, k) of
            values[at + r * step + runs[t] + k] * weights[weights_at + ..., n]

    with ``k`` below twice `steps`. Weights lie as (runs, steps, 16 channels, 2).

    Parameters
    ----------
    rows : int
        Pixels, `step` apart.
    multiply : Multiply
    """

    def inner(
        builder: ir.IRBuilder, rows_at: list[ir.Value], index: ir.Value, weights: ir.Value
    ) -> list[ir.Value]:
        constant = ir.Constant(_INDEX, 2 * LANES)
        at = builder.gep(weights, [builder.mul(index, constant)])
        factors = _load(builder, at, _PAIRS, 2)
        first = builder.shl(index, ir.Constant(_INDEX, 1))
        return [
            multiply(builder, _broadcast_pair(builder, builder.gep(row, [first])), factors)
            for row in rows_at
        ]

    return _tile(rows, 2 * LANES, inner)


def depthwise_tile(rows: int) -> Any:
    """Return an intrinsic of Numba for sums of 16 channels that each see one of their own.

        sums[sums_at + r * sums_step + n] = bias[bias_at + n] + sum over (t, k) of
            values[at + r * step + runs[t] + n] * weights[weights_at + 16 * t + n]

    `steps` is 1; weights lie as (runs, 16 channels).
    """

    def inner(
        builder: ir.IRBuilder, rows_at: list[ir.Value], index: ir.Value, weights: ir.Value
    ) -> list[ir.Value]:
        factors = builder.sext(_load(builder, weights, _SHORTS, 2), _SUMS)
        return [
            builder.mul(builder.sext(_load(builder, row, _SHORTS, 2), _SUMS), factors)
            for row in rows_at
        ]

    return _tile(rows, LANES, inner)


def _tile(
    rows: int,
    shorts: int,
    inner: Callable[[ir.IRBuilder, list[ir.Value], ir.Value, ir.Value], list[ir.Value]],
) -> Any:
    """Return the loops over runs and their steps, around what a step of so many weights adds."""

    @intrinsic
    def tile(
        context: Any, values: Any, at: Any, step: Any, runs: Any, steps: Any, weights: Any,
        weights_at: Any, bias: Any, bias_at: Any, sums: Any, sums_at: Any, sums_step: Any,
    ) -> Any:  # fmt: skip
        index = types.int64
        signature = types.void(
            values, index, index, runs, index, weights, index, bias, index, sums, index, index
        )
        return signature, generate

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        def array(position: int) -> Any:
            kind = signature.args[position]
            return context.make_array(kind)(context, builder, arguments[position])

        values, runs, weights, bias, sums = (array(n).data for n in (0, 3, 5, 7, 9))
        count = builder.extract_value(array(3).shape, 0)
        at, step, steps, weights_at, bias_at, sums_at, sums_step = (
            arguments[n] for n in (1, 2, 4, 6, 8, 10, 11)
        )
        one, zero = ir.Constant(_INDEX, 1), ir.Constant(_INDEX, 0)
        start = _load(builder, builder.gep(bias, [bias_at]), _SUMS, 4)
        pixels = [
            builder.gep(values, [builder.add(at, builder.mul(step, ir.Constant(_INDEX, row)))])
            for row in range(rows)
        ]
        first_factors = builder.gep(weights, [weights_at])
        entry = builder.block
        each_run, each_step, after_run, done = (
            builder.append_basic_block(name) for name in ("run", "step", "after_run", "done")
        )
        builder.branch(each_run)

        builder.position_at_end(each_run)
        run, totals = builder.phi(_INDEX), [builder.phi(_SUMS) for _ in range(rows)]
        factors = builder.phi(weights.type)
        offset = builder.load(builder.gep(runs, [run]))
        rows_at = [builder.gep(pixel, [offset]) for pixel in pixels]
        builder.branch(each_step)

        builder.position_at_end(each_step)
        position, partial = builder.phi(_INDEX), [builder.phi(_SUMS) for _ in range(rows)]
        products = inner(builder, rows_at, position, factors)
        added = [builder.add(*pair) for pair in zip(partial, products, strict=True)]
        next_position = builder.add(position, one)
        builder.cbranch(builder.icmp_signed("<", next_position, steps), each_step, after_run)

        builder.position_at_end(after_run)
        next_run = builder.add(run, one)
        read = builder.mul(steps, ir.Constant(_INDEX, shorts))
        next_factors = builder.gep(factors, [read])
        builder.cbranch(builder.icmp_signed("<", next_run, count), each_run, done)

        run.add_incoming(zero, entry)
        run.add_incoming(next_run, after_run)
        factors.add_incoming(first_factors, entry)
        factors.add_incoming(next_factors, after_run)
        position.add_incoming(zero, each_run)
        position.add_incoming(next_position, each_step)
        for total, sum_, result in zip(totals, partial, added, strict=True):
            total.add_incoming(start, entry)
            total.add_incoming(result, after_run)
            sum_.add_incoming(total, each_run)
            sum_.add_incoming(result, each_step)

        builder.position_at_end(done)
        for row, result in enumerate(added):
            place = builder.add(sums_at, builder.mul(sums_step, ir.Constant(_INDEX, row)))
            pointer = builder.bitcast(builder.gep(sums, [place]), _SUMS.as_pointer())
            builder.store(result, pointer).align = 4
        return context.get_dummy_value()

    return tile

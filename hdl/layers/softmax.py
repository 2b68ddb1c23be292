"""Softmax as TFLite's reference kernel computes it."""

from dataclasses import dataclass

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed

from bittrue.golden.graph.softmax import Softmax as SoftmaxNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.gemmlowp import (
    FORTY_EIGHT_SEVENTEENTHS,
    MINUS_THIRTY_TWO_SEVENTEENTHS,
    ONE,
)
from bittrue.golden.numbers.softmax import SUM_INTEGER_BITS
from bittrue.hdl.blocks.adder_tree import add_term
from bittrue.hdl.blocks.multiply import MULTIPLY_LATENCY, multiply
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.softmax_rows import SoftmaxRows, SoftmaxRowsSpec
from bittrue.hdl.layers.registry import makes_layers_of

_MULTIPLICATIONS = 7
"""Of the reciprocal: a first guess, and two for each of three Newton-Raphson steps."""


@dataclass(frozen=True, eq=False)
class SoftmaxSpec(SoftmaxRowsSpec):
    """Softmax of codes of at most 8 bits; see `SoftmaxRowsSpec`."""

    node: SoftmaxNode

    exponential_width = ONE.bit_length()
    sum_width = 32
    headroom = SUM_INTEGER_BITS
    reciprocal_cycles = _MULTIPLICATIONS * (MULTIPLY_LATENCY + 1) + 1
    product_cycles = MULTIPLY_LATENCY

    @property
    def exponential(self) -> Int64:
        """The table of exponentials; differences beyond its end are as the last."""
        return self.node.exponential

    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what the reciprocal, its multiplier and the sequence of a row take, estimated."""
        return Costs(316, 4)

    def build(self, name: str) -> "Softmax":
        """Return the circuit."""
        return Softmax(self, name)


@makes_layers_of(SoftmaxNode)
def softmax_spec(node: SoftmaxNode, place: Place) -> SoftmaxSpec:
    """Return the layer of a node."""
    return SoftmaxSpec(node, place.tensors)


class Softmax(SoftmaxRows[SoftmaxSpec]):
    """Softmax over the channels, row by row; see `SoftmaxRows`.

        o[c] = round(exponential[largest - i[c]] / sum of all exponentials), scaled

    `golden.numbers.softmax` has the arithmetic. One multiplier of 32 x 32 bits serves the
    reciprocal's Newton-Raphson steps and then the scaling of the codes, one after the other.

    Parameters
    ----------
    spec : SoftmaxSpec
    name : str
        Of the ROM file; unique within a design.
    """

    def _added(self, total: Value, term: Value) -> Value:
        return add_term(total, term[SUM_INTEGER_BITS:], term[SUM_INTEGER_BITS - 1])

    def _reciprocal(self, m: Module, stages: Stages, total: Value) -> "_Reciprocal":
        return _Reciprocal(m, half_denominator=total[1:])

    def _multiplied(self, stages: Stages, a: Value, b: Value) -> Value:
        return multiply(stages, "product", a, b, addend=C(1 << 30))[31:].as_signed()

    def _output_code(self, stages: Stages, product: Value, headroom: Value) -> Value:
        """Return the product, divided by ``2**(shift - headroom)`` half up, as a code."""
        kind = self.spec.output.type
        shift = SUM_INTEGER_BITS + 31 - kind.width
        shifted = stages.register("shifted", (product << headroom)[shift - 1 :].as_unsigned())
        rounded = (shifted + 1) >> 1
        steps = (1 << kind.width) - 1
        code = Mux(rounded[kind.width :].any(), steps, rounded)[: kind.width]
        lowest_bits = kind.minimum & steps  # Turns the top bit of a signed code.
        return stages.register("code", code ^ lowest_bits)


class _Reciprocal:
    """1 / (1 + x) in Q0.31 as gemmlowp's one_over_one_plus_x_for_x_in_0_1 computes it.

    With ``half_denominator = (1 + x) / 2`` in Q0.31, between one half and one:

        guess = 48 / 17 - 32 / 17 * half_denominator                             Q2.29
        three times: guess += guess * (1 - half_denominator * guess)
        result = guess / 2

    The first guess errs by at most 1/17 and every step squares the error, so neither corrections
    nor guesses leave 32 bits; the result alone saturates, at 1.0.

    Attributes
    ----------
    a, b : Value
        Operands of the multiplication under way.
    result : Value
        Valid when finished.
    finished : Value
        Whether the last step has been taken.
    """

    def __init__(self, m: Module, half_denominator: Value) -> None:
        self._guess = Signal(signed(32), name="guess", reset_less=True)
        self._error = Signal(signed(32), name="error", reset_less=True)
        self._number = Signal(range(_MULTIPLICATIONS + 1), name="multiplication")
        self._cycle = Signal(range(MULTIPLY_LATENCY + 1), name="multiplication_cycle")
        denominator = Cat(half_denominator, C(0, 1)).as_signed()
        corrects = (self._number != 0) & ~self._number[0]
        self.a: Value = Mux(corrects, self._guess, denominator)
        self.b: Value = Mux(
            self._number == 0,
            C(MINUS_THIRTY_TWO_SEVENTEENTHS, signed(32)),
            Mux(corrects, self._error, self._guess),
        )
        self.finished: Value = self._number == _MULTIPLICATIONS
        self.result = Signal(signed(32), name="reciprocal", reset_less=True)

    def advance(self, m: Module, product: Value) -> None:
        """Add the statements of one cycle; `product` is of operands of `MULTIPLY_LATENCY` ago."""
        with m.If(self.finished):
            one = self._guess[30:].any()
            m.d.sync += [
                self.result.eq(Mux(one, ONE, self._guess << 1)),
                self._number.eq(0),
            ]
        with m.Elif(self._cycle != MULTIPLY_LATENCY):
            m.d.sync += self._cycle.eq(self._cycle + 1)
        with m.Else():
            m.d.sync += [self._cycle.eq(0), self._number.eq(self._number + 1)]
            with m.If(self._number == 0):
                m.d.sync += self._guess.eq(product + FORTY_EIGHT_SEVENTEENTHS)
            with m.Elif(self._number[0]):
                m.d.sync += self._error.eq((1 << 29) - product)
            with m.Else():
                m.d.sync += self._guess.eq(self._guess + (product << 2))

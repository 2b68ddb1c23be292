"""Softmax of 16-bit codes as TFLite's kernels compute it."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from numpy.typing import NDArray

from bittrue.golden.graph.softmax16 import Softmax16 as Softmax16Node
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.look_up import look_up, stored_width
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import usual_rom_cost
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.softmax_rows import SoftmaxRows, SoftmaxRowsSpec
from bittrue.hdl.layers.registry import makes_layers_of

_BITS = 15
"""Fraction bits of exponentials, reciprocals and outputs."""

_SUM_WIDTH = 31
"""Of fewer than 2**16 exponentials."""

_HEADROOM = 16
"""The sum holds the exponential of the largest code, at least 2**14."""

_POSITION_WIDTH = 16
"""Of a sum in the table of reciprocals: 9 bits of the step, and 7 within it."""

_OFFSET_WIDTH = 7


@dataclass(frozen=True, eq=False)
class Softmax16Spec(SoftmaxRowsSpec):
    """Softmax of 16-bit codes of fewer than 65536 channels; see `SoftmaxRowsSpec`."""

    node: Softmax16Node

    exponential_width = _BITS
    sum_width = _SUM_WIDTH
    headroom = _HEADROOM
    product_cycles = MULTIPLIER_LATENCY
    reciprocal_cycles = 3 + MULTIPLIER_LATENCY

    @property
    def exponential(self) -> Int64:
        """The table of exponentials; differences beyond its end are as the last."""
        table = self.node.exponential
        # From here on all are equal.
        constant = int(np.argmax(table == table[-1]))
        return table[: constant + 1].astype(np.int64)

    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what the reciprocal, its multiplier and the sequence of a row take, estimated."""
        entries = self.node.reciprocal.astype(np.int64)
        columns = {"entry": entries[:-1], "slope": np.diff(entries)}
        table = usual_rom_cost(stored_width(columns), len(entries) - 1, fabric).sum()
        return Costs(320, 1) + table

    def build(self, name: str) -> "Softmax16":
        """Return the circuit."""
        return Softmax16(self, name)


@makes_layers_of(Softmax16Node)
def softmax16_spec(node: Softmax16Node, place: Place) -> Softmax16Spec:
    """Return the layer of a node."""
    return Softmax16Spec(node, place.tensors)


class Softmax16(SoftmaxRows[Softmax16Spec]):
    """Softmax of 16-bit codes over the channels, row by row; see `SoftmaxRows`.

        o[c] = half_up(exponential[largest - i[c]] * reciprocal(sum of all) / 2**shift)

    `golden.numbers.softmax16` has the arithmetic. One multiplier of 17 x 16 bits interpolates the
    table of reciprocals and then scales the codes.

    Parameters
    ----------
    spec : Softmax16Spec
    name : str
        Prefix of the names of ROM files; unique within a design.
    """

    def _added(self, total: Value, term: Value) -> Value:
        return (total + term)[:_SUM_WIDTH]

    def _reciprocal(self, m: Module, stages: Stages, total: Value) -> "_Interpolation":
        return _Interpolation(
            m, stages, total, self.spec.node.reciprocal, f"{self.name}_reciprocal"
        )

    def _multiplied(self, stages: Stages, a: Value, b: Value) -> Value:
        return multiplier(stages, "product", a, b)

    def _output_code(self, stages: Stages, product: Value, headroom: Value) -> Value:
        """Return the product, divided by ``2**(30 - headroom)`` half up, as a code."""
        positive = product[: 2 * _BITS]
        shifted = stages.register(
            "shifted", (positive << headroom)[2 * _BITS - 1 : 2 * _BITS + _HEADROOM]
        )
        rounded = (shifted + 1) >> 1
        largest = (1 << _BITS) - 1
        code = Mux(rounded[_BITS:].any(), largest, rounded)[:_BITS]
        return Cat(stages.register("code", code), C(0, 1)).as_signed()


class _Interpolation:
    """1 / sum from a table over sums whose top bit is set, interpolated.

        result = entry[step] + (((entry[step + 1] - entry[step]) * offset + 64) >> 7)

    `step` and `offset` are the bits below the top one of the sum, rounded half up to 16; the last
    position stands for all that round beyond it.

    Attributes
    ----------
    a, b : Value
        Operands of the multiplication: slope and offset.
    result : Signal
        Q0.15, unsigned; kept signed for the multiplier.
    finished : Value
        Whether the result is taken at the end of this cycle.
    """

    def __init__(
        self, m: Module, stages: Stages, total: Value, table: NDArray[np.integer], name: str
    ) -> None:
        dropped = len(total) - 1 - _POSITION_WIDTH
        rounded = (total[dropped - 1 : -1] + 1) >> 1
        last = (1 << _POSITION_WIDTH) - 1
        clamped = Mux(rounded > last, last, rounded)[:_POSITION_WIDTH]
        position = stages.register("position", clamped)
        entries = table.astype(np.int64)
        columns = {"entry": entries[:-1], "slope": np.diff(entries)}
        found = look_up(m, stages, name, position[_OFFSET_WIDTH:], columns)
        self._entry = found["entry"]
        self._cycle = Signal(range(Softmax16Spec.reciprocal_cycles), name="reciprocal_cycle")
        self.a: Value = found["slope"]
        self.b: Value = Cat(position[:_OFFSET_WIDTH], C(0, 1)).as_signed()
        self.finished: Value = self._cycle == Softmax16Spec.reciprocal_cycles - 1
        self.result = Signal(_BITS, name="reciprocal", reset_less=True)

    def advance(self, m: Module, product: Value) -> None:
        """Add the statements of one cycle; `product` is that of slope and offset in the last."""
        half = 1 << (_OFFSET_WIDTH - 1)
        m.d.sync += self._cycle.eq(self._cycle + 1)
        with m.If(self.finished):
            m.d.sync += [
                self._cycle.eq(0),
                self.result.eq(self._entry + ((product + half) >> _OFFSET_WIDTH)),
            ]

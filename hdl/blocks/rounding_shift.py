"""Shift a product right by a run-time amount and gather what any rounding needs to know."""

from dataclasses import dataclass

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value

from bittrue.golden.numbers.requant_spec import RequantSpec
from bittrue.golden.numbers.rounding import RANDOM_BITS, Rounding
from bittrue.hdl.blocks.pipeline import Stages

ROUNDING_SHIFT_LATENCY = 4

LEFT_SHIFT_OFFSET = 32
"""Added to the right shift where left shifts are possible, so that both are one unsigned number."""


def shift_width(spec: RequantSpec) -> int:
    """Bits of the run-time shift: ``-exponent``, plus `LEFT_SHIFT_OFFSET` with left shifts."""
    return 6 if spec.maximum_exponent > 0 else 5


@dataclass(frozen=True)
class _Window:
    """Bits on their way to the output: fraction bits, then the bits of the result.

    ``overflow`` tells whether a bit lost at the top was no copy of the sign, ``differs`` whether
    a bit lost at the bottom was no copy of the first rounding's carry.
    """

    bits: Value
    overflow: Value
    differs: Value


class RoundingShift:
    """A funnel shifter that rounds: ``value + step`` is the rounded ``product / 2**shift``.

    The first rounding of `TFLITE_DOUBLE` and `RUY`, half up at ``multiplier_width`` fraction bits,
    adds its carry to ``product >> multiplier_width``. Between there and the final guard bit lie
    bits that the shift drops; the carry reaches the guard bit only through ones, so comparing the
    dropped bits with the carry replaces the addition:

    - carry = 1: value + carry rounds up when the guard bit is set or all dropped bits are ones;
    - carry = 0: as usual, from the guard bit and whether any dropped bit is a one.

    Parameters
    ----------
    m : Module
        Receives the statements.
    pipeline : Stages
        Where the registers go; `ROUNDING_SHIFT_LATENCY` cycles.
    spec : RequantSpec
        Widths and roundings.
    product : Value
        Signed, ``accumulator.width + multiplier_width`` bits.
    shift : Value
        `shift_width` bits, unsigned.
    rounding : Value
        Index into ``spec.roundings``.
    random : Value
        `RANDOM_BITS` bits, for `Rounding.STOCHASTIC`, read in the last cycle.

    Attributes
    ----------
    value : Value
        Signed, one bit wider than the output, saturated.
    step : Value
        One bit, to be added to `value`.
    """

    def __init__(
        self,
        m: Module,
        pipeline: Stages,
        spec: RequantSpec,
        product: Value,
        shift: Value,
        rounding: Value,
        random: Value,
    ) -> None:
        self._spec = spec
        self._result_bits = spec.output.width + 1
        self._fraction_bits = RANDOM_BITS if Rounding.STOCHASTIC in spec.roundings else 1
        twice = _selects(spec, rounding, [r for r in spec.roundings if r.rounds_twice])

        sign = product[-1]
        carry = product[spec.multiplier_width - 1]
        right = shift[5] if spec.maximum_exponent > 0 else C(1)
        reference = carry & twice
        window, lost = self._enter(product, sign, right, twice, carry)
        window = self._drop(window, 16, shift[4], sign, reference)
        window, sign, reference, shift, lost, right = _register(
            pipeline, "coarse", window, sign, reference, shift, lost, right
        )
        window = self._drop(window, 8, shift[3], sign, reference)
        window = self._drop(window, 4, shift[2], sign, reference)
        window, sign, reference, shift, lost, right = _register(
            pipeline, "middle", window, sign, reference, shift, lost, right
        )
        window = self._drop(window, 2, shift[1], sign, reference)
        window = self._drop(window, 1, shift[0], sign, reference)
        window, sign, reference, shift, lost, right = _register(
            pipeline, "fine", window, sign, reference, shift, lost, right
        )

        below_guard = window.bits[: self._fraction_bits - 1]
        guard = window.bits[self._fraction_bits - 1]
        result = window.bits[self._fraction_bits :]
        differs = window.differs | _any_unlike(below_guard, reference)
        step = Signal(name="rounding_step")
        for index, kind in enumerate(spec.roundings):
            with m.If(rounding == index):
                m.d.comb += step.eq(
                    _step(kind, guard, result[0], sign, differs, lost, reference, right)
                    if kind is not Rounding.STOCHASTIC
                    else (window.bits[:RANDOM_BITS] + random)[RANDOM_BITS]
                )
        overflow = window.overflow | (result[-1] != sign)
        limit = Cat((~sign).replicate(self._result_bits - 1), sign)
        self.value = pipeline.register(
            "shifted", Mux(overflow, limit, result)[: self._result_bits].as_signed()
        )
        self.step = pipeline.register("step", step)

    def _enter(
        self, product: Value, sign: Value, right: Value, twice: Value, carry: Value
    ) -> tuple[_Window, Value]:
        """Choose between left and right shifts, and note the ones lost below the window."""
        spec, fraction = self._spec, self._fraction_bits
        width = self._result_bits + fraction + 31
        base = spec.multiplier_width - fraction
        below = product[: max(base, 0)]
        aligned = Cat(product[max(base, 0) :]) if base >= 0 else Cat(C(0, -base), product)
        if fraction > 1:
            carries = carry.replicate(fraction - 1)
            aligned = Cat(Mux(twice, carries, aligned[: fraction - 1]), aligned[fraction - 1 :])
        bits, overflow = _fit(aligned, width, sign)
        if spec.maximum_exponent > 0:
            raised = Cat(C(0, LEFT_SHIFT_OFFSET - base), product)
            left_bits, left_overflow = _fit(raised, width, sign)
            bits = Mux(right, bits, left_bits)
            overflow = Mux(right, overflow, left_overflow)
        return _Window(bits, overflow, C(0)), right & below.any()

    def _drop(
        self, window: _Window, amount: int, select: Value, sign: Value, reference: Value
    ) -> _Window:
        """Shift right by `amount` where selected, keeping what later stages can still need."""
        keep = self._result_bits + self._fraction_bits + amount - 1
        unshifted, overflow = _fit(window.bits, keep, sign)
        shifted, shifted_overflow = _fit(window.bits[amount:], keep, sign)
        return _Window(
            Mux(select, shifted, unshifted),
            window.overflow | Mux(select, shifted_overflow, overflow),
            window.differs | (select & _any_unlike(window.bits[:amount], reference)),
        )


def _fit(bits: Value, width: int, sign: Value) -> tuple[Value, Value]:
    """Cut or sign-extend to `width` bits; tell whether a bit cut off was no copy of the sign."""
    if len(bits) <= width:
        return Cat(bits, sign.replicate(width - len(bits))), C(0)
    return bits[:width], _any_unlike(bits[width:], sign)


def _any_unlike(bits: Value, reference: Value) -> Value:
    return (bits ^ reference.replicate(len(bits))).any()


def _selects(spec: RequantSpec, rounding: Value, chosen: list[Rounding]) -> Value:
    """Tell whether the run-time rounding is one of `chosen`; a constant where that is known."""
    if len(chosen) == len(spec.roundings):
        return C(1)
    indices = [spec.roundings.index(kind) for kind in chosen]
    return Cat(rounding == index for index in indices).any() if indices else C(0)


def _register(
    pipeline: Stages, prefix: str, window: _Window, *values: Value
) -> tuple[_Window, *tuple[Value, ...]]:
    names = ("sign", "carry", "shift", "lost", "right")
    registered = _Window(
        pipeline.register(f"{prefix}_bits", window.bits),
        pipeline.register(f"{prefix}_overflow", window.overflow),
        pipeline.register(f"{prefix}_differs", window.differs),
    )
    return registered, *(
        pipeline.register(f"{prefix}_{name}", value)
        for name, value in zip(names, values, strict=True)
    )


def _step(
    rounding: Rounding,
    guard: Value,
    odd: Value,
    negative: Value,
    differs: Value,
    lost: Value,
    carry: Value,
    right: Value,
) -> Value:
    """Return whether the result is one more than the bits above the guard bit say."""
    sticky = differs | lost
    match rounding:
        case Rounding.SINGLE_HALF_UP:
            return guard
        case Rounding.SINGLE_HALF_AWAY:
            return guard & (sticky | ~negative)
        case Rounding.SINGLE_HALF_EVEN:
            return guard & (sticky | odd)
        case Rounding.TRUNCATE:
            return negative & (guard | sticky)
        case Rounding.RUY:
            return guard | (right & carry & ~differs)
        case Rounding.TFLITE_DOUBLE:
            once_more = Mux(carry, guard | ~differs, guard & differs)
            return Mux(right & (carry ^ negative), once_more, guard)
        case _:
            return C(0)

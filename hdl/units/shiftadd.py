"""The multi-precision unit: two-bit multipliers composed by shift and add at run time."""

from dataclasses import dataclass

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.shiftadd_spec import BRICKS, ShiftAddSpec
from bittrue.hdl.blocks.accumulator import FramePipeline
from bittrue.hdl.blocks.bricks import BRICK, brick_product
from bittrue.hdl.blocks.shapes import shape_of

_DIGIT_COUNTS = (1, 2, 4)
"""Two-bit digits of an operand of 2, 4 and 8 bits."""


@dataclass(frozen=True)
class _Brick:
    """A place in the tree that adds the bricks' products.

    Bits 0 and 2 of the number say which digit of `b` the brick takes, bits 1 and 3 which digit of
    `a`, as far as the operands have digits; the bits left over say which product it belongs to.
    The tree shifts by a digit where a bit of the number stands for a digit, and only adds where it
    stands for a product.
    """

    number: int

    def digits(self, a_digits: int, b_digits: int) -> tuple[int, int]:
        """Return which digit of all `a` and of all `b` operands the brick multiplies."""
        bit = [self.number >> place & 1 for place in range(4)]
        a_places, b_places = {1: [], 2: [1], 4: [1, 3]}, {1: [], 2: [0], 4: [0, 2]}
        used = a_places[a_digits] + b_places[b_digits]
        free = [place for place in (1, 3, 2, 0) if place not in used]
        product = _number([bit[place] for place in free])
        a = product * a_digits + _number([bit[place] for place in a_places[a_digits]])
        b = product * b_digits + _number([bit[place] for place in b_places[b_digits]])
        return a, b


def _number(bits: list[int]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


class ShiftAddUnit(wiring.Component):
    """Multiply operands of 2, 4, 8 or 16 bits in pairs and add up the products of a frame.

        o.payload = sum(a * b),  a * b = sum(4**(i + j) * a_digit[i] * b_digit[j])

    Parameters
    ----------
    spec : ShiftAddSpec
        Widest operand, and length of a frame.

    Members
    -------
    i : In(stream.Signature(...))
        ``a`` and ``b``: operands side by side in bytes, the first one lowest, as many as the
        sixteen bricks multiply at once: 16 products of 2 x 2 bits, 8 of 4 x 2, 4 of 4 x 4 or
        8 x 2, 2 of 8 x 4, 1 of 8 x 8; 16 bits count as 8. ``a_width`` and ``b_width``: 0, 1, 2, 3
        for 2, 4, 8, 16 bits; a code beyond ``spec.maximum_width`` means that width. ``a_signed``
        and ``b_signed``. ``last`` ends a frame. The mode may change with every beat.
    o : Out(stream.Signature(...))
        The sum of each frame.

    Latency `latency` cycles from the last beat. One beat per cycle; a beat takes two cycles for
    each operand side of 16 bits (four for 16 x 16). All stages hold while a sum waits. Digits'
    products lie within -6 and 9 and every sum is as wide as it can become; the accumulator holds
    the sum of ``spec.length`` products of any mode, and beyond that wraps.
    """

    latency = 9

    def __init__(self, spec: ShiftAddSpec) -> None:
        self.spec = spec
        operands = data.ArrayLayout(8, spec.operand_bytes)
        payload = data.StructLayout(
            {
                "a": operands,
                "b": operands,
                "a_width": 2,
                "b_width": 2,
                "a_signed": 1,
                "b_signed": 1,
                "last": 1,
            }
        )
        super().__init__(
            {
                "i": In(stream.Signature(payload)),
                "o": Out(stream.Signature(shape_of(spec.sum_type))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build byte selection, routing, bricks, the tree and the accumulator."""
        m = Module()
        beat = self.i.payload
        a_high, b_high, a_wide, b_wide = self._count_bytes(m)
        steps = stream.Signature(data.StructLayout({"last": 1})).create()
        finished = (a_high | ~a_wide) & (b_high | ~b_wide)
        m.d.comb += [
            steps.valid.eq(self.i.valid),
            steps.payload.last.eq(beat.last & finished),
            self.i.ready.eq(steps.ready & finished),
        ]
        last = steps.payload.last
        pipeline = FramePipeline(m, platform, steps.valid, last, self.latency, stalls=True)
        pipeline.stall_between(steps, self.o)
        with m.If(steps.valid & steps.ready):
            m.d.sync += [
                a_high.eq(a_wide & ~a_high),
                b_high.eq(Mux(a_high | ~a_wide, b_wide & ~b_high, b_high)),
            ]

        # Stage 1: the digits at work, and how they are to be taken.
        a = pipeline.register("a_digits", self._bytes_at_work(beat.a, a_wide, a_high))
        b = pipeline.register("b_digits", self._bytes_at_work(beat.b, b_wide, b_high))
        a_signed = pipeline.register("a_top_signed", beat.a_signed & (a_high | ~a_wide))
        b_signed = pipeline.register("b_top_signed", beat.b_signed & (b_high | ~b_wide))
        a_mode = pipeline.register("a_mode", _one_hot(beat.a_width))
        b_mode = pipeline.register("b_mode", _one_hot(beat.b_width))
        weight = pipeline.register("weight_1", a_high + b_high)

        # Stages 2 and 3: each brick's digits, then its product.
        products = []
        for number in range(BRICKS):
            x, y = self._route(_Brick(number), a, b, a_mode, b_mode)
            x_top = _is_top(number >> 1, a_mode) & a_signed
            y_top = _is_top(number, b_mode) & b_signed
            operands = pipeline.register(f"brick_{number}_operands", Cat(x, y, x_top, y_top))
            products.append(pipeline.register(f"brick_{number}", brick_product(operands)))

        # Stages 4 to 7: neighbours in the tree, shifted where they are digits of one product.
        low, high = BRICK.minimum, BRICK.maximum
        modes = (b_mode, a_mode, b_mode, a_mode)
        for level, (mode, shift) in enumerate(zip(modes, (2, 2, 4, 4), strict=True)):
            is_digit = mode[1] | mode[2] if shift == 2 else mode[2]
            shifts = pipeline.register(f"shifts_{level}", is_digit, 2 + level)
            low, high = low + (low << shift), high + (high << shift)
            kind = IntegerType.spanning(low, high)
            products = [
                pipeline.register(
                    f"sum_{level}_{number}",
                    (even + Mux(shifts, odd << shift, odd))[: kind.width].as_signed(),
                )
                for number, (even, odd) in enumerate(
                    zip(products[0::2], products[1::2], strict=True)
                )
            ]

        # Stages 8 and 9: the weight of the bytes, and the sum of the frame.
        weight = pipeline.register("weight", weight, 6)
        term = Mux(weight[1], products[0] << 16, Mux(weight[0], products[0] << 8, products[0]))
        if self.spec.maximum_width == 8:
            term = products[0]
        term = pipeline.register("term", term)
        m.d.comb += self.o.payload.eq(pipeline.accumulate("total", self.spec.sum_type, term))
        return m

    def _count_bytes(self, m: Module) -> tuple[Value, Value, Value, Value]:
        """Return which byte of 16-bit operands is at work, and whether they have 16 bits."""
        a_high, b_high = Signal(name="a_high"), Signal(name="b_high")
        if self.spec.maximum_width == 8:
            return a_high, b_high, C(0, 1), C(0, 1)
        return a_high, b_high, self.i.payload.a_width == 3, self.i.payload.b_width == 3

    def _bytes_at_work(self, operands: data.View, wide: Value, high: Value) -> Value:
        """Return four bytes: the first four, or one byte of each 16-bit operand."""
        if self.spec.maximum_width == 8:
            return Cat(*operands)
        return Cat(
            *(
                Mux(wide, Mux(high, operands[2 * k + 1], operands[2 * k]), operands[k])
                for k in range(4)
            )
        )

    def _route(
        self, brick: _Brick, a: Value, b: Value, a_mode: Value, b_mode: Value
    ) -> tuple[Value, Value]:
        """Return the digits that a brick multiplies, by the operands' modes."""
        a_modes: dict[int, list[Value]] = {}
        b_modes: dict[int, list[Value]] = {}
        for a_code, a_digits in enumerate(_DIGIT_COUNTS):
            for b_code, b_digits in enumerate(_DIGIT_COUNTS):
                x, y = brick.digits(a_digits, b_digits)
                mode = a_mode[a_code] & b_mode[b_code]
                a_modes.setdefault(x, []).append(mode)
                b_modes.setdefault(y, []).append(mode)
        return _choose(a, a_modes), _choose(b, b_modes)


def _one_hot(width_code: Value) -> Value:
    """Return whether an operand has one, two, or four digits at work."""
    low, high = width_code
    return Cat(~(low | high), low & ~high, high)


def _is_top(number: int, mode: Value) -> Value:
    """Return whether a brick takes the top digit, by bits 0 and 2 of its number."""
    low, high = number & 1, number >> 2 & 1
    return mode[0] | (mode[1] & low) | (mode[2] & (low & high))


def _choose(operands: Value, modes: dict[int, list[Value]]) -> Value:
    """Return the two-bit digit whose modes hold."""
    result: Value = C(0, 2)
    for digit, conditions in modes.items():
        chosen = Cat(*conditions).any()
        result = result | (operands.word_select(digit, 2) & chosen.replicate(2))
    return result

"""Matrix-vector products with zero points: operand types and widths."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_ACCUMULATOR_WIDTH, WORD_BITS
from bittrue.golden.units.mac_spec import MacSpec, Multiplier, check_at_least_one, check_operand


@dataclass(frozen=True)
class DotSpec:
    """Parameters of a matrix-vector unit; golden, circuit and tests share one object.

        o[p] = bias[p] + sum over k of x[k] * (w[p][k] - weight_zero_point[p])

    Parameters
    ----------
    inputs, weights : IntegerType
        Of `x` and `w`: 2 to 16 bits, each signed or unsigned; up to 8 with `Multiplier.LUT`.
    lanes : int
        Inputs taken in one beat (SIMD).
    outputs : int
        Outputs computed at once (PE).
    length : int
        Most inputs of a dot product.
    multiplier : Multiplier
        What multiplies.
    weight_zero_point : bool
        Whether weights have zero points; they cost a running sum of inputs and a multiplier for
        each output.
    bias : IntegerType
        Of the bias, into which the zero point of the inputs is folded; signed, up to 48 bits.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    inputs: IntegerType = IntegerType(8, True)
    weights: IntegerType = IntegerType(8, True)
    lanes: int = 4
    outputs: int = 4
    length: int = 1024
    multiplier: Multiplier = Multiplier.DSP
    weight_zero_point: bool = False
    bias: IntegerType = IntegerType(32, True)

    def __post_init__(self) -> None:
        check_operand("inputs", self.inputs, self.multiplier.widest)
        check_operand("weights", self.weights, self.multiplier.widest)
        check_at_least_one(lanes=self.lanes, outputs=self.outputs)
        if not (self.bias.signed and self.bias.width <= MAXIMUM_ACCUMULATOR_WIDTH):
            raise UserError(
                f"bias is {self.bias}; allowed: signed, up to {MAXIMUM_ACCUMULATOR_WIDTH} bits"
            )
        width = self.output_type.width
        if width > WORD_BITS:
            raise UserError(
                f"length is {self.length}; the outputs would have {width} bits, "
                f"allowed: {WORD_BITS}"
            )

    @property
    def mac(self) -> MacSpec:
        """The multiply-accumulate unit inside."""
        return MacSpec(
            a=self.inputs,
            b=self.weights,
            lanes=self.lanes,
            columns=self.outputs,
            length=self.length,
            multiplier=self.multiplier,
        )

    @property
    def input_sum(self) -> IntegerType:
        """Type of the running sum of inputs."""
        return IntegerType.spanning(
            self.length * self.inputs.minimum, self.length * self.inputs.maximum
        )

    @property
    def output_type(self) -> IntegerType:
        """Narrowest type that holds every output: bias, products and zero points at their worst."""
        low, high = self.mac.sum_type.minimum, self.mac.sum_type.maximum
        if self.weight_zero_point:
            corners = [
                z * total
                for z in (self.weights.minimum, self.weights.maximum)
                for total in (self.input_sum.minimum, self.input_sum.maximum)
            ]
            low, high = low - max(corners), high - min(corners)
        return IntegerType.spanning(low + self.bias.minimum, high + self.bias.maximum)

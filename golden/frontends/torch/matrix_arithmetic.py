"""The integers of a layer with weights: what its accumulators mean, and what becomes of them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.certificates.certificate import CertificateError, Reference
from bittrue.golden.certificates.certificate_search import find_certificate
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.exact import codes_of, extreme_codes
from bittrue.golden.frontends.torch.integer_weight import IntegerWeight
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.frontends.torch.limits import Range
from bittrue.golden.frontends.torch.lowering_context import WIDEST_EXACT, LoweringContext
from bittrue.golden.graph import AccumulatorBounds, Certified, Encoding, MatrixNode, Requantization
from bittrue.golden.lowering.integer_requant import integer_requantization
from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.numbers.rounding import Rounding

LARGEST_BIAS = 1 << 30
"""Codes of the bias that leave an accumulator of 32 bits room for the products."""


@dataclass(frozen=True, eq=False)
class MatrixArithmetic:
    """A layer's result from its accumulators: ``slope * (accumulator - bias) + offset``.

    Batch normalization is part of slope and offset. Channels whose normalization descends have
    their weights negated, so that every slope is positive or zero.

    Parameters
    ----------
    weight : IntegerWeight
        With channels negated.
    slope, offset : ndarray of float64, shape (output channels,)
    bias : ndarray of int64, shape (output channels,)
        The offset in whole steps, which the accumulator starts from.
    """

    weight: IntegerWeight
    slope: Float64
    offset: Float64
    bias: Int64

    @classmethod
    def of(cls, layer: Matrix, context: LoweringContext) -> "MatrixArithmetic":
        """Return the arithmetic of a layer, of whose weights the context has the integers.

        Raises
        ------
        UserError
            Naming the channel whose bias leaves the accumulator no room.
        """
        weight = context.weights[layer.output]
        slope = context.scale(layer.inputs[0]) * weight.scale.astype(np.float64)
        offset = layer.bias.detach().double().numpy()
        if layer.normalization is not None:
            factor = layer.normalization.scale.detach().double().numpy()
            slope = slope * factor
            offset = offset * factor + layer.normalization.offset.detach().double().numpy()
        weight = _negated(weight, slope < 0)
        slope = np.abs(slope)
        steps = np.divide(offset, slope, out=np.zeros_like(offset), where=slope > 0)
        outside = np.flatnonzero(np.abs(steps) > LARGEST_BIAS)
        if outside.size:
            channel = outside[0]
            raise UserError(
                f"the bias of channel {channel} is {steps[channel]:.3g} times the step of its "
                "products; the channel's weights are as good as zero: prune it, or give the layer "
                "granularity tensor"
            )
        return cls(weight, slope, offset, np.rint(steps).astype(np.int64))

    def requantized(self, node: MatrixNode, clamp: Range, context: LoweringContext) -> MatrixNode:
        """Give the node of the layer the requantization that its output asks for."""
        bounds = context.bounds(node)
        if context.is_exact(node.output):
            try:
                exact = self.exact(bounds, context.map(node.output), clamp)
                return replace(node, requantization=exact)
            except CertificateError:  # Fine steps can ask for more bits than a multiplier has.
                if not _has_wide_operands(node, context):
                    raise
        scale = self.slope / context.scale(node.output)
        rounded = context.requantization(node.output, scale, clamp, bounds.type)
        return replace(node, requantization=rounded)

    def exact(self, bounds: AccumulatorBounds, output: QuantType, clamp: Range) -> Requantization:
        """Return requantization that equals real arithmetic on every reachable accumulator.

        Parameters
        ----------
        bounds : AccumulatorBounds
            Of the accumulators, bias included.
        output : QuantType
            Codes of the result; values are rounded to the nearest, ties to even.
        clamp : (float, float)
            The activation function.

        Raises
        ------
        CertificateError
            If no multiplier of 31 bits does it.
        """

        def reference_of(channels: slice) -> Reference:
            bias, slope = self.bias[channels], self.slope[channels]
            offset = self.offset[channels]

            def codes(accumulator: Int64) -> Int64:
                return codes_of((accumulator - bias) * slope + offset, output, clamp)

            return codes

        low, high = (
            np.broadcast_to(end, self.bias.shape) for end in (bounds.minimum, bounds.maximum)
        )
        zero_point, limits = output.zero_point, extreme_codes(output, clamp)
        try:
            certificate = find_certificate(
                reference_of(slice(None)), low, high, zero_point, *limits
            )
            return Certified(certificate, output.type)
        except CertificateError:  # Scales of powers of two make every other threshold a tie.
            step = output.scale
            return integer_requantization(
                reference_of,
                bounds,
                self.slope / step,
                Rounding.SINGLE_HALF_EVEN,
                output.type,
                zero_point,
                limits,
                offset=(self.offset - self.bias * self.slope) / step,
            )


def _has_wide_operands(node: MatrixNode, context: LoweringContext) -> bool:
    widest = max(node.weight_type.width, context.tensors[node.inputs[0]].type.width)
    return widest > WIDEST_EXACT


def _negated(weight: IntegerWeight, channels: NDArray[np.bool_]) -> IntegerWeight:
    """Return weights with some output channels negated."""
    if not channels.any():
        return weight
    chosen = channels.reshape(-1, *[1] * (weight.codes.ndim - 1))
    if weight.encoding.bipolar:
        return replace(weight, codes=np.where(chosen, 1 - weight.codes, weight.codes))
    values = np.where(chosen, -weight.values, weight.values)
    kind = IntegerType.spanning(min(int(values.min()), -1), int(values.max()))
    return replace(
        weight,
        codes=values,
        type=weight.type if kind.fits(weight.type) else kind,
        encoding=Encoding(),
    )

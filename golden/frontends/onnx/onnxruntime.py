"""What ONNX Runtime computes on its CPU execution provider.

With its default graph optimizations it replaces operators between DequantizeLinear and
QuantizeLinear by integer kernels; the files in brackets are those of ONNX Runtime that define
them. What it does not replace it computes in float32, in an order that depends on the machine.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.certificates.certificate import CertificateError, Reference
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic, scale_of
from bittrue.golden.frontends.onnx.float_averages import float_average
from bittrue.golden.frontends.onnx.no_integer_kernel import NoIntegerKernelError, refuse
from bittrue.golden.frontends.onnx.pairs import add_operands
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import (
    Accumulated,
    Fractions,
    Kernel,
    Limits,
    Operand,
    Real,
    Sum,
    fractions,
)
from bittrue.golden.graph import AccumulatorBounds, Requantization
from bittrue.golden.lowering.integer_requant import integer_requantization
from bittrue.golden.lowering.pair_addition import PairReference, ScaledSum
from bittrue.golden.numbers.arrays import Float32, Int64
from bittrue.golden.numbers.float_requant import requantize_float32_half_even
from bittrue.golden.numbers.rounding import Rounding


class OnnxRuntimeArithmetic(OnnxArithmetic):
    """The integer kernels of ONNX Runtime's default session.

    On x86 the default session replaces convolutions and matrix products of int8 activations only
    when ``session.qdqisint8allowed`` is ``1``; on Arm that is the default.
    """

    name = "onnxruntime"

    def table(self, real: Real, quantizer: Quantizer) -> Int64:
        """Return a table in float32.

        The kernels of single operators, and contrib_ops/cpu/quantization/qlinear_lookup_table.cc.
        """
        codes = np.arange(real.activation.type.minimum, real.activation.type.maximum + 1)
        numbers = real.encoding.decode(codes).astype(np.float32) * scale_of(real)
        for function in real.functions:
            numbers = function(numbers)
        return _quantized(numbers, quantizer)

    def bias(self, kernel: Kernel, bias: NDArray[Any]) -> tuple[Int64, Fractions]:
        """Round a bias to accumulators' units, as the optimizer does for integer kernels.

        core/optimizer/qdq_transformer/weight_bias_quantization.cc.
        """
        source, weight = kernel.scales
        with np.errstate(over="ignore"):
            units = np.rint(bias.astype(np.float32) / (source * weight))
        if not (np.abs(units) < 2.0**31).all():
            raise UserError("its bias exceeds 32 bits; quantize with a larger weight scale")
        return units.astype(np.int64), fractions([0.0])

    def takes_affine(self, accumulated: Accumulated) -> bool:
        """Return whether the optimizer makes a sum a bias: of a matrix product of two dimensions.

        core/optimizer/matmul_add_fusion.cc.
        """
        kernel = accumulated.kernel
        return (
            kernel is not None
            and kernel.name == "matrix"
            and not kernel.explicit
            and len(accumulated.layout.shape) == 1
            and accumulated.limits == Limits()
        )

    def requantization(
        self, accumulated: Accumulated, bounds: AccumulatorBounds, quantizer: Quantizer
    ) -> Requantization:
        """Return integers that make the codes that the float32 of a kernel makes."""
        kernel = accumulated.kernel
        if kernel is not None and kernel.name == "steps" and quantizer.mode.name == "HALF_EVEN":
            return _stepped(accumulated, kernel, bounds, quantizer)
        if kernel is None or accumulated.offset.any() or quantizer.mode.name != "HALF_EVEN":
            refuse("it computes with real numbers between integer operators")
        if bounds.type.width > 32:
            raise UserError(
                f"its accumulators reach {bounds.minimum.min()} to {bounds.maximum.max()}; ONNX "
                "Runtime adds in 32 bits and would overflow; use smaller weights or fewer inputs"
            )
        clamp = quantizer.clamp(accumulated.limits.low, accumulated.limits.high)
        output_scale = np.float32(float(quantizer.scale))
        name = self._kernel_of(kernel, quantizer)
        if name in ("average", "mean"):
            in_order = name == "average" and _is_pool(kernel, quantizer)
            average = float_average(kernel, quantizer, clamp, in_order)
            unit = kernel.scales[0] / np.float32(kernel.count) / output_scale
            return _integers(lambda channels: average, bounds, unit, quantizer, clamp)
        self._check_kernel(kernel, quantizer, clamp)
        if name == "global average":  # core/mlas/lib/qlgavgpool.cpp
            scale = kernel.scales[0] / (output_scale * np.float32(kernel.count))
        else:  # MlasRequantizeOutput, core/mlas/lib/quantize.cpp
            scale = kernel.scales[0] * kernel.scales[1] / output_scale
        scales = np.atleast_1d(scale.astype(np.float32))

        def reference_of(channels: slice) -> Reference:
            if kernel.name == "multiplication":  # core/mlas/lib/qlmul.cpp
                return lambda accumulator: np.clip(
                    np.rint(
                        accumulator.astype(np.float32) * scales[channels]
                        + np.float32(quantizer.zero_point)
                    ),
                    *clamp,
                ).astype(np.int64)
            return lambda accumulator: requantize_float32_half_even(
                accumulator, scales[channels], quantizer.zero_point, *clamp
            )

        return _integers(reference_of, bounds, scales, quantizer, clamp)

    def addition(self, total: Sum, quantizer: Quantizer) -> ScaledSum:
        """Return integers that add two tensors as the float32 kernels do."""
        first, second = total.operands
        eight_bits = all(o.type.width == 8 for o in (first, second, quantizer))
        clamp = quantizer.clamp(total.limits.low, total.limits.high)
        reference = _float32_sum(first, second, -1 if total.subtract else 1, quantizer)
        same = first.type == second.type == quantizer.type
        free = clamp == (quantizer.minimum, quantizer.maximum)
        if eight_bits and same and free and not total.subtract:
            reference = _quantized_sum(first, second, quantizer)
        try:
            return add_operands(
                total.operands,
                total.subtract,
                quantizer,
                clamp,
                reference,
                advice="import with profile onnx",
            )
        except UserError as error:
            raise NoIntegerKernelError(str(error)) from error

    @staticmethod
    def _kernel_of(kernel: Kernel, quantizer: Quantizer) -> str:
        """Return the kernel that computes it: one for whole images does their pooling, too."""
        if kernel.whole and _is_pool(kernel, quantizer):
            return "global average"
        return kernel.name

    @staticmethod
    def _check_kernel(kernel: Kernel, quantizer: Quantizer, clamp: tuple[int, int]) -> None:
        """Refuse what the optimizer does not turn into an integer kernel."""
        if kernel.explicit:
            return
        if kernel.name == "transposed convolution":
            refuse("it computes transposed convolutions in float32")
        types = (*kernel.types, quantizer.type)
        if any(kind.width != 8 for kind in types):
            refuse(f"it computes {kernel.name} of {', '.join(map(str, types))} in float32")
        source = kernel.types[0]
        same = types if kernel.name == "multiplication" else (source, quantizer.type)
        signed_by_unsigned = source.signed and not all(kind.signed for kind in types)
        if len(set(same)) > 1 or signed_by_unsigned:
            refuse(f"it computes {kernel.name} of {', '.join(map(str, types))} in float32")
        if clamp != (quantizer.minimum, quantizer.maximum):
            refuse(
                f"it computes {kernel.name} in float32 when the activation behind it limits the "
                f"output's codes to {clamp[0]} to {clamp[1]}; quantize so that the output's type "
                "does"
            )


def _is_pool(kernel: Kernel, quantizer: Quantizer) -> bool:
    """Return whether QLinearAveragePool does an average, named in the file or found in it."""
    return kernel.explicit or (kernel.types[0] == quantizer.type and quantizer.type.width == 8)


def _quantized(numbers: Float32, quantizer: Quantizer) -> Int64:
    """QuantizeLinear in float32 (MlasQuantizeLinear, core/mlas/lib/quantize.cpp)."""
    scaled = np.rint(np.asarray(numbers, np.float32) / np.float32(float(quantizer.scale)))
    codes = np.clip(scaled, -(2.0**30), 2.0**30).astype(np.int64) + quantizer.zero_point
    return np.clip(codes, quantizer.minimum, quantizer.maximum)


def _stepped(
    accumulated: Accumulated, kernel: Kernel, bounds: AccumulatorBounds, quantizer: Quantizer
) -> Requantization:
    """Requantize single codes on which operators worked one after another in float32."""
    clamp = quantizer.clamp(accumulated.limits.low, accumulated.limits.high)

    def reference_of(channels: slice) -> Reference:
        def reference(accumulator: Int64) -> Int64:
            numbers = accumulator.astype(np.float32) * kernel.scales[0]
            for step in kernel.steps:
                numbers = step.apply(numbers, channels)
            return np.clip(_quantized(numbers, quantizer), *clamp)

        return reference

    scale, offset = np.broadcast_arrays(
        accumulated.scale / quantizer.scale, accumulated.offset / quantizer.scale
    )
    return _integers(
        reference_of, bounds, scale.astype(np.float64), quantizer, clamp, offset.astype(np.float64)
    )


def _integers(
    reference_of: Callable[[slice], Reference],
    bounds: AccumulatorBounds,
    scales: NDArray[Any],
    quantizer: Quantizer,
    clamp: tuple[int, int],
    offset: NDArray[Any] | float = 0.0,
) -> Requantization:
    try:
        return integer_requantization(
            reference_of,
            bounds,
            scales,
            Rounding.SINGLE_HALF_EVEN,
            quantizer.type,
            quantizer.zero_point,
            clamp,
            offset=offset,
        )
    except CertificateError as error:
        reason = str(error).split(";")[0]
        raise NoIntegerKernelError(
            f"no integers requantize as ONNX Runtime's float32: {reason}; import with profile onnx"
        ) from None


def _float32_sum(first: Operand, second: Operand, sign: int, quantizer: Quantizer) -> PairReference:
    def reference(a: Int64, b: Int64) -> Int64:
        real_a = first.encoding.decode(a).astype(np.float32) * scale_of(first)
        real_b = second.encoding.decode(b).astype(np.float32) * scale_of(second)
        return _quantized(real_a + sign * real_b, quantizer)

    return reference


def _quantized_sum(first: Operand, second: Operand, quantizer: Quantizer) -> PairReference:
    """QLinearAdd (core/mlas/lib/intrinsics/avx2/qladd_avx2.cpp), with fused multiply-adds."""
    output_scale = np.float32(float(quantizer.scale))
    ratio_a, ratio_b = scale_of(first) / output_scale, scale_of(second) / output_scale
    zero_a, zero_b = (np.float32(o.encoding.zero_point) for o in (first, second))
    zeros = _fused(zero_a, ratio_a, zero_b * ratio_b)
    fixed = np.float32(quantizer.zero_point) - zeros

    def reference(a: Int64, b: Int64) -> Int64:
        real_a, real_b = a.astype(np.float32), b.astype(np.float32)
        if first.repeats:
            scaled = _fused(real_b, ratio_b, _fused(real_a, ratio_a, fixed))
        else:
            scaled = _fused(real_a, ratio_a, _fused(real_b, ratio_b, fixed))
        return np.clip(np.rint(scaled), quantizer.minimum, quantizer.maximum).astype(np.int64)

    return reference


def _fused(a: np.float32 | Float32, b: np.float32, c: np.float32 | Float32) -> Float32:
    """Return ``a * b + c`` rounded once to float32.

    The product of two float32 is exact in float64; the sum is rounded to odd there, so that the
    second rounding sees on which side of a tie it lies.
    """
    product = np.asarray(a, np.float64) * np.float64(b)
    addend = np.asarray(c, np.float64)
    total = product + addend
    # The error of the sum, exactly (Knuth's two-sum).
    part = total - product
    error = (product - (total - part)) + (addend - part)
    even = (total.view(np.int64) & 1) == 0
    toward = np.where(error > 0, np.inf, -np.inf)
    odd = np.where((error != 0) & even, np.nextafter(total, toward), total)
    return odd.astype(np.float32)

"""Products of bytes and 8-bit weights by the int8 kernels of torch (oneDNN), where they are exact.

On processors with the right instructions (AVX512 VNNI, AVX VNNI, AMX) the products are added in 32
bits; on older ones pairs may be added in 16 bits, which saturate. `int8_products_are_exact` asks
the machine at hand, with products that would saturate.
"""

from functools import cache

import torch
from torch.nn.functional import conv2d

LARGEST_SUM = 1 << 24
"""Sums up to which `ByteConvolution` is exact: its results are float32."""


SMALLEST_PRODUCT = 2
"""Factors from which `multiply_bytes` is right; torch 2.13 misreads a matrix of a single row."""


class ByteConvolution:
    """Convolution of bytes with 8-bit weights.

        result = sum of (byte - zero point) * weight + bias;  taps outside count as zero

    Parameters
    ----------
    weight : Tensor of int8, shape (outputs, inputs / groups, height, width)
    bias : Tensor of float32, shape (outputs,)
    zero_point : int
        0 to 255.
    stride, padding, dilation : (int, int)
    groups : int
    """

    def __init__(
        self,
        weight: torch.Tensor,
        bias: torch.Tensor,
        zero_point: int,
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
        groups: int,
    ) -> None:
        self._bias, self._zero_point = bias, zero_point
        self._scales = torch.ones_like(bias)
        self._zero_points = torch.zeros(len(bias), dtype=torch.int64)
        self._geometry = stride, padding, dilation, groups
        self._packed = torch.ops.onednn.qconv_prepack(
            weight, self._scales, 1.0, zero_point, *self._geometry, None
        )

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """Convolve an image of uint8, (samples, inputs, height, width), channels last in memory.

        Returns
        -------
        Tensor of float32
            Channels last in memory.
        """
        return torch.ops.onednn.qconv_pointwise(
            image, 1.0, self._zero_point, self._packed, self._scales, self._zero_points,
            self._bias, *self._geometry, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip


def multiply_bytes(rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Multiply rows of bytes, less 128, with an 8-bit matrix.

    Parameters
    ----------
    rows : Tensor of uint8, shape (samples, inputs)
    weight : Tensor of int8, shape (outputs, inputs)

    Returns
    -------
    Tensor of int32, shape (samples, outputs)
        ``sum of (byte - 128) * weight``.
    """
    signed = (rows ^ 128).view(torch.int8)  # Subtracting 128 modulo 256 flips the highest bit.
    return torch._int_mm(signed, weight.T)


@cache
def int8_products_are_exact() -> bool:
    """Return whether this machine's int8 kernels compute what integers would."""
    generator = torch.Generator().manual_seed(0)

    def extremes(low: int, high: int, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        choice = torch.randint(2, shape, generator=generator)
        choice[: len(choice) // 2] = 1  # The largest sums there are.
        return torch.tensor([low, high], dtype=dtype)[choice]

    # As many channels as LARGEST_SUM allows; and then more, with a zero point that makes what is
    # left small.
    narrow = extremes(0, 255, (2, 56, 9, 9), torch.uint8)
    wide = extremes(250, 255, (2, 224, 9, 9), torch.uint8)
    try:
        return all(
            _is_exact(image, extremes(-128, 127, (32, image.shape[1], 3, 3), torch.int8), zero)
            for image, zero in ((narrow, 0), (wide, 253))
        )
    except (AttributeError, RuntimeError):  # This build of torch has no such kernels.
        return False


def _is_exact(image: torch.Tensor, weight: torch.Tensor, zero_point: int) -> bool:
    """Compare a convolution, and a product of its first pixels, with float64."""
    image, bias = image.contiguous(memory_format=torch.channels_last), torch.arange(32.0)
    convolve = ByteConvolution(weight, bias, zero_point, (1, 1), (1, 1), (1, 1), 1)
    rows, matrix = image[:, :, 0, 0], weight[:, :, 0, 0]
    convolution = conv2d(image.double() - zero_point, weight.double(), bias.double(), padding=1)
    product = (rows.double() - 128) @ matrix.double().T
    return bool(
        (convolve(image) == convolution).all() and (multiply_bytes(rows, matrix) == product).all()
    )

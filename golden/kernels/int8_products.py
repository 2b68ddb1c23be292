"""Whether this machine's fast int8 kernels are exact.

oneDNN multiplies bytes with 8-bit weights. On processors with the right instructions (AVX512 VNNI,
AVX VNNI, AMX) it adds the products in 32 bits; on older ones it may add pairs in 16 bits, which
saturate. Products that would saturate tell which.
"""

from functools import cache

import torch

LARGEST_SUM = 1 << 24
"""Sums up to which the kernels' float32 results are exact."""


@cache
def int8_products_are_exact() -> bool:
    """Return whether convolutions and matrix products of bytes equal those of integers."""
    generator = torch.Generator().manual_seed(0)
    extremes = torch.tensor([0, 255], dtype=torch.uint8)
    choice = torch.randint(2, (2, 64, 9, 9), generator=generator)
    image = extremes[choice].contiguous(memory_format=torch.channels_last)
    weight = torch.tensor([-128, 127], dtype=torch.int8)[
        torch.randint(2, (32, 64, 3, 3), generator=generator)
    ]
    weight[:16], image[0] = 127, 255  # The worst there is.
    bias = torch.arange(32.0)
    try:
        packed = torch.ops.onednn.qconv_prepack(
            weight, torch.ones(32), 1.0, 0, [1, 1], [1, 1], [1, 1], 1, list(image.shape)
        )
        fast = convolve_bytes(image, packed, bias, 0, (1, 1), (1, 1), (1, 1), 1)
        rows = image[:, :, 0, 0]
        matrix = torch.ops.onednn.qlinear_prepack(weight[:, :, 0, 0], list(rows.shape))
        products = multiply_bytes(rows, matrix, bias, 0)
    except (AttributeError, RuntimeError):  # This build of torch has no such kernels.
        return False
    exact = torch.nn.functional.conv2d(image.double(), weight.double(), bias.double(), padding=1)
    exact_products = rows.double() @ weight[:, :, 0, 0].double().T + bias
    return bool((fast == exact).all() and (products == exact_products).all())


def convolve_bytes(
    image: torch.Tensor,
    packed: torch.Tensor,
    bias: torch.Tensor,
    zero_point: int,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> torch.Tensor:
    """Convolve an image of bytes, (samples, channels, height, width), with packed 8-bit weights.

    Returns
    -------
    Tensor of float32
        ``sum (image - zero point) * weight + bias``, exact up to `LARGEST_SUM`.
    """
    ones, zeros = torch.ones_like(bias), torch.zeros(len(bias), dtype=torch.int64)
    return torch.ops.onednn.qconv_pointwise(
        image, 1.0, zero_point, packed, ones, zeros, bias, stride, padding, dilation, groups,
        1.0, 0, torch.float32, "none", [], "",
    )  # fmt: skip


def multiply_bytes(
    rows: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor, zero_point: int
) -> torch.Tensor:
    """Multiply rows of bytes with a packed 8-bit matrix; see `convolve_bytes`."""
    ones, zeros = torch.ones_like(bias), torch.zeros(len(bias), dtype=torch.int64)
    return torch.ops.onednn.qlinear_pointwise(
        rows, 1.0, zero_point, packed, ones, zeros, bias, 1.0, 0, torch.float32, "none", [], ""
    )

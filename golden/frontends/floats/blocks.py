"""Blocks of pixels as channels and back, in the order of ONNX's DCR and of TFLite."""

from torch import Tensor


def depth_to_space(values: Tensor, block: int) -> Tensor:
    """Return an image of ``block`` times as many rows and columns, channels first."""
    batch, channels, height, width = values.shape
    parts = values.reshape(batch, block, block, channels // block**2, height, width)
    turned = parts.permute(0, 3, 4, 1, 5, 2)
    return turned.reshape(batch, channels // block**2, height * block, width * block)


def space_to_depth(values: Tensor, block: int) -> Tensor:
    """Return an image whose pixels are blocks of ``block`` by ``block``, channels first."""
    batch, channels, height, width = values.shape
    parts = values.reshape(batch, channels, height // block, block, width // block, block)
    turned = parts.permute(0, 3, 5, 1, 2, 4)
    return turned.reshape(batch, channels * block**2, height // block, width // block)

"""Weight-distribution clamping."""

from dataclasses import replace

from torch import Tensor

from bittrue.golden.frontends.torch.float_network import FloatNetwork


def weight_clamping(network: FloatNetwork, sigmas: float) -> FloatNetwork:
    """Clamp the weights of every output channel to some standard deviations around their mean.

    Outliers no longer widen the range that all weights share; what they lose can be made good by
    bias correction. R. Krishnamoorthi, "Quantizing deep convolutional networks for efficient
    inference", 2018, arXiv:1806.08342; the baseline of Nagel et al., ICCV 2019, section 5.1.1.
    """
    return network.with_matrices(
        {
            layer.output: replace(layer, weight=clamped(layer.weight, sigmas))
            for layer in network.matrices
        }
    )


def clamped(weight: Tensor, sigmas: float) -> Tensor:
    """Return weights within some standard deviations of their channel's mean."""
    rows = weight.flatten(1)
    mean = rows.mean(dim=1, keepdim=True)
    reach = sigmas * rows.std(dim=1, correction=0, keepdim=True)
    return rows.maximum(mean - reach).minimum(mean + reach).reshape(weight.shape)

"""Sensitivity by curvature: the trace of the loss's Hessian times the quantization error.

Z. Dong et al., "HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks", NeurIPS
2020. Traces are estimated by Hutchinson's method: the mean of ``z' H z`` over
random vectors z of -1 and +1 (M. F. Hutchinson, 1989); ``H z`` is the gradient of ``g' z``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.quantize.allocation.candidates import Candidates
from bittrue.golden.quantize.allocation.sensitivity import Sensitivity
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.power import power


@dataclass(frozen=True)
class Traces:
    """Traces of the Hessian of the mean loss over samples.

    Parameters
    ----------
    weights : mapping of str to float
        By layer, with respect to its weights.
    activations : mapping of str to float
        By tensor, with respect to its values in one sample; the mean over the samples.
    """

    weights: Mapping[str, float]
    activations: Mapping[str, float]


def hessian_sensitivity(
    candidates: Candidates,
    samples: Batch,
    labels: Tensor | None = None,
    probes: int = 16,
    seed: int = 1,
) -> Sensitivity:
    """Return ``trace / n * ||Q(v) - v||**2`` of each part with n values v.

    Twice the expected increase of the loss when the errors of the values are independent.

    Parameters
    ----------
    candidates : Candidates
    samples : tuple of Tensor
        A few dozen suffice, all of them are held at once.
    labels : Tensor, optional
        Classes, for the cross entropy of the output; without them the loss is the squared
        distance from the float outputs, whose Hessian is ``2 J' J`` of the outputs' Jacobian J.
    probes : int
        Random vectors of Hutchinson's method.
    seed : int
    """
    network = candidates.network
    traces = hessian_traces(network, samples, labels, probes, seed)
    exact = dict(network.run(*samples))
    count = len(samples[0])
    weights = {}
    for layer in network.matrices:
        for bits in candidates.weight_bits:
            error = candidates.layer(layer.output, bits).weight - layer.weight
            mean_trace = traces.weights[layer.output] / layer.weight.numel()
            weights[layer.output, bits] = mean_trace * power(error)
    activations = {}
    for group in candidates.groups:
        for bits in group.widths:
            quantizers = candidates.quantizers(group, bits)
            activations[group.name, bits] = sum(
                traces.activations[name]
                / exact[name][0].numel()
                * power(quantizer(exact[name]) - exact[name])
                / count
                for name, quantizer in quantizers.items()
                if name in group.makers or name in network.inputs
            )
    return Sensitivity("trace of the Hessian times squared error", weights, activations)


def hessian_traces(
    network: FloatNetwork,
    samples: Batch,
    labels: Tensor | None = None,
    probes: int = 16,
    seed: int = 1,
) -> Traces:
    """Estimate the trace of the loss's Hessian for every layer's weights and every tensor.

    Each part has random vectors of its own, so that the rest of the Hessian adds no variance.

    Raises
    ------
    UserError
        If labels are given and do not fit the network.
    """
    if probes < 1:
        raise UserError(f"probes is {probes}; allowed: 1 or more")
    weights = {
        layer.output: layer.weight.detach().clone().requires_grad_() for layer in network.matrices
    }
    tensors = _run_with_gradients(network, samples, weights)
    loss = _loss(network, tensors, labels)
    named = {("weight", name): values for name, values in weights.items()}
    named |= {("activation", name): values for name, values in tensors.items()}
    gradients = torch.autograd.grad(
        loss, list(named.values()), create_graph=True, allow_unused=True
    )
    generator = torch.Generator().manual_seed(seed)
    traces = {}
    for (key, values), gradient in zip(named.items(), gradients, strict=True):
        traces[key] = _trace(values, gradient, probes, generator)
    return Traces(
        {name: traces["weight", name] for name in weights},
        {name: traces["activation", name] for name in tensors},
    )


def _run_with_gradients(
    network: FloatNetwork, samples: Batch, weights: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    tensors = {
        name: values.detach().clone().requires_grad_()
        for name, values in zip(network.inputs, samples, strict=True)
    }
    changed = network.with_matrices(
        {layer.output: replace(layer, weight=weights[layer.output]) for layer in network.matrices}
    )
    for layer in changed.layers:
        tensors[layer.output] = layer.compute(*(tensors[name] for name in layer.inputs))
    return tensors


def _loss(network: FloatNetwork, tensors: Mapping[str, Tensor], labels: Tensor | None) -> Tensor:
    """Return the mean loss over samples."""
    if labels is None:
        count = len(tensors[network.inputs[0]])
        outputs = [tensors[name] for name in network.outputs]
        return (
            torch.stack([(each - each.detach()).square().sum() for each in outputs]).sum() / count
        )
    scores = tensors[network.outputs[0]].flatten(1)
    if (
        len(labels) != len(scores)
        or not 0 <= int(labels.min()) <= int(labels.max()) < scores.shape[1]
    ):
        raise UserError(
            f"labels are {len(labels)} classes from {int(labels.min())} to {int(labels.max())}; "
            f"allowed: one for each of {len(scores)} samples, from 0 to {scores.shape[1] - 1}"
        )
    return functional.cross_entropy(scores, labels)


def _trace(
    values: Tensor, gradient: Tensor | None, probes: int, generator: torch.Generator
) -> float:
    """Return the mean of ``z' H z`` over random vectors of -1 and +1."""
    if gradient is None or not gradient.requires_grad:
        return 0.0  # The loss is linear in these values, or does not depend on them.
    total = 0.0
    for _ in range(probes):
        probe = torch.randint(0, 2, values.shape, generator=generator).to(values.dtype) * 2 - 1
        (product,) = torch.autograd.grad(
            gradient, values, probe, retain_graph=True, allow_unused=True
        )
        if product is not None:
            total += float((product.double() * probe).sum())
    return total / probes

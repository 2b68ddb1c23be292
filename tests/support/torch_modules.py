"""Torch modules beside what becomes of them: float layers, and integer networks."""

import torch
from torch import Tensor, nn

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.quantize import quantize


def assert_float_layers_are(module: nn.Module, samples: Tensor) -> None:
    """Hold what the layers of a module compute in floating point against the module."""
    network = trace(module, (samples,))
    results = dict(network.run(samples))
    with torch.no_grad():
        expected = module(samples)
    assert torch.allclose(results[network.outputs[0]], expected, atol=1e-5)
    assert network.shapes[network.outputs[0]] == tuple(expected.shape[1:])


def assert_quantized_is_near(module: nn.Module, samples: Tensor) -> None:
    """Hold the integer network of a module against the module.

    Torch gives the place of every number: in another order the error is as large as they are.
    """
    graph = quantize(module, samples).graph
    (output,) = graph.outputs
    with torch.no_grad():
        expected = module(samples)
    real = to_real(graph, output, Executor(graph).run(to_codes(graph, samples))[output])
    assert real.shape == expected.shape
    assert (real - expected).std() < 0.1 * expected.std()
    assert (real.roll(1, dims=-1) - expected).std() > 0.5 * expected.std()

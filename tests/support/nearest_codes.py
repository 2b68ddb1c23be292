"""How far the codes of a quantized torch module are from its real numbers."""

import numpy as np
import torch
from torch import Tensor, nn

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.graph import Graph


def samples() -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return torch.randn(30, 4, 8, 8) * 1.2 + 0.1


def run(graph: Graph, given: Tensor) -> dict[str, np.ndarray]:
    return Executor(graph).run(to_codes(graph, given), list(graph.tensors))


def furthest(module: nn.Module, graph: Graph, given: Tensor) -> float:
    """Return by how many codes the last layer differs from torch's in float64, at most."""
    tensors, (output,) = run(graph, given), graph.outputs
    (first,) = (tensor.name for tensor in graph.inputs)
    with torch.no_grad():
        exact = module.double()(to_real(graph, first, tensors[first]).double())
    module.float()
    quantization, kind = graph.quantization[output], graph.tensors[output].type
    zero = quantization.encoding.zero_point
    codes = (exact / float(quantization.scale) + zero).clamp(kind.minimum, kind.maximum)
    actual = to_real(graph, output, tensors[output]).double() / float(quantization.scale) + zero
    return float((actual - codes).abs().max())

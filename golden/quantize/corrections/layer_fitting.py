"""What methods that fit one layer after another to the float network share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.corrections.bias import tensor_of
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.scheme import CorrectionScheme


@dataclass(frozen=True, eq=False)
class LayerSamples:
    """What a layer reads in the quantized network, and what it should make of it.

    Parameters
    ----------
    inputs : Tensor
        Quantized, of the network as it is quantized so far.
    targets : Tensor
        The layer's result in floating point, activation included.
    """

    inputs: Tensor
    targets: Tensor

    def batches(self, options: CorrectionScheme) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield as many random batches as there are iterations, the same on every run."""
        generator = torch.Generator().manual_seed(options.seed)
        size = min(options.batch, len(self.inputs))
        for _ in range(options.iterations):
            chosen = torch.randperm(len(self.inputs), generator=generator)[:size]
            yield self.inputs[chosen], self.targets[chosen]

    @torch.no_grad()
    def error(self, layer: Matrix, size: int) -> float:
        """Return the summed squared error of a layer's results, some samples at a time."""
        batches = zip(self.inputs.split(size), self.targets.split(size), strict=True)
        return sum(float((layer.compute(x) - y).square().sum()) for x, y in batches)


def layer_samples(
    layer: Matrix,
    fake: FakeQuantizedNetwork,
    reference: FloatNetwork,
    data: Iterable[Batch],
    limit: int,
) -> LayerSamples:
    """Return the first samples of one layer, in memory that grows with their number only.

    Parameters
    ----------
    limit : int
        Samples at most.
    """
    inputs: list[Tensor] = []
    targets: list[Tensor] = []
    missing = limit
    for batch in data:
        chosen = tuple(values[:missing] for values in batch)
        inputs.append(tensor_of(fake, layer.inputs[0], chosen))
        targets.append(tensor_of(reference, layer.output, chosen))
        missing -= len(chosen[0])
        if not missing:
            break
    return LayerSamples(torch.cat(inputs), torch.cat(targets))

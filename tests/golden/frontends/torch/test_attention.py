"""Attention of several heads, written in the ways that people write it, against torch itself."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.quantize import quantize

ROWS, FEATURES, HEADS = 5, 16, 4


class ByHand(nn.Module):
    """As in the transformers of vision: one linear layer, permuted, products of four dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(FEATURES, 3 * FEATURES), nn.Linear(FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        samples, rows, features = x.shape
        joint = self.first(x).reshape(samples, rows, 3, HEADS, features // HEADS)
        query, key, value = joint.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query @ key.transpose(-2, -1)) * (features // HEADS) ** -0.5
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(samples, rows, features)
        made: Tensor = self.last(mixed)
        return made


class Fused(ByHand):
    """As in language models: chunks, views, and the fused function."""

    def forward(self, x: Tensor) -> Tensor:
        samples, rows, features = x.shape
        heads = [
            part.view(samples, rows, HEADS, features // HEADS).transpose(1, 2)
            for part in self.first(x).chunk(3, dim=-1)
        ]
        mixed = functional.scaled_dot_product_attention(*heads)
        made: Tensor = self.last(mixed.transpose(1, 2).reshape(samples, rows, features))
        return made


class Module(nn.Module):
    """Torch's own module."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(FEATURES, HEADS, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return made


class OneHead(nn.Module):
    """The fused function without heads."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(x, x.flip(1), x, scale=0.3)


def samples() -> Tensor:
    return torch.randn(100, ROWS, FEATURES, generator=torch.Generator().manual_seed(1))


def distance(module: nn.Module, quantized: nn.Module) -> float:
    """Return how far the integers of one are from another's numbers, of their greatest."""
    graph = quantize(quantized.eval(), samples()).graph
    (output,) = graph.outputs
    made = to_real(graph, output, Executor(graph).run(to_codes(graph, samples()))[output])
    with torch.no_grad():
        expected = module.eval()(samples())
    return float((made - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("kind", [ByHand, Fused, Module, OneHead])
def test_integers_are_near_torch(kind: type[nn.Module]) -> None:
    torch.manual_seed(2)
    module = kind()
    assert distance(module, module) < 0.06


def test_a_layer_of_an_encoder() -> None:
    torch.manual_seed(2)
    module = nn.TransformerEncoderLayer(
        FEATURES, HEADS, 32, batch_first=True, norm_first=True, activation="gelu"
    )
    assert distance(module, module) < 0.06
    # Negative control: heads in another order are another network.
    other = nn.TransformerEncoderLayer(
        FEATURES, HEADS, 32, batch_first=True, norm_first=True, activation="gelu"
    )
    other.load_state_dict(module.state_dict())
    with torch.no_grad():
        other.self_attn.in_proj_weight.copy_(module.self_attn.in_proj_weight.roll(4, 0))
    assert distance(module, other) > 0.1


def test_products_of_heads_are_exact() -> None:
    """Each head's scores are sums of products of codes, rounded once."""
    torch.manual_seed(2)
    graph = quantize(ByHand().eval(), samples()).graph
    node = next(node for node in graph.nodes if node.title == "matmul")
    names = [*node.inputs, node.output]
    codes = np.random.default_rng(0).integers(-128, 128, (20, ROWS, FEATURES))
    first, second, result = (Executor(graph).run(codes, keep=names)[name] for name in names)
    assert first.shape == second.shape == (20, HEADS, ROWS, FEATURES // HEADS)
    scales = graph.quantization
    made = next(each.output for each in graph.nodes if node.output in each.inputs)
    sources = [
        next(each.inputs[0] for each in graph.nodes if each.output == name) for name in node.inputs
    ]
    a, b = (
        scales[source].encoding.decode(given)
        for source, given in zip(sources, (first, second), strict=True)
    )
    ratio = np.prod([float(scales[source].scale) for source in sources]) / float(scales[made].scale)
    exact = np.rint(np.einsum("nhik,nhjk->nhij", a, b) * ratio) + scales[made].encoding.zero_point
    assert np.array_equal(result, exact.clip(-128, 127))
    assert len(np.unique(result)) > 50


def test_masks_are_refused() -> None:
    class Causal(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return functional.scaled_dot_product_attention(x, x, x, is_causal=True)

    with pytest.raises(UserError, match="attention has a mask"):
        quantize(Causal(), samples())

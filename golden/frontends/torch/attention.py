"""Attention as the operators that it is made of, samples first everywhere."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.errors import UserError


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Compute ``softmax(query @ key.T * scale) @ value`` in products and softmax.

    Parameters
    ----------
    query, key, value : Tensor, shape (samples, ..., rows, features)
    attn_mask, dropout_p, is_causal, enable_gqa
        Of ``torch.nn.functional.scaled_dot_product_attention``; masks and groups are refused.
    scale : float, optional
        By default ``1 / sqrt(features)``.

    Raises
    ------
    UserError
        If places are masked, or heads share keys.
    """
    if attn_mask is not None or is_causal or enable_gqa:
        raise UserError("attention has a mask, or heads that share keys; allowed: neither")
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = torch.matmul(query, key.transpose(-2, -1)) * factor
    return torch.matmul(torch.softmax(scores, dim=-1), value)


DECOMPOSED_ATTENTION: Mapping[Any, Callable[..., Tensor]] = {
    torch.ops.aten.scaled_dot_product_attention.default: attention
}
"""By the ATen operator, as ``ExportedProgram.run_decompositions`` takes it."""


class SamplesFirst(nn.MultiheadAttention):
    """``nn.MultiheadAttention`` that keeps samples first on its way.

    Torch's own exchanges samples and places before it multiplies, which no layer here reads. An
    instance of torch's becomes one by its class alone: parameters stay what they are.
    """

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend; the weights are not returned.

        Raises
        ------
        UserError
            If places are masked, or an option is used that hardly any network has.
        """
        unusual = self.bias_k is not None or self.add_zero_attn or not self._qkv_same_embed_dim
        if key_padding_mask is not None or attn_mask is not None or unusual:
            raise UserError(
                "attention has a mask, bias_kv, add_zero_attn or kdim; allowed: none of them"
            )
        weights = self.in_proj_weight.chunk(3)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        heads = [
            functional.linear(source, weight, bias)
            .unflatten(-1, (self.num_heads, self.head_dim))
            .transpose(1, 2)
            for source, weight, bias in zip((query, key, value), weights, biases, strict=True)
        ]
        attended = attention(*heads).transpose(1, 2).flatten(2)
        return self.out_proj(attended), None


def with_samples_first(module: nn.Module) -> None:
    """Change each attention within a module, a copy to be traced, that has samples first."""
    for each in module.modules():
        if type(each) is nn.MultiheadAttention and each.batch_first:
            each.__class__ = SamplesFirst

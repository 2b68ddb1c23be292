"""Float torch modules, read by way of ``torch.export``, and the codes of their tensors."""

from bittrue.golden.frontends.torch.codes import to_codes, to_real
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace

__all__ = ["FloatNetwork", "simplify", "to_codes", "to_real", "trace"]

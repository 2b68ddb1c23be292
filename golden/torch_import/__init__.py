"""Float torch modules, read by way of ``torch.export``, and the codes of their tensors."""

from golden.torch_import.codes import to_codes, to_real
from golden.torch_import.float_network import FloatNetwork
from golden.torch_import.simplify import simplify
from golden.torch_import.trace import trace

__all__ = ["FloatNetwork", "simplify", "to_codes", "to_real", "trace"]

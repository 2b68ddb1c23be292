"""Activations that are part of an operator."""

import tflite

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site

_ACTIVATIONS = {
    code: name for name, code in vars(tflite.ActivationFunctionType).items() if type(code) is int
}


def fused_activation(site: Site) -> str:
    """Return the schema's name of an operator's activation."""
    code = site.options.get("FusedActivationFunction", 0)
    return _ACTIVATIONS.get(code, f"activation {code}")


def fused_clamp(site: Site, arithmetic: LitertArithmetic) -> tuple[int, int]:
    """Return the codes to which an operator's activation limits its output."""
    return arithmetic.activation_clamp(fused_activation(site), site.target)


def no_activation(site: Site) -> None:
    """Refuse an activation."""
    if fused_activation(site) != "NONE":
        raise UserError(f"the fused activation is {fused_activation(site)}; allowed: NONE")

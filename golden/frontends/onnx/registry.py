"""The operators that can be converted."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import onnx.defs

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
from bittrue.golden.frontends.onnx.builder import Site
from bittrue.golden.frontends.onnx.model import OnnxNode

Converter = Callable[[Site, OnnxArithmetic], None]

STANDARD = ""
MICROSOFT = "com.microsoft"
QONNX = "qonnx.custom_op.general"
CHANNELS_LAST = "qonnx.custom_op.channels_last"

QONNX_DOMAINS = frozenset({QONNX, CHANNELS_LAST})
"""The domains of operators that ONNX Runtime does not run."""


@dataclass(frozen=True)
class Conversion:
    """How an operator is converted, and what of it is understood.

    Parameters
    ----------
    convert : callable
    attributes : collection of str
        Those that the converter reads.
    without_effect : collection of str
        Those that change no number of inference.
    only : mapping of str to value
        Those with one value that is allowed.
    inputs : int or None
        Most inputs; None where ONNX's own definition says it.
    """

    convert: Converter
    attributes: Collection[str]
    without_effect: Collection[str]
    only: Mapping[str, Any]
    inputs: int | None

    def check(self, node: OnnxNode, opset: int) -> None:
        """Refuse what would be dropped otherwise.

        Raises
        ------
        UserError
            Naming the attribute or the number of inputs.
        """
        for name, value in node.attributes.items():
            if name in self.attributes or name in self.without_effect:
                continue
            if name not in self.only:
                known = (*sorted(self.attributes), *sorted(self.only))
                raise UserError(
                    f"its attribute {name!r} is not known here; allowed: "
                    f"{', '.join(known) or 'none'}"
                )
            if value != self.only[name]:
                raise UserError(
                    f"its attribute {name!r} is {value!r}; allowed: {self.only[name]!r}"
                )
        most = self.inputs
        if most is None:
            try:
                most = onnx.defs.get_schema(node.operator, opset, node.domain).max_input
            except onnx.defs.SchemaError:
                raise UserError(f"operator set {opset} does not have it") from None
        if len(node.inputs) > most:
            raise UserError(f"it has {len(node.inputs)} inputs; allowed: up to {most}")


CONVERSIONS: dict[tuple[str, str], Conversion] = {}
"""By domain and name."""


def converts(
    *names: str,
    domains: Collection[str] = (STANDARD,),
    attributes: Collection[str] = (),
    without_effect: Collection[str] = (),
    only: Mapping[str, Any] = MappingProxyType({}),
    inputs: int | None = None,
) -> Callable[[Converter], Converter]:
    """Register a converter of operators; see `Conversion`."""

    def register(converter: Converter) -> Converter:
        conversion = Conversion(converter, attributes, without_effect, only, inputs)
        for domain in domains:
            CONVERSIONS.update({(domain, name): conversion for name in names})
        return converter

    return register

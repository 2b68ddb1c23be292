"""The operators that can be converted."""

from collections.abc import Callable

from golden.onnx_import.arithmetic import OnnxArithmetic
from golden.onnx_import.builder import Site

Converter = Callable[[Site, OnnxArithmetic], None]

CONVERTERS: dict[str, Converter] = {}
"""By name."""

QONNX_OPERATORS = frozenset({"Quant", "IntQuant", "BipolarQuant", "Trunc"})
"""Those that ONNX Runtime does not run."""


def converts(*names: str) -> Callable[[Converter], Converter]:
    """Register a converter of operators."""

    def register(converter: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(names, converter))
        return converter

    return register

"""Codes that a user gives to inputs in real numbers: ``image=uint8:1/255``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx.model import InputInfo
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.numbers.integer_type import IntegerType

FORM = "[NAME=]TYPE:SCALE[:ZERO_POINT], such as uint8:1/255 or x=int8:0.05:-3"


@dataclass(frozen=True)
class InputTypes:
    """What codes stand for the real numbers of inputs.

    Parameters
    ----------
    all : Quantizer or None
        Of every input in real numbers that is not named.
    named : mapping of str to Quantizer
    """

    all: Quantizer | None
    named: Mapping[str, Quantizer]

    @classmethod
    def parse(cls, texts: Sequence[str], inputs: Sequence[InputInfo]) -> "InputTypes":
        """Read texts as `FORM` says.

        Parameters
        ----------
        texts : sequence of str
        inputs : sequence of InputInfo
            Those of the model.

        Raises
        ------
        UserError
            If a text is none, or names no input in real numbers, or an input has two.
        """
        common: Quantizer | None = None
        named: dict[str, Quantizer] = {}
        real = [info.name for info in inputs if info.type is None]
        for text in texts:
            name, equals, codes = text.rpartition("=")
            if (equals and name in named) or (not equals and common is not None):
                raise UserError(f"input type {text!r} is the second for the same input")
            if equals and name not in real:
                listed = ", ".join(map(repr, real)) or "none"
                raise UserError(
                    f"input type {text!r} is for no input in real numbers; the model's are {listed}"
                )
            if equals:
                named[name] = _quantizer(text, codes)
            else:
                common = _quantizer(text, codes)
        if common is not None and not set(real) - named.keys():
            raise UserError(
                f"input type {texts[-1]!r}: the model has no other input in real numbers"
            )
        return cls(common, named)

    def of(self, info: InputInfo) -> Quantizer | None:
        """Return what the codes of an input stand for; None where nobody has said it."""
        return None if info.type is not None else self.named.get(info.name, self.all)


def _quantizer(text: str, codes: str) -> Quantizer:
    kind_text, *numbers = codes.split(":")
    try:
        kind = IntegerType.parse(kind_text)
        if len(numbers) not in (1, 2):
            raise ValueError
        scale = Fraction(numbers[0])
        zero_point = int(numbers[1]) if len(numbers) == 2 else 0
        if not math.isfinite(float(scale)):
            raise ValueError
    except (ValueError, ZeroDivisionError, OverflowError, UserError):
        raise UserError(f"input type is {text!r}; allowed: {FORM}") from None
    if kind.width > 16:
        raise UserError(f"input type is {text!r}; allowed: up to 16 bits")
    try:
        return Quantizer.of_type(kind, scale, zero_point)
    except UserError as error:
        raise UserError(f"input type {text!r}: {error}") from error

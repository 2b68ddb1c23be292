"""A circuit by name, with parameters as a user writes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from amaranth.lib import wiring

from bittrue.golden.errors import UnknownNameError, UserError


@dataclass(frozen=True)
class Parameter:
    """A parameter of a unit as a user writes it, ``name=value``.

    Parameters
    ----------
    default : str
        Used when the user gives none.
    parse : callable
        Text to value; raises `UserError` or `ValueError` for a text it cannot read.
    help : str
        What it is and what is allowed, one line.
    """

    default: str
    parse: Callable[[str], Any]
    help: str


@dataclass(frozen=True)
class Unit:
    """A circuit by name.

    Parameters
    ----------
    summary : str
        One line.
    parameters : mapping of str to Parameter
        In the order in which they are shown.
    build : callable
        Called with the parsed parameters by keyword; returns a new component.
    """

    summary: str
    build: Callable[..., wiring.Component]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def texts(self, words: Sequence[str]) -> dict[str, str]:
        """Read ``name=value`` words; parameters not given keep their defaults.

        Raises
        ------
        UserError
            For a word without ``=`` or an unknown name.
        """
        texts = {name: parameter.default for name, parameter in self.parameters.items()}
        for word in words:
            name, equals, text = word.partition("=")
            if not equals or name not in texts:
                names = ", ".join(texts) or "(it has none)"
                raise UserError(
                    f"{word!r} is no parameter; write name=value with a name of {names}"
                )
            texts[name] = text
        return texts

    def parse(self, words: Sequence[str]) -> dict[str, Any]:
        """Read ``name=value`` words into values.

        Raises
        ------
        UserError
            As `texts`, and for a value that cannot be read.
        """
        values = {}
        for name, text in self.texts(words).items():
            try:
                values[name] = self.parameters[name].parse(text)
            except UserError as error:
                raise UserError(f"{name}: {error}") from None
            except ValueError:
                allowed = self.parameters[name].help
                raise UserError(f"{name} is {text!r}; allowed: {allowed}") from None
        return values


def parse_flag(text: str) -> bool:
    """Read ``yes`` or ``no``."""
    if text not in ("yes", "no"):
        raise UserError(f"{text!r} is neither yes nor no")
    return text == "yes"


def parse_integers(text: str) -> tuple[int, ...]:
    """Read integers joined by commas."""
    return tuple(int(word) for word in text.split(","))


Member = TypeVar("Member", bound=Enum)


def one_of(kind: type[Member], what: str) -> Callable[[str], Member]:
    """Return a function that reads the value of one of an enumeration's members.

    It raises `UserError`, listing the values, for any other text.
    """

    def parse(text: str) -> Member:
        values = [member.value for member in kind]
        if text not in values:
            raise UnknownNameError(what, text, values)
        return kind(text)

    return parse

"""Everything that keeps a file from being imported, told at once.

An importer converts operator after operator. Each stands under `Obstacles.at`, which notes what is
wrong and goes on, and the end of the import is `Obstacles.refuse`::

    obstacles = Obstacles()
    for node in model.nodes:
        place = f"operator {node.position}, {node.operator} {node.outputs[0]!r}"
        with obstacles.at(node.operator, place, makes=node.outputs):
            check_supported(node)             # told whatever went wrong before
            obstacles.require(node.inputs)    # passed over if an obstacle left one unknown
            convert(node)
    obstacles.refuse()

So a user learns of all that has to change, not of the first thing. What needs no conversion to be
known belongs in front of `require`; what takes a search belongs in a second run over the file, when
`refuse` has let the first one pass.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bittrue.golden.errors import UserError

_LINES = 20
"""Kinds of obstacles that are listed; a file with more is of another kind altogether."""


@dataclass(frozen=True)
class Obstacle:
    """One thing that is wrong.

    Parameters
    ----------
    operator : str
        Name of the operator, or what else obstacles are grouped by: ``input``.
    place : str
        Where it stands, for the user: ``operator 3, Conv 'y'``.
    reason : str
        What is wrong, and what to do.
    error : type
        The error that said so.
    """

    operator: str
    place: str
    reason: str
    error: type[UserError] = UserError

    @property
    def kind(self) -> tuple[str, str]:
        """What obstacles have in common that differ in names, numbers and advice only."""
        words = re.sub(r"'[^']*'|\"[^\"]*\"", "name", self.reason).split(";")[0]
        numbers = re.sub(r"-?\d[\w.+-]*", "#", words)
        return self.operator, re.sub(r"#(, ?#)*,?", "#", numbers)


class _UnknownInputError(UserError):
    """An operator reads what an operator with an obstacle should have made."""


class ObstaclesError(UserError):
    """A file cannot be imported.

    The message is one line if the obstacles are of one kind. Otherwise one line says how many there
    are, and one line for each kind follows, indented.

    Parameters
    ----------
    obstacles : tuple of Obstacle
        All of them, in the file's order.
    """

    def __init__(self, obstacles: tuple[Obstacle, ...]) -> None:
        self.obstacles = obstacles
        super().__init__(_message(obstacles))


class Obstacles:
    """The obstacles of a file so far."""

    def __init__(self) -> None:
        self._found: list[Obstacle] = []
        self._unknown: set[str | int] = set()

    def __len__(self) -> int:
        return len(self._found)

    @contextmanager
    def at(self, operator: str, place: str, makes: Iterable[str | int] = ()) -> Iterator[None]:
        """Note a `UserError` of the body instead of passing it on.

        Parameters
        ----------
        operator, place : str
            As in `Obstacle`.
        makes : iterable of str or int
            Tensors, by name or index, that are unknown if the body does not reach its end.
        """
        try:
            yield
        except _UnknownInputError:
            self._unknown.update(makes)
        except UserError as error:
            self._unknown.update(makes)
            self._found.append(Obstacle(operator, place, str(error), type(error)))

    def require(self, reads: Iterable[str | int]) -> None:
        """Leave the body of `at`, without an obstacle, if a tensor is unknown for an earlier one.

        Parameters
        ----------
        reads : iterable of str or int
            Tensors, as in `at`.
        """
        if not self._unknown.isdisjoint(reads):
            raise _UnknownInputError

    def refuse(self) -> None:
        """End the import if there are obstacles.

        Raises
        ------
        ObstaclesError
            With all of them.
        """
        if self._found:
            raise ObstaclesError(tuple(self._found))


def _message(obstacles: tuple[Obstacle, ...]) -> str:
    kinds: dict[tuple[str, str], list[Obstacle]] = {}
    for obstacle in obstacles:
        kinds.setdefault(obstacle.kind, []).append(obstacle)
    order = list(dict.fromkeys(obstacle.operator for obstacle in obstacles))
    grouped = sorted(kinds.values(), key=lambda alike: order.index(alike[0].operator))
    lines = [_line(alike) for alike in grouped]
    if len(lines) == 1:
        return lines[0]
    if len(lines) > _LINES:
        lines[_LINES:] = [f"and {len(lines) - _LINES} other kinds"]
    head = f"{len(obstacles)} obstacles of {len(grouped)} kinds"
    return "\n  ".join((head, *lines))


def _line(alike: list[Obstacle]) -> str:
    first, others = alike[0], len(alike) - 1
    more = f", and {others} more" if others else ""
    return f"{first.place}{more}: {first.reason}"

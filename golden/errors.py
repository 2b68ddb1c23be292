"""The errors that are told in one line."""

from collections.abc import Iterable


class UserError(ValueError):
    """Something a user gave cannot be used.

    The message is one line: what is wrong, where, and what to do; a file with several obstacles has
    a line for each (`golden.frontends.obstacles`). Commands print it and exit with status 2.

    Examples
    --------
    >>> import bittrue
    >>> try:
    ...     bittrue.load("small.pickle")
    ... except bittrue.UserError as error:
    ...     print(error)
    small.pickle: suffix is '.pickle'; allowed: .bittrue, .onnx, .tflite
    """


class ExecutionError(Exception):
    """Something could not be done, though what the user gave is in order.

    A program is missing or failed, a folder cannot be written, a disk is full. The message is one
    line. Commands print it and exit with status 3.

    Examples
    --------
    >>> import bittrue
    >>> graph = bittrue.load("small.bittrue")
    >>> try:
    ...     bittrue.save(graph, "no/such/folder/small.bittrue")
    ... except bittrue.ExecutionError as error:
    ...     print(error)
    no/such/folder/small.bittrue: No such file or directory; choose a folder that \
can be written
    """


class UnknownNameError(UserError):
    """A name that is none of those there are; the message lists them.

    Parameters
    ----------
    what : str
        What was to be named: ``device``.
    name : str
        As the user gave it.
    names : iterable of str
        Those that exist.
    """

    def __init__(self, what: str, name: str, names: Iterable[str]) -> None:
        super().__init__(f"no {what} is named {name!r}; choose one of {', '.join(names)}")

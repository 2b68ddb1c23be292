"""What is no function of integers in ONNX Runtime."""

from typing import NoReturn

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.obstacles import Obstacle


class NoIntegerKernelError(UserError):
    """ONNX Runtime computes an operator in floating point that no integers equal.

    The profile ``onnx`` takes it: there the exact number is rounded once.
    """


class NoExactKernelError(NoIntegerKernelError):
    """The same, where profile ``onnx`` takes integers that are at most a code beside the number."""


class FloatingPointWarning(UserWarning):
    """A file is imported as the standard defines it, not as ONNX Runtime rounds it."""


def floating_point_note(obstacles: tuple[Obstacle, ...]) -> str:
    """Return what a user is told of operators that ONNX Runtime computes in floating point."""
    first, others = obstacles[0], len(obstacles) - 1
    more = f", and {others} more" if others else ""
    near = [each.place for each in obstacles if issubclass(each.error, NoExactKernelError)]
    beside = f"; {', '.join(near)} is at most a code beside the exact number" if near else ""
    return (
        f"{first.place}{more}: ONNX Runtime computes it in float32, which no integers equal; "
        "imported with profile onnx, where every number is exact and rounded once by each "
        f"quantizer: beside a tie ONNX Runtime can get another code{beside}"
    )


def refuse(what: str) -> NoReturn:
    """Raise the error.

    Parameters
    ----------
    what : str
        What ONNX Runtime does, beginning with "it".

    Raises
    ------
    NoIntegerKernelError
        Always.
    """
    raise NoIntegerKernelError(
        f"ONNX Runtime has no integer kernel for it: {what}; import with profile onnx, which "
        "rounds the exact number"
    )

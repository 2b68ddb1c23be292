"""What is no function of integers in ONNX Runtime."""

from typing import NoReturn

from bittrue.golden.errors import UserError


class NoIntegerKernelError(UserError):
    """ONNX Runtime computes an operator in floating point that no integers equal.

    The profile ``onnx`` takes it: there the exact number is rounded once.
    """


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

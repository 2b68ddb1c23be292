"""What training the digits networks gave once: float weights, and the integers of the mixed one.

Training adds up in another order on another processor, and ends elsewhere. So its results are
files, made by ``python -m bittrue.golden.digits.train``, and figures that depend on them are the
same for all.
"""

from pathlib import Path

from bittrue.golden.errors import UserError

WEIGHTS_FILE = "digits.safetensors"
MIXED_FILE = "digits-mixed.bittrue"


def trained_file(name: str) -> Path:
    """Return where a file is.

    Raises
    ------
    UserError
        If the installation lacks it.
    """
    path = Path(__file__).parent / name
    if not path.is_file():
        raise UserError(f"{path} is missing; install bittrue again")
    return path

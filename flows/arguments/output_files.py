"""Files that commands are asked to write."""

from pathlib import Path

from bittrue.golden.errors import UserError


def require_folder_of(path: Path) -> None:
    """Refuse a file whose folder does not exist.

    Raises
    ------
    UserError
        Naming both.
    """
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")

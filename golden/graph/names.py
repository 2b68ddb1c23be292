"""Names of tensors: what files say, and what people call them."""

from collections.abc import Iterable


def first_name(name: str) -> str:
    """Return what a tensor is called: converters join names of fused operators, the result first.

    They do so by semicolons.
    """
    return name.split(";")[0]


def full_name(called: str, known: Iterable[str]) -> str | None:
    """Return the name of the one tensor that somebody means.

    Parameters
    ----------
    called : str
        Its name, or what it is called where no other one is.
    known : iterable of str
        All names.

    Returns
    -------
    str or None
        None if there is none, or several are called so.
    """
    names = list(known)
    if called in names:
        return called
    meant = [name for name in names if first_name(name) == called]
    return meant[0] if len(meant) == 1 else None

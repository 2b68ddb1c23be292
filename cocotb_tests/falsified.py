"""Specifications that say something wrong, for negative controls."""

from typing import Any


def falsify(spec: Any, **values: Any) -> None:
    """Change what a specification, frozen or not, says of itself."""
    for name in values:
        vars(spec).pop(name, None)
    object.__setattr__(spec, "__class__", type("Falsified", (type(spec),), values))

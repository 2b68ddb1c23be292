"""Specifications that say something wrong, for negative controls."""

from types import new_class
from typing import Any

from bittrue.golden.graph import Node


def falsify(spec: Any, **values: Any) -> None:
    """Change what a specification, frozen or not, says of itself."""
    for name in values:
        vars(spec).pop(name, None)
    # What is falsified of a node is no operator of its own.
    options = {"abstract": True} if isinstance(spec, Node) else {}
    kind = new_class("Falsified", (type(spec),), options, lambda members: members.update(values))
    object.__setattr__(spec, "__class__", kind)

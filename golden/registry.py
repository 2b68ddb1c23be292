"""Packages whose modules enter what they define into a registry when they are imported."""

import importlib
import pkgutil
from types import ModuleType


def import_modules(package: ModuleType | str) -> None:
    """Import every module of a package, so that each registers what it defines.

    Parameters
    ----------
    package : module or str
        The package, or its name.
    """
    if isinstance(package, str):
        package = importlib.import_module(package)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

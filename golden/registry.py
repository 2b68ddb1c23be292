"""Packages whose modules enter what they define into a registry when they are imported."""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from bittrue.golden.errors import UserError

USERS_OPERATORS = "bittrue.operators"
"""The group of entry points under which an installed package names its operators."""


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


@cache
def import_users_operators() -> None:
    """Import the packages that bring operators of their own, so that each registers them.

    They are what is installed with entry points of the group `USERS_OPERATORS`, each of which names
    a package, of which all modules are imported, or a module.

    Raises
    ------
    UserError
        Naming the entry point, if it cannot be imported.
    """
    for point in entry_points(group=USERS_OPERATORS):
        try:
            module = importlib.import_module(point.value)
            if hasattr(module, "__path__"):
                import_modules(module)
        except Exception as error:  # Whatever a user's code raises.
            reason = " ".join(str(error).split())
            raise UserError(
                f"the package {point.value!r}, which brings operators as {point.name!r}, cannot be "
                f"imported ({type(error).__name__}: {reason}); mend it, or uninstall it"
            ) from error

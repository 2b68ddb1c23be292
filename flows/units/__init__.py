"""Every circuit that can be generated, simulated and synthesised alone, by name."""

from bittrue.flows.units.compute import COMPUTE_UNITS
from bittrue.flows.units.engine import ENGINE_UNITS
from bittrue.flows.units.layers import LAYER_UNITS
from bittrue.flows.units.mat_mul import MAT_MUL_UNITS
from bittrue.flows.units.matrix_layers import MATRIX_LAYER_UNITS
from bittrue.flows.units.movements import MOVEMENT_UNITS
from bittrue.flows.units.network import NETWORK_UNITS
from bittrue.flows.units.pooling import POOLING_UNITS
from bittrue.flows.units.unit import Parameter, Unit
from bittrue.golden.errors import UnknownNameError

__all__ = ["UNITS", "Parameter", "Unit", "describe_units", "find_unit"]

UNITS: dict[str, Unit] = {
    **COMPUTE_UNITS,
    **ENGINE_UNITS,
    **LAYER_UNITS,
    **MOVEMENT_UNITS,
    **POOLING_UNITS,
    **MATRIX_LAYER_UNITS,
    **MAT_MUL_UNITS,
    **NETWORK_UNITS,
}


def find_unit(name: str) -> Unit:
    """Return the unit of that name.

    Raises
    ------
    UserError
        Listing the names that exist.
    """
    if name not in UNITS:
        raise UnknownNameError("unit", name, UNITS)
    return UNITS[name]


def describe_units() -> str:
    """Return a list of the units and their parameters, for help texts."""
    lines = ["units and their parameters:"]
    for name, unit in UNITS.items():
        lines += ["", f"  {name}: {unit.summary}"]
        for key, parameter in unit.parameters.items():
            lines.append(f"    {key}={parameter.default or '...'}  ({parameter.help})")
    return "\n".join(lines)

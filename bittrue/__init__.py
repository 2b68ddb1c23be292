"""From a quantized network to Verilog, equal to the last bit: what is promised to stay.

Importing this imports nothing else: each name brings its packages along when it is first used
(torch, for `quantize` and `predict`).
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bittrue.building import build
    from bittrue.cosimulation import Cosimulation
    from bittrue.devices import Device
    from bittrue.evaluation import Evaluation, evaluate
    from bittrue.flows.simulation.bench.scenario import Verdict
    from bittrue.golden.errors import ExecutionError, UserError
    from bittrue.golden.graph.graph import Graph
    from bittrue.golden.quantize.scheme import Scheme
    from bittrue.networks import load, predict, save
    from bittrue.planning import Plan, plan
    from bittrue.quantization import quantize
    from bittrue.simulation import Simulation, simulate

__all__ = [
    "Cosimulation",
    "Device",
    "Evaluation",
    "ExecutionError",
    "Graph",
    "Plan",
    "Scheme",
    "Simulation",
    "UserError",
    "Verdict",
    "build",
    "evaluate",
    "load",
    "plan",
    "predict",
    "quantize",
    "save",
    "simulate",
]

_PLACES = {
    "Cosimulation": "bittrue.cosimulation",
    "Device": "bittrue.devices",
    "Evaluation": "bittrue.evaluation",
    "ExecutionError": "bittrue.golden.errors",
    "Graph": "bittrue.golden.graph.graph",
    "Plan": "bittrue.planning",
    "Scheme": "bittrue.golden.quantize.scheme",
    "Simulation": "bittrue.simulation",
    "UserError": "bittrue.golden.errors",
    "Verdict": "bittrue.flows.simulation.bench.scenario",
    "build": "bittrue.building",
    "evaluate": "bittrue.evaluation",
    "load": "bittrue.networks",
    "plan": "bittrue.planning",
    "predict": "bittrue.networks",
    "quantize": "bittrue.quantization",
    "save": "bittrue.networks",
    "simulate": "bittrue.simulation",
}
"""The module that each public name is defined in."""


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

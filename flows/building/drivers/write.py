"""The drivers in an output folder."""

import re
from importlib.resources import files
from pathlib import Path
from pprint import pformat
from typing import Any

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.drivers.design import describe_design, describe_engine
from bittrue.flows.building.registers.c_header import c_header
from bittrue.flows.building.templates import fill
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.hdl.engine.register_map import registers

_DESIGN = "DESIGN: dict[str, Any] = {}\n"
_IMPORT = re.compile(rf"^from {re.escape(__package__)}\.host import \(.*?^\)\n\n", re.M | re.S)
_WIDTH = 96


def write_drivers(folder: Path, accelerator: Accelerator) -> None:
    """Write a driver for Python with PYNQ, and one for C.

    Parameters
    ----------
    folder : Path
        There already.
    accelerator : Accelerator
        With an AXI shell.
    """
    design = describe_design(accelerator)
    top = accelerator.top
    (folder / f"{top}.py").write_text(python_driver(design))
    (folder / f"{top}_registers.h").write_text(c_header(top, accelerator.registers))
    values, members = _c_values(design)
    for suffix in ("h", "c"):
        (folder / f"{top}.{suffix}").write_text(fill(f"driver.{suffix}", values, members))


def write_engine_drivers(folder: Path, engine: EngineConfiguration, top: str) -> None:
    """Write a driver of an engine for Python with PYNQ, and one for C.

    Parameters
    ----------
    folder : Path
        There already.
    engine : EngineConfiguration
    top : str
        Name of the engine's module.
    """
    design = describe_engine(engine)
    (folder / f"{top}.py").write_text(one_file("engine_driver.py", design))
    (folder / f"{top}_registers.h").write_text(c_header(top, registers(engine)))
    faults = [{"MEANING": meaning} for meaning in design["faults"].values()]
    (folder / f"{top}.h").write_text(fill("engine.h", {}))
    host = fill("host.c", {"END_TYPE": "engine_end"})
    (folder / f"{top}.c").write_text(fill("engine.c", {"HOST": host}, {"FAULT": faults}))


def python_driver(design: dict[str, Any]) -> str:
    """Return the text of `flows.building.drivers.pynq_driver` for a design."""
    return one_file("pynq_driver.py", design).replace("accelerator_NAME", design["name"])


def one_file(name: str, design: dict[str, Any]) -> str:
    """Return the text of a module of this package that imports nothing of it, with its design.

    Parameters
    ----------
    name : str
        Of the module's file, which imports `flows.building.drivers.host`.
    design : dict
        Plain data.
    """
    text = (files(__package__) / name).read_text()
    host = (files(__package__) / "host.py").read_text()
    shared = host[host.index("class AcceleratorError") :]
    table = pformat(design, width=_WIDTH, sort_dicts=False, compact=True)
    assert text.count(_DESIGN) == len(_IMPORT.findall(text)) == 1
    return _IMPORT.sub("", text).replace(_DESIGN, f"DESIGN: dict[str, Any] = {table}\n\n\n{shared}")


def _c_values(
    design: dict[str, Any],
) -> tuple[dict[str, object], dict[str, list[dict[str, object]]]]:
    """Return what the C driver is filled with."""
    inputs, outputs = design["inputs"], design["outputs"]
    values: dict[str, object] = {
        "TOP": design["name"],
        "PREFIX": design["name"].upper(),
        "INPUTS": len(inputs),
        "OUTPUTS": len(outputs),
        "HOST": fill("host.c", {"END_TYPE": "end"}),
    }
    return values, {
        "INPUT": [_c_end(*x) for x in enumerate(inputs)],
        "OUTPUT": [_c_end(*x) for x in enumerate(outputs)],
    }


def _c_end(index: int, end: dict[str, Any]) -> dict[str, object]:
    elements = 1
    for size in end["shape"]:
        elements *= size
    places = sorted(range(len(end["layout"])), key=lambda place: end["layout"][place])
    numerator, denominator = end["scale"] or (0, 1)
    return {
        "INDEX": index,
        "STREAM": end["stream"],
        "STREAM_UPPER": end["stream"].upper(),
        "TENSOR": end["tensor"].replace("*/", "* /"),
        "SHAPE": " x ".join(str(end["shape"][place]) for place in places),
        "ELEMENTS": elements,
        "BYTES": end["bytes"],
        "IMAGE_BYTES": elements * end["bytes"],
        "SIGNED": int(end["signed"]),
        "BIPOLAR": int(end["bipolar"]),
        "ZERO_POINT": end["zero_point"],
        "MINIMUM": end["minimum"],
        "MAXIMUM": end["maximum"],
        "SCALE": (numerator / denominator).hex(),
        "MEANING": "codes" if end["scale"] is None else f"{numerator / denominator:.9g} a step",
    }

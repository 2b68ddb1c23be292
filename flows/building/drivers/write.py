"""The drivers in an output folder."""

from importlib.resources import files
from pathlib import Path
from pprint import pformat
from typing import Any

from bittrue.flows.building.accelerator import Accelerator
from bittrue.flows.building.drivers.design import describe_design
from bittrue.flows.building.registers.c_header import c_header
from bittrue.flows.building.templates import fill

_DESIGN = "DESIGN: dict[str, Any] = {}\n"
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


def python_driver(design: dict[str, Any]) -> str:
    """Return the text of `flows.building.drivers.pynq_driver` for a design."""
    text = (files(__package__) / "pynq_driver.py").read_text()
    assert text.count(_DESIGN) == 1
    table = pformat(design, width=_WIDTH, sort_dicts=False, compact=True)
    return text.replace(_DESIGN, f"DESIGN: dict[str, Any] = {table}\n").replace(
        "accelerator_NAME", design["name"]
    )


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

"""``litex/``: the accelerator as a module of LiteX, and what firmware there calls."""

from importlib.resources import files
from pathlib import Path
from pprint import pformat

from bittrue.flows.building.accelerator import Accelerator, End
from bittrue.flows.building.templates import fill
from bittrue.hdl.shell.register_map import ADDRESS_WIDTH

_DESIGN = "DESIGN: dict[str, Any] = {}\n"


def write_litex(folder: Path, accelerator: Accelerator) -> None:
    """Write the module, and the header of the firmware.

    Parameters
    ----------
    folder : Path
        There already.
    accelerator : Accelerator
        With an AXI shell.
    """
    top = accelerator.top
    design = {
        "name": top,
        "clocks": list(accelerator.clocks),
        "address_bits": ADDRESS_WIDTH,
        "inputs": list(map(_stream, accelerator.inputs)),
        "outputs": list(map(_stream, accelerator.outputs)),
    }
    text = (files(__package__) / "litex_module.py").read_text()
    assert text.count(_DESIGN) == 1
    table = pformat(design, width=96, sort_dicts=False)
    text = text.replace(_DESIGN, f"DESIGN: dict[str, Any] = {table}\n")
    (folder / f"{top}_litex.py").write_text(text.replace("accelerator_NAME", top))
    values: dict[str, object] = {"TOP": top, "PREFIX": top.upper()}
    members = {
        "INPUT": list(map(_member, enumerate(accelerator.inputs))),
        "OUTPUT": list(map(_member, enumerate(accelerator.outputs))),
    }
    (folder / f"{top}_litex.h").write_text(fill("litex.h", values, members))


def _stream(end: End) -> dict[str, object]:
    return {"stream": end.prefix, "width": end.width, "beats": end.beats}


def _member(place: tuple[int, End]) -> dict[str, object]:
    index, end = place
    return {"INDEX": index, "STREAM": end.prefix, "STREAM_UPPER": end.prefix.upper()}

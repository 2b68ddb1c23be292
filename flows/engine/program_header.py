"""A program for the C driver of the engine: where its inputs and outputs are."""

import re
from collections.abc import Sequence
from typing import Any

_PLACES = ("address", "height", "width", "channels", "row_stride", "plane_stride", "lanes")


def program_header(name: str, document: dict[str, Any]) -> str:
    """Return the text of PROGRAM.h, for the driver of an engine's folder.

    Parameters
    ----------
    name : str
        Of the file, without its suffix.
    document : dict
        What PROGRAM.json says.
    """
    symbol = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not symbol[:1].isalpha():
        symbol = f"program_{symbol}"
    guard = f"{symbol.upper()}_PROGRAM_H"
    needs, image = document["needs"], document["image"]
    lines = [
        f"/* The program {image['file']} (SHA-256 {image['sha256']}) for the engine's driver. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        '#include "engine.h"',
        "",
        *_ends(f"{symbol}_inputs", document["inputs"]),
        *_ends(f"{symbol}_outputs", document["outputs"]),
        f"static const struct engine_program {symbol} = {{",
        f"    .image_bytes = {image['bytes']},",
        f"    .data_bytes = {document['data_bytes']},",
        f"    .lanes = {needs['lanes']},",
        f"    .outputs_at_once = {needs['outputs']},",
        f"    .input_count = {len(document['inputs'])},",
        f"    .output_count = {len(document['outputs'])},",
        f"    .inputs = {symbol}_inputs,",
        f"    .outputs = {symbol}_outputs,",
        "};",
        "",
        f"#endif /* {guard} */",
        "",
    ]
    return "\n".join(lines)


def _ends(symbol: str, ends: Sequence[dict[str, Any]]) -> list[str]:
    lines = [f"static const struct engine_end {symbol}[] = {{"]
    for end in ends:
        values = end["values"]
        numerator, denominator = values["scale"] or (0, 1)
        fields = {
            **{name: end[name] for name in _PLACES},
            "bytes": end["code_bytes"],
            "is_signed": int(values["signed"]),
            "bipolar": int(values["bipolar"]),
            "minimum": values["minimum"],
            "maximum": values["maximum"],
            "zero_point": values["zero_point"],
            "scale": (numerator / denominator).hex(),
        }
        lines += [f"    {{ /* {end['name'].replace('*/', '* /')} */"]
        lines += [f"        .{name} = {value}," for name, value in fields.items()]
        lines += ["    },"]
    return [*lines, "};", ""]

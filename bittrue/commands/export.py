"""``bittrue export``: write a network as an ONNX model that ONNX Runtime runs."""

import argparse
from collections import Counter
from pathlib import Path

from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import add_model_arguments, load_model
from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.flows.reports.terminal import terminal
from bittrue.golden.errors import UserError
from bittrue.golden.export import STYLES, export_onnx
from bittrue.golden.files.atomic_file import write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, profile, style and output."""
    add_model_arguments(parser, "exported")
    parser.add_argument("--output", type=Path, required=True, metavar="X.onnx", help="a file")
    parser.add_argument(
        "--style",
        choices=STYLES,
        default=STYLES[0],
        help="integer: integer operators, exact on every machine; qdq: QuantizeLinear and "
        "DequantizeLinear around the layers where ONNX Runtime's float32 gives the same codes",
    )
    add_json_argument(parser, "how each layer is written")


def run(arguments: argparse.Namespace) -> int:
    """Write the model and say how its layers are written."""
    require_folder_of(arguments.output)
    if arguments.output.suffix != ".onnx":
        raise UserError(
            f"{arguments.output}: suffix is {arguments.output.suffix!r}; allowed: .onnx"
        )
    graph = load_model(arguments)
    try:
        exported = export_onnx(graph, arguments.style)
    except UserError as error:
        raise UserError(f"{arguments.model}: {error}") from error
    write_atomically(arguments.output, exported.content)
    if arguments.json:
        layers = dict.fromkeys(exported.qdq, "qdq") | dict.fromkeys(exported.exact, "integer")
        print_json(
            {
                "file": str(arguments.output),
                "bytes": len(exported.content),
                "layers": [
                    {"tensor": name, "style": style, "reason": exported.exact.get(name)}
                    for name, style in layers.items()
                ],
            }
        )
        return 0
    console = terminal()
    console.print(f"written {arguments.output}, {len(exported.content):,} bytes", soft_wrap=True)
    if arguments.style == "qdq":
        console.print(f"{len(exported.qdq)} layers in QDQ form")
        for reason, count in Counter(exported.exact.values()).most_common():
            console.print(f"{count} layers as integer operators: {reason}")
        console.print(
            "ONNX Runtime is exact on x86 with session.qdqisint8allowed set to 1, as on Arm"
        )
    return 0

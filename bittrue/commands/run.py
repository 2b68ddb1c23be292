"""``bittrue run``: execute a network exactly on recorded inputs."""

import argparse
import hashlib
from pathlib import Path
from urllib.parse import quote

from bittrue.flows.arguments.code_files import npy_content
from bittrue.flows.arguments.end_files import FILE_OF_EACH, files_of_ends, read_inputs
from bittrue.flows.arguments.json_output import add_json_argument, print_json
from bittrue.flows.arguments.model_arguments import add_model_arguments, load_model
from bittrue.flows.arguments.output_files import require_folder_of
from bittrue.golden.errors import ExecutionError
from bittrue.golden.files.atomic_file import write_together

_MAXIMUM_NAME = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, profile, inputs and outputs."""
    add_model_arguments(parser, "executed")
    parser.add_argument(
        "--input",
        metavar="[TENSOR=]X.npy",
        required=True,
        action="append",
        help="N input codes in the model's own type and layout, N calls in turn if it keeps state; "
        + FILE_OF_EACH.format("input"),
    )
    parser.add_argument(
        "--output",
        metavar="[TENSOR=]Y.npy",
        required=True,
        action="append",
        help="where the N output codes go; " + FILE_OF_EACH.format("output"),
    )
    parser.add_argument(
        "--tensors", type=Path, metavar="DIR", help="a folder for every tensor, one .npy each"
    )
    add_json_argument(parser, "the file of every tensor written")


def run(arguments: argparse.Namespace) -> int:
    """Write the outputs, and every tensor when asked."""
    graph = load_model(arguments)
    inputs = read_inputs(graph, arguments.input)
    outputs = files_of_ends("--output", arguments.output, "output", graph.outputs)
    names = list(graph.outputs if arguments.tensors is None else graph.tensors)
    for path in outputs.values():
        require_folder_of(path)
    # After the inputs are checked, because importing torch takes seconds.
    from bittrue.golden.executor.execute import Executor

    results = Executor(graph).run(inputs, names)
    files = {path: name for name, path in outputs.items()}
    if arguments.tensors is not None:
        files |= {arguments.tensors / file_name(name): name for name in graph.tensors}
        _make_folder(arguments.tensors)
    write_together((path, npy_content(graph, name, results[name])) for path, name in files.items())
    samples = len(next(iter(inputs.values())))
    if arguments.json:
        written = [{"tensor": name, "file": str(path)} for path, name in files.items()]
        print_json({"samples": samples, "written": written})
        return 0
    counted = "calls, one after the other" if graph.states else "samples"
    print(f"{samples} {counted}; {', '.join(map(str, outputs.values()))}")
    if arguments.tensors is not None:
        print(f"{len(graph.tensors)} tensors in {arguments.tensors}")
    return 0


def file_name(tensor: str) -> str:
    """Return the file of a tensor: its name, with what file systems refuse as percent signs.

    Names too long for a file system keep their beginning and end with a hash of the whole.
    """
    encoded = quote(tensor, safe=" ;:,+=@()[]")
    if len(encoded) > _MAXIMUM_NAME:
        digest = hashlib.sha256(tensor.encode()).hexdigest()[:12]
        encoded = f"{encoded[:_MAXIMUM_NAME]}~{digest}"
    return f"{encoded}.npy"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExecutionError(f"{folder}: {error.strerror}; choose another folder") from None

"""Files for each input or output of a network, as named on the command line."""

from collections.abc import Sequence
from pathlib import Path

from bittrue.flows.arguments.code_files import Codes, read_codes
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.graph.names import first_name, full_name

FILE_OF_EACH = "once for each {}, in order, or as TENSOR=FILE in any order"
"""What the help of an option says that is given once for each input or output."""


def files_of_ends(
    option: str, texts: Sequence[str], kind: str, names: Sequence[str]
) -> dict[str, Path]:
    """Return the file for each tensor.

    Parameters
    ----------
    option : str
        ``--input``, for messages.
    texts : sequence of str
        What was given: files in the order of the tensors, or ``TENSOR=FILE`` each.
    kind : str
        ``input`` or ``output``.
    names : sequence of str
        The tensors.

    Raises
    ------
    UserError
        If there is not one file for each.
    """
    files: dict[str, Path] = {}
    for place, text in enumerate(texts):
        # A name and a path may both have equals signs: the longest name that fits is meant.
        called = {each: full_name(each, names) for each in (*names, *map(first_name, names))}
        named = [each for each in called if called[each] and text.startswith(f"{each}=")]
        longest = max(named, key=len) if named else None
        name = (longest and called[longest]) or names[min(place, len(names) - 1)]
        if name in files or len(texts) != len(names):
            break
        files[name] = Path(text.removeprefix(f"{longest}=") if longest else text)
    if set(files) == set(names):
        return files
    several = "s" if len(names) > 1 else ""
    raise UserError(
        f"{option} is given {len(texts)} times; the model has {len(names)} {kind}{several}: "
        f"{', '.join(names)}; give a file for each, in this order or as TENSOR=FILE"
    )


def read_inputs(graph: Graph, texts: Sequence[str]) -> dict[str, Codes]:
    """Return the samples of each input from files; see `files_of_ends` and `read_codes`."""
    names = [tensor.name for tensor in graph.inputs]
    files = files_of_ends("--input", texts, "input", names)
    codes = {name: read_codes(graph, name, path) for name, path in files.items()}
    first = next(iter(files))
    for name, path in files.items():
        if len(codes[name]) != len(codes[first]):
            raise UserError(
                f"{path}: it has {len(codes[name])} samples; {files[first]} has {len(codes[first])}"
            )
    return codes

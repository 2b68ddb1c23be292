"""Networks in files, and their exact execution."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bittrue.flows.arguments.code_files import codes_of, in_model_layout
from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.frontends.load import load_network
from bittrue.golden.graph import Graph, file

Codes = NDArray[np.integer[Any]]

_ONNX = ".onnx"


def load(
    path: str | Path,
    profile: str | None = None,
    inputs: Collection[str] = (),
    outputs: Collection[str] = (),
) -> Graph:
    """Read a network from a .bittrue, .tflite or .onnx file.

    Parameters
    ----------
    path : str or Path
    profile : str, optional
        The reference whose arithmetic to take, of formats that have several: ``litert``,
        ``tflm``, ``xnnpack``. By default the format's first.
    inputs, outputs : collection of str
        Tensors of the file to begin and to end the network at, in place of those of the file.

    Returns
    -------
    Graph

    Raises
    ------
    UserError
        Naming the file, what is wrong and what to do.

    Examples
    --------
    >>> import bittrue
    >>> graph = bittrue.load("small.bittrue")
    >>> [(tensor.name, tensor.shape, str(tensor.type)) for tensor in graph.inputs]
    [('input', (4,), 'int8')]
    """
    return load_network(Path(path), profile, tuple(inputs), tuple(outputs))


def save(graph: Graph, path: str | Path) -> None:
    """Write a network as a .bittrue file, or as an .onnx file for ONNX Runtime to check.

    Parameters
    ----------
    graph : Graph
    path : str or Path
        What is there is replaced when the new file is complete. An .onnx file has integer
        operators, which are exact on every machine.

    Raises
    ------
    UserError
        If the suffix is another one, or ONNX has no operators for the network.
    ExecutionError
        If the file cannot be written.

    Examples
    --------
    >>> import bittrue
    >>> graph = bittrue.load("small.bittrue")
    >>> bittrue.save(graph, "copy.bittrue")
    >>> bittrue.save(graph, "copy.onnx")
    """
    target = Path(path)
    if target.suffix == file.SUFFIX:
        file.save(graph, target)
    elif target.suffix == _ONNX:
        from bittrue.golden.export import export_onnx  # Only now: importing onnx takes a second.

        write_atomically(target, export_onnx(graph).content)
    else:
        raise UserError(f"{target}: suffix is {target.suffix!r}; allowed: {file.SUFFIX}, {_ONNX}")


def predict(
    graph: Graph,
    inputs: ArrayLike | Mapping[str, ArrayLike],
    tensors: Collection[str] | None = None,
) -> dict[str, Codes]:
    """Compute a network exactly, as its circuit does.

    Parameters
    ----------
    graph : Graph
    inputs : array, or mapping of str to array if the network has several inputs
        Samples in the first dimension, in the layout of the model that the graph came from:
        integers are codes; real values are quantized. Of a network with states they are calls, one
        after the other, from its initial states on.
    tensors : collection of str, optional
        Names of the tensors to return; by default the network's outputs.

    Returns
    -------
    dict of str to ndarray of integers
        Codes, shape (samples, ...), in the smallest integer type that holds them.

    Raises
    ------
    UserError
        Naming the input or tensor, and what is allowed.

    Examples
    --------
    >>> import bittrue, numpy as np
    >>> graph = bittrue.load("small.bittrue")
    >>> codes = bittrue.predict(graph, np.full((2, 4), 100))
    >>> {name: array.shape for name, array in codes.items()}
    {'dense': (2, 3)}
    """
    # Only now, because importing torch takes seconds.
    from bittrue.golden.executor.execute import Executor

    given = input_codes(graph, inputs)
    results = Executor(graph).run(given, tensors)
    return {name: in_model_layout(graph, name, codes) for name, codes in results.items()}


def input_codes(
    graph: Graph, inputs: ArrayLike | Mapping[str, ArrayLike], what: str = "inputs"
) -> dict[str, Codes]:
    """Return the codes of each input; see `predict`.

    Parameters
    ----------
    graph : Graph
    inputs : array, or mapping of str to array
    what : str
        What messages call them.
    """
    names = [tensor.name for tensor in graph.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise UserError(
                f"{what} is one array; the network has {len(names)} inputs: {', '.join(names)}; "
                "give an array for each by name"
            )
        inputs = {names[0]: inputs}
    if set(inputs) != set(names):
        raise UserError(
            f"{what} are given for {', '.join(map(str, inputs)) or 'none'}; the network's are "
            f"{', '.join(names)}"
        )
    return {
        name: codes_of(graph, name, np.asarray(inputs[name]), name if what == "inputs" else what)
        for name in names
    }

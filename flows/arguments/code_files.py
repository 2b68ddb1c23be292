"""Tensors of a network as .npy files, in the layout of the model that it came from."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.arguments.npy_files import read_npy
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph, Quantization, Tensor

Codes = NDArray[np.integer[Any]]


def read_codes(graph: Graph, name: str, path: Path) -> Codes:
    """Read samples of a tensor: its codes, or real values that are turned into codes.

    Real values become ``clamp(round_half_even(x / scale) + zero point)``, in float32 as ONNX's
    QuantizeLinear computes it.

    Parameters
    ----------
    graph : Graph
    name : str
        Of the tensor.
    path : Path
        One array of integers or floats, shape (samples, *shape in the model's layout).

    Returns
    -------
    ndarray of integers, shape (samples, *shape in the graph)

    Raises
    ------
    UserError
        Naming the file, if it is no such array, or has no samples.
    """
    return codes_of(graph, name, read_npy(path), str(path))


def codes_of(graph: Graph, name: str, samples: NDArray[Any], place: str) -> Codes:
    """Return an array of samples as codes in the graph's layout; see `read_codes`.

    Parameters
    ----------
    graph : Graph
    name : str
        Of the tensor.
    samples : ndarray of integers or floats, shape (samples, *shape in the model's layout)
    place : str
        Where they come from, for messages.

    Raises
    ------
    UserError
        Naming the place.
    """
    tensor = graph.tensors[name]
    expected = model_shape(graph, name)
    kinds = "iuf" if name in graph.quantization else "iu"
    if samples.dtype.kind not in kinds or samples.shape[1:] != expected or samples.ndim == 0:
        numbers = "integers" if kinds == "iu" else "codes or real values"
        raise UserError(
            f"{place}: it has shape {samples.shape} and type {samples.dtype}; allowed: {numbers} "
            f"of shape (N, {', '.join(map(str, expected))})"
        )
    if len(samples) == 0:
        raise UserError(f"{place}: it has no samples; allowed: one or more")
    if samples.dtype.kind == "f":
        if not np.isfinite(samples).all():
            raise UserError(f"{place}: it has values that are not finite")
        samples = _quantized(samples, tensor, graph.quantization[name])
    return in_graph_layout(graph, name, samples)


def in_graph_layout(graph: Graph, name: str, codes: Codes) -> Codes:
    """Return samples of a tensor, in its model's layout, in that of the graph."""
    places = [axis + 1 for axis in _layout(graph, name)]
    return np.moveaxis(codes, range(1, codes.ndim), places)


def in_model_layout(graph: Graph, name: str, codes: Codes) -> Codes:
    """Return samples of a tensor in the layout of the model that the graph came from."""
    return np.transpose(codes, [0, *(axis + 1 for axis in _layout(graph, name))])


def model_shape(graph: Graph, name: str) -> tuple[int, ...]:
    """Return the shape of a tensor in the model that the graph came from, without the batch."""
    return tuple(graph.tensors[name].shape[axis] for axis in _layout(graph, name))


def _layout(graph: Graph, name: str) -> tuple[int, ...]:
    return graph.layouts.get(name, tuple(range(len(graph.tensors[name].shape))))


def npy_content(graph: Graph, name: str, codes: Codes) -> bytes:
    """Return the content of the file that `read_codes` reads as these samples."""
    return npy_bytes(in_model_layout(graph, name, codes))


def npy_bytes(array: NDArray[Any]) -> bytes:
    """Return the content of an array's .npy file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _quantized(real: NDArray[Any], tensor: Tensor, quantization: Quantization) -> Codes:
    if quantization.encoding.bipolar:
        return (real >= 0).astype(np.int64)
    steps = np.rint(real.astype(np.float32) / np.float32(quantization.scale))
    codes = steps.astype(np.float64) + quantization.encoding.zero_point
    return np.clip(codes, tensor.minimum, tensor.maximum).astype(np.int64)

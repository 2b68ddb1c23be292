"""Tensors of a network as .npy files, in the layout of the model that it came from."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.arguments.npy_files import read_npy
from golden.errors import UserError
from golden.graph import Graph, Quantization, Tensor

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
    codes = read_npy(path)
    tensor = graph.tensors[name]
    layout = graph.layouts.get(name, tuple(range(len(tensor.shape))))
    expected = tuple(tensor.shape[axis] for axis in layout)
    kinds = "iuf" if name in graph.quantization else "iu"
    if codes.dtype.kind not in kinds or codes.shape[1:] != expected or codes.ndim == 0:
        numbers = "integers" if kinds == "iu" else "codes or real values"
        raise UserError(
            f"{path}: it has shape {codes.shape} and type {codes.dtype}; allowed: {numbers} of "
            f"shape (N, {', '.join(map(str, expected))})"
        )
    if len(codes) == 0:
        raise UserError(f"{path}: it has no samples; allowed: one or more")
    if codes.dtype.kind == "f":
        if not np.isfinite(codes).all():
            raise UserError(f"{path}: it has values that are not finite")
        codes = _quantized(codes, tensor, graph.quantization[name])
    return np.moveaxis(codes, range(1, codes.ndim), [axis + 1 for axis in layout])


def npy_content(graph: Graph, name: str, codes: Codes) -> bytes:
    """Return the content of the file that `read_codes` reads as these samples."""
    layout = graph.layouts.get(name, tuple(range(codes.ndim - 1)))
    stream = io.BytesIO()
    ordered = np.transpose(codes, [0, *(axis + 1 for axis in layout)])
    np.save(stream, ordered, allow_pickle=False)
    return stream.getvalue()


def _quantized(real: NDArray[Any], tensor: Tensor, quantization: Quantization) -> Codes:
    if quantization.encoding.bipolar:
        return (real >= 0).astype(np.int64)
    steps = np.rint(real.astype(np.float32) / np.float32(quantization.scale))
    codes = steps.astype(np.float64) + quantization.encoding.zero_point
    return np.clip(codes, tensor.minimum, tensor.maximum).astype(np.int64)

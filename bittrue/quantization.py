"""From a float torch module to an integer network."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bittrue.golden import quantize as quantization
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph
from bittrue.golden.quantize import Scheme
from bittrue.golden.quantize.scheme_file import read_scheme


def quantize(
    module: nn.Module, calibration: Any, scheme: Scheme | str | Path | None = None
) -> Graph:
    """Turn a float torch module into a network of integers.

    Parameters
    ----------
    module : torch.nn.Module
        Evaluated as by ``module.eval()``, and left as it is.
    calibration : tensor or array, tuple of them, or iterable of either
        Real samples in the first dimension, one tensor for each input; all at once, or in batches
        that can be iterated again.
    scheme : Scheme, str or Path, optional
        Bits, types, ranges and corrections, or the TOML file that has them; by default 8 bits,
        weights with a scale per output channel.

    Returns
    -------
    Graph
        Equal to the fake-quantized module on every accumulator that can occur.

    Raises
    ------
    UserError
        Naming the operator, layer or option, its value, and what is allowed.

    Examples
    --------
    >>> import bittrue, torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    >>> graph = bittrue.quantize(module, torch.rand(64, 4))
    >>> [node.operator() for node in graph.nodes]
    ['fully_connected']
    """
    if not isinstance(scheme, Scheme | None):
        scheme = read_scheme(Path(scheme))
    if scheme is not None and scheme.training is not None:
        raise UserError(
            "the scheme has a training, which needs labels; 'bittrue quantize --labels' takes them"
        )
    return quantization.quantize(module, _tensors(calibration), scheme).graph


def _tensors(calibration: Any) -> Any:
    """Return samples with tensors of float32 in place of arrays."""
    if isinstance(calibration, np.ndarray):
        return torch.from_numpy(np.asarray(calibration, dtype=np.float32))
    if isinstance(calibration, tuple | list):
        return type(calibration)(_tensors(each) for each in calibration)
    return calibration

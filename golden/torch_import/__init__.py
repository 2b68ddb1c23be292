"""Post-training quantization: a float torch module becomes an integer graph.

trace (`torch.export`) -> simplify (batch norm folded, activations fused) -> calibrate (ranges)
-> plan (scales) -> lower (integers). Each step is a function of its own.
"""

from collections.abc import Callable, Iterator

from torch import Tensor, nn

from golden.errors import UserError
from golden.graph import Graph
from golden.torch_import.calibrate import MinMaxObserver, Observer, calibrate
from golden.torch_import.codes import to_codes, to_real
from golden.torch_import.float_network import FloatNetwork
from golden.torch_import.lower import lower
from golden.torch_import.plan import Plan, Scheme, make_plan
from golden.torch_import.simplify import simplify
from golden.torch_import.trace import trace

__all__ = [
    "FloatNetwork",
    "MinMaxObserver",
    "Observer",
    "Plan",
    "Scheme",
    "calibrate",
    "import_torch",
    "lower",
    "make_plan",
    "quantization_plan",
    "simplify",
    "to_codes",
    "to_real",
    "trace",
]

_CALIBRATION_BATCH = 256


def import_torch(
    module: nn.Module,
    calibration: Tensor | tuple[Tensor, ...],
    scheme: Scheme | None = None,
    observer: Callable[[], Observer] = MinMaxObserver,
) -> Graph:
    """Quantize a float module after training.

    Parameters
    ----------
    module : Module
        Convolutions (grouped and depthwise too), linear layers, batch normalization, additions,
        products, concatenations, pooling and functions of single values; evaluated as by
        ``module.eval()`` and left as it is.
    calibration : Tensor or tuple of Tensor
        Samples in the first dimension; one tensor for each input of the module.
    scheme : Scheme, optional
        By default int8 with per-channel weights and TFLite's rounding.
    observer : callable
        Makes what turns the values of a tensor into a range.

    Returns
    -------
    Graph
        Channels-last, with the scale of every tensor beside it.

    Raises
    ------
    UserError
        Naming the operator or layer, its place, and what is allowed.
    """
    network, plan = quantization_plan(module, calibration, scheme, observer)
    return lower(network, plan)


def quantization_plan(
    module: nn.Module,
    calibration: Tensor | tuple[Tensor, ...],
    scheme: Scheme | None = None,
    observer: Callable[[], Observer] = MinMaxObserver,
) -> tuple[FloatNetwork, Plan]:
    """Return the layers of a module and their scales, from which `lower` makes the graph.

    Parameters are those of `import_torch`.
    """
    if not isinstance(module, nn.Module):
        raise UserError(f"module is a {type(module).__name__}; allowed: a torch.nn.Module")
    samples = calibration if isinstance(calibration, tuple) else (calibration,)
    _check_calibration(samples)
    network = simplify(trace(module, samples))
    ranges = calibrate(network, _batches(samples), observer)
    return network, make_plan(network, ranges, Scheme() if scheme is None else scheme)


def _check_calibration(samples: tuple[Tensor, ...]) -> None:
    for values in samples:
        if not isinstance(values, Tensor) or values.is_complex():
            kind = values.dtype if isinstance(values, Tensor) else type(values).__name__
            raise UserError(f"calibration has a {kind}; allowed: tensors of real numbers")
    shapes = [tuple(values.shape) for values in samples]
    if len({shape[:1] for shape in shapes}) != 1 or any(0 in (shape or (0,)) for shape in shapes):
        raise UserError(
            f"calibration has {shapes}; allowed: one tensor for each input, with the same number "
            "of samples, at least one, and no size 0"
        )


def _batches(samples: tuple[Tensor, ...]) -> Iterator[tuple[Tensor, ...]]:
    split = (values.float().split(_CALIBRATION_BATCH) for values in samples)
    return zip(*split, strict=True)

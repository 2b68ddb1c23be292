"""What training makes small."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.quantize.training_scheme import TrainingScheme


def cross_entropy(outputs: Tensor, targets: Tensor, scheme: TrainingScheme) -> Tensor:
    """Return the cross entropy of scores and classes, or probabilities of classes."""
    return functional.cross_entropy(outputs, targets, label_smoothing=scheme.label_smoothing)


def mean_squared_error(outputs: Tensor, targets: Tensor, scheme: TrainingScheme) -> Tensor:
    """Return the mean squared difference, for targets of the outputs' shape."""
    if outputs.shape != targets.shape:
        raise ValueError("shapes differ")
    return functional.mse_loss(outputs, targets.to(outputs.dtype))


_LOSSES: dict[str, Callable[[Tensor, Tensor, TrainingScheme], Tensor]] = {
    "cross_entropy": cross_entropy,
    "mean_squared_error": mean_squared_error,
}


def task_loss(outputs: Tensor, targets: Tensor, scheme: TrainingScheme) -> Tensor:
    """Return the loss that a scheme names.

    Raises
    ------
    UserError
        If outputs and targets do not fit it.
    """
    try:
        return _LOSSES[scheme.loss](outputs, targets, scheme)
    except (RuntimeError, ValueError, IndexError):
        raise UserError(
            f"training.loss is {scheme.loss!r}, which does not compare outputs of shape "
            f"{tuple(outputs.shape)} with targets of shape {tuple(targets.shape)} and type "
            f"{targets.dtype}"
        ) from None


def distillation_loss(outputs: Tensor, teacher: Tensor, scheme: TrainingScheme) -> Tensor:
    """Return how far a network is from its teacher.

    The Kullback-Leibler divergence of both softmaxes at a temperature, times its square, so that
    gradients do not depend on it; for regressors the mean squared difference. G. Hinton,
    O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531.
    """
    if scheme.loss == "mean_squared_error":
        return functional.mse_loss(outputs, teacher)
    student, expected = (
        functional.log_softmax(each / scheme.temperature, dim=1) for each in (outputs, teacher)
    )
    divergence = functional.kl_div(student, expected, reduction="batchmean", log_target=True)
    return divergence * scheme.temperature**2

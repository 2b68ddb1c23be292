"""How a network is trained with its quantizers in place."""

import math
from dataclasses import dataclass
from typing import Literal

from bittrue.golden.errors import UserError

LOSSES = ("cross_entropy", "mean_squared_error")

_CHOICES = {
    "loss": LOSSES,
    "start": ("float", "scratch"),
    "estimator": ("straight_through", "noise"),
}


@dataclass(frozen=True)
class TrainingScheme:
    """Training with the quantizers in place, by AdamW with a one-cycle learning rate.

    Parameters
    ----------
    epochs : int
        Passes over the training data.
    batch : int
        Samples of a step, where the data is not given in batches.
    learning_rate : float
        The highest of the cycle.
    weight_decay : float
        Of weights; of no other parameter.
    loss : {"cross_entropy", "mean_squared_error"}
    label_smoothing : float
        Of the cross entropy, 0 to 1.
    start : {"float", "scratch"}
        The weights it starts from: those given, or fresh ones.
    distillation : float
        Share of the loss that compares with the float network's outputs, 0 to 1.
    temperature : float
        Of the softmax in that comparison.
    gradient_bits : int, optional
        Bits of the gradients that flow back into each layer with weights, as DoReFa-Net quantizes
        them; None leaves them in floating point.
    estimator : {"straight_through", "noise"}
        What rounding to equal steps is replaced by in training: nothing, in the gradient alone, or
        noise of one step. Other types of weights have the first in any case.
    pact_decay : float
        Of the clipping levels of range ``pact``.
    seed : int
        Of everything random, 0 to 2**32 - 1.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    epochs: int = 20
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    loss: Literal["cross_entropy", "mean_squared_error"] = "cross_entropy"
    label_smoothing: float = 0.0
    start: Literal["float", "scratch"] = "float"
    distillation: float = 0.0
    temperature: float = 4.0
    gradient_bits: int | None = None
    estimator: Literal["straight_through", "noise"] = "straight_through"
    pact_decay: float = 1e-3
    seed: int = 1

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise UserError(f"training.{name} is {value!r}; allowed: {', '.join(allowed)}")
        for name in ("epochs", "batch"):
            self._check(name, getattr(self, name) >= 1, "1 or more")
        for name in ("learning_rate", "temperature"):
            self._check(name, 0 < getattr(self, name) < math.inf, "above 0, finite")
        for name in ("weight_decay", "pact_decay"):
            self._check(name, 0 <= getattr(self, name) < math.inf, "0 or more, finite")
        for name in ("label_smoothing", "distillation"):
            self._check(name, 0 <= getattr(self, name) <= 1, "0 to 1")
        bits = self.gradient_bits
        self._check("gradient_bits", bits is None or 1 <= bits <= 16, "1 to 16, or none")
        self._check("seed", 0 <= self.seed < 1 << 32, f"0 to {(1 << 32) - 1}")

    def _check(self, name: str, fits: bool, allowed: str) -> None:
        if not fits:
            raise UserError(f"training.{name} is {getattr(self, name)}; allowed: {allowed}")

"""How the digits network is trained and quantized."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.rounding import Rounding


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Parameters
    ----------
    seed : int
        0 to 2**32 - 1; of the initial weights, the order of images and their distortions.
    epochs, batch : int
        Passes over the training images, and images per step; 1 or more.
    learning_rate : float
        Highest rate of a one-cycle schedule with AdamW.
    rotation, stretch, translation : float
        Largest random distortions: radians, and fractions of half the image.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    seed: int = 1
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 1e-2
    rotation: float = 0.2
    stretch: float = 0.2
    translation: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 1 << 32:
            raise UserError(f"seed is {self.seed}; allowed: 0 to {(1 << 32) - 1}")
        if self.epochs < 1 or self.batch < 1:
            raise UserError(
                f"epochs and batch are {self.epochs} and {self.batch}; allowed: 1 or more"
            )


@dataclass(frozen=True)
class DigitsSettings:
    """Everything that determines the quantized network.

    Parameters
    ----------
    training : Training, optional
        None takes the weights that are part of the package, which are the same everywhere; what is
        trained depends on the processor.
    rounding : Rounding
        Of every requantization.
    """

    training: Training | None = None
    rounding: Rounding = Rounding.TFLITE_DOUBLE

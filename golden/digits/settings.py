"""How the digits network is trained and quantized."""

from dataclasses import dataclass

from golden.rounding import Rounding


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Parameters
    ----------
    seed : int
        Of the initial weights, the order of images and their distortions.
    epochs, batch : int
        Passes over the training images, and images per step.
    learning_rate : float
        Highest rate of a one-cycle schedule with AdamW.
    rotation, stretch, translation : float
        Largest random distortions: radians, and fractions of half the image.
    """

    seed: int = 1
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 1e-2
    rotation: float = 0.2
    stretch: float = 0.2
    translation: float = 0.25


@dataclass(frozen=True)
class DigitsSettings:
    """Everything that determines the quantized network.

    Parameters
    ----------
    training : Training
    rounding : Rounding
        Of every requantization.
    """

    training: Training = Training()
    rounding: Rounding = Rounding.TFLITE_DOUBLE

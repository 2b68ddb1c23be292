"""A digits network for layers of 8, 4, 2, 1 and 8 bits, and the scheme that makes it one."""

from torch import Tensor, nn

from bittrue.golden.digits.settings import Training
from bittrue.golden.quantize import (
    ActivationScheme,
    LayerScheme,
    Scheme,
    TrainingScheme,
)


class MixedDigitsNetwork(nn.Module):
    """Three 3 x 3 convolutions and two dense layers, in floating point.

    Input (n, 1, 8, 8), output (n, 10).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, stride=2, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        self.conv3 = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(16)
        self.flatten = nn.Flatten()
        self.dense1 = nn.Linear(16 * 4 * 4, 64, bias=False)
        self.norm4 = nn.BatchNorm1d(64)
        self.dense2 = nn.Linear(64, 10, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return a score for each digit."""
        features = self.norm1(self.conv1(images)).relu()
        features = self.norm2(self.conv2(features)).relu()
        features = self.norm3(self.conv3(features)).relu()
        features = self.norm4(self.dense1(self.flatten(features))).relu()
        scores: Tensor = self.dense2(features)
        return scores


def mixed_scheme(training: Training) -> Scheme:
    """Return weights of 8, 4, 2, 1 and 8 bits, activations of 8, 4, 4, 1 and 8, and their training.

    The layer of 2 bits is ternary, that of one bit binary, and so is what it reads.
    """
    return Scheme(
        activation=ActivationScheme(type="symmetric", bits=4, range="lsq"),
        input=ActivationScheme(type="symmetric"),
        output=ActivationScheme(type="symmetric"),
        layers={
            "conv2": LayerScheme(weight={"bits": 4}),
            "conv3": LayerScheme(
                weight={"type": "ternary", "bits": 2}, activation={"type": "binary", "bits": 1}
            ),
            "dense1": LayerScheme(weight={"type": "binary", "bits": 1}, activation={"bits": 8}),
        },
        training=TrainingScheme(
            epochs=training.epochs,
            batch=training.batch,
            learning_rate=training.learning_rate,
            label_smoothing=0.1,
            start="scratch",
            seed=training.seed,
        ),
    )

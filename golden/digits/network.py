"""The small convolutional network that is trained on the digits."""

from collections.abc import Callable
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.digits.data import Digits
from bittrue.golden.digits.settings import Training
from bittrue.golden.digits.trained import WEIGHTS_FILE, trained_file
from bittrue.golden.quantize.reproducible import reproducible

Module = TypeVar("Module", bound=nn.Module)


class DigitsNetwork(nn.Module):
    """Two 3 x 3 convolutions of 16 channels, the second with stride 2, and a dense layer.

    48,640 multiply-accumulates and 4,970 weights and biases; batch normalization and ReLU after
    each convolution. Input (n, 1, 8, 8), output (n, 10).

    Parameters
    ----------
    channels : int
        Of both convolutions.
    """

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(0.2)
        self.dense = nn.Linear(channels * 4 * 4, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return a score for each digit."""
        features = functional.relu(self.norm1(self.conv1(images)))
        features = functional.relu(self.norm2(self.conv2(features)))
        scores: Tensor = self.dense(self.dropout(self.flatten(features)))
        return scores


def trained_network() -> DigitsNetwork:
    """Return the network with the weights that are part of the package."""
    network = DigitsNetwork()
    network.load_state_dict(load_file(trained_file(WEIGHTS_FILE)))
    return network.eval()


def train(data: Digits, training: Training) -> DigitsNetwork:
    """Train the network from scratch; the same on every run of a machine."""
    return train_digits(DigitsNetwork, data, training)


def train_digits(make: Callable[[], Module], data: Digits, training: Training) -> Module:
    """Train a network of any kind on the digits.

    Torch's global state, random numbers and threads, is left as it was.
    """
    with reproducible(training.seed):
        return _train(make().train(), data, training)


def _train(network: Module, data: Digits, training: Training) -> Module:
    optimizer = torch.optim.AdamW(network.parameters(), lr=training.learning_rate)
    steps = training.epochs * -(-len(data.images) // training.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training.learning_rate, steps)
    for _ in range(training.epochs):
        for chosen in torch.randperm(len(data.images)).split(training.batch):
            scores = network(distorted(data.images[chosen], training))
            loss = functional.cross_entropy(scores, data.labels[chosen], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def distorted(images: Tensor, training: Training) -> Tensor:
    """Rotate, shear, stretch and shift each image a little at random."""

    def random(limit: float) -> Tensor:
        return (2 * torch.rand(len(images)) - 1) * limit

    angle = random(training.rotation)
    rows = [
        (1 + random(training.stretch)) * angle.cos(),
        random(training.rotation) - angle.sin(),
        random(training.translation),
        angle.sin(),
        (1 + random(training.stretch)) * angle.cos(),
        random(training.translation),
    ]
    matrices = torch.stack(rows, dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """Return the fraction of images whose highest score is their digit's."""
    return float((scores.argmax(dim=1) == labels).to(torch.float64).mean())

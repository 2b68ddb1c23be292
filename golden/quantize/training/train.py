"""Training a fake-quantized network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR

from bittrue.golden.errors import UserError
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.calibrate import Batch
from bittrue.golden.quantize.fake_network import FakeQuantizedNetwork
from bittrue.golden.quantize.reproducible import reproducible
from bittrue.golden.quantize.scheme import Scheme
from bittrue.golden.quantize.training.checkpoint import Checkpoint
from bittrue.golden.quantize.training.labelled import LabelledData
from bittrue.golden.quantize.training.loss import distillation_loss, task_loss
from bittrue.golden.quantize.training_scheme import TrainingScheme

Augment = Callable[[Tensor], Tensor]
"""Changes the first input of a batch at random, with torch's random numbers."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training data came to.

    Parameters
    ----------
    number, epochs : int
        Epochs done so far, and in all.
    loss : float
        Mean over the batches.
    """

    number: int
    epochs: int
    loss: float


Report = Callable[[Epoch], None]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a network is trained with besides its scheme.

    Parameters
    ----------
    labelled : (inputs, targets), or collection of them
        See `LabelledData`.
    augment : callable, optional
        Changes the first input of a batch at random.
    checkpoint : Path, optional
        File in which the state of the training is kept after each epoch; when it exists, training
        goes on from there.
    report : callable, optional
        Told of each epoch.
    """

    labelled: object
    augment: Augment | None = None
    checkpoint: Path | None = None
    report: Report | None = None


def train(
    fake: FakeQuantizedNetwork,
    data: TrainingData,
    scheme: Scheme,
    teacher: Callable[..., Tensor],
) -> None:
    """Train a network in place; the same on every run of a machine, resumed or not.

    Parameters
    ----------
    fake : FakeQuantizedNetwork
        In evaluation mode afterwards.
    data : TrainingData
    scheme : Scheme
        With a training.
    teacher : callable
        The float network, for distillation.

    Raises
    ------
    UserError
        If data and network do not fit, the loss stops being finite, or the checkpoint cannot be
        used.
    """
    training = scheme.training
    assert training is not None
    batches = LabelledData(data.labelled, training.batch)
    optimizer = torch.optim.AdamW(_parameter_groups(fake, training), training.learning_rate)
    schedule = OneCycleLR(optimizer, training.learning_rate, training.epochs * len(batches))
    checkpoint = Checkpoint(data.checkpoint, fake, optimizer, schedule, scheme)
    for matrix in fake.matrices.values():
        matrix.gradient_bits = training.gradient_bits
    _set_noise(fake, training.estimator == "noise")
    with reproducible(training.seed):
        for number in range(checkpoint.restore() + 1, training.epochs + 1):
            total = 0.0
            for inputs, targets in batches:
                inputs = _augmented(inputs, data.augment)
                loss = _loss(fake.train(), inputs, targets, training, teacher)
                if not loss.isfinite():
                    raise UserError(
                        f"the loss in epoch {number} is not finite; lower training.learning_rate, "
                        f"which is {training.learning_rate:g}"
                    )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                _limit_weights(fake)
                total += loss.item()
            checkpoint.save(number)
            if data.report is not None:
                data.report(Epoch(number, training.epochs, total / len(batches)))
        if training.estimator == "noise":
            _set_noise(fake, False)
            _estimate_statistics(fake, batches, data.augment)
    fake.eval()


def _parameter_groups(fake: FakeQuantizedNetwork, training: TrainingScheme) -> list[dict[str, Any]]:
    """Return weights, which decay, and everything else."""
    weights = [matrix.weight for matrix in fake.matrices.values()]
    others = [each for each in fake.parameters() if all(each is not weight for weight in weights)]
    return [
        {"params": weights, "weight_decay": training.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _loss(
    fake: FakeQuantizedNetwork,
    inputs: Batch,
    targets: Tensor,
    training: TrainingScheme,
    teacher: Callable[..., Tensor],
) -> Tensor:
    outputs = _outputs(fake, inputs)
    loss = task_loss(outputs, targets, training)
    if training.distillation:
        with torch.no_grad():
            expected = teacher(*inputs)
        share = training.distillation
        loss = (1 - share) * loss + share * distillation_loss(outputs, expected, training)
    penalties = sum(
        each.penalty() for each in fake.quantizers if isinstance(each, ActivationQuantizer)
    )
    return loss + training.pact_decay * penalties


def _outputs(fake: FakeQuantizedNetwork, inputs: Batch) -> Tensor:
    wanted = [fake.network.shapes[name] for name in fake.network.inputs]
    given = [tuple(values.shape[1:]) for values in inputs]
    if given != wanted:
        raise UserError(
            f"labelled has inputs of shapes {given}, not counting samples; the network takes "
            f"{wanted}"
        )
    try:
        outputs = fake(*inputs)
    except ValueError as error:  # Batch normalization of a single value.
        raise UserError(
            f"labelled has a batch of {len(inputs[0])} samples: {error}; give larger batches"
        ) from None
    if not isinstance(outputs, Tensor):
        raise UserError(
            f"the module has {len(outputs)} outputs; training compares one with the targets"
        )
    return outputs


def _augmented(inputs: Batch, augment: Augment | None) -> Batch:
    return inputs if augment is None else (augment(inputs[0]), *inputs[1:])


def _set_noise(fake: FakeQuantizedNetwork, noise: bool) -> None:
    for each in fake.quantizers:
        each.noise = noise


@torch.no_grad()
def _limit_weights(fake: FakeQuantizedNetwork) -> None:
    for matrix in fake.matrices.values():
        matrix.quantizer.limit(matrix.weight)


@torch.no_grad()
def _estimate_statistics(
    fake: FakeQuantizedNetwork, batches: LabelledData, augment: Augment | None
) -> None:
    """Let batch normalization see values that are rounded, after training with noise."""
    for inputs, _ in batches:
        fake.train()(*_augmented(inputs, augment))

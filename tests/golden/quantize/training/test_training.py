"""Training with the quantizers in place: methods, gradients, exactness, resumption."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.quantize import (
    ActivationScheme,
    QuantizedNetwork,
    Scheme,
    TrainingData,
    TrainingScheme,
    WeightScheme,
    quantize,
)
from bittrue.golden.quantize.agreement import compare_layers
from bittrue.golden.quantize.training.labelled import LabelledData
from bittrue.golden.quantize.training.train import Epoch

QUICK = TrainingScheme(epochs=2, batch=16, learning_rate=1e-2)


class Small(nn.Module):
    """Two convolutions, a dense layer; the first normalization descends in half of its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, bias=False)
        self.norm2 = nn.BatchNorm2d(8)
        self.flatten = nn.Flatten()
        self.dense = nn.Linear(8 * 3 * 3, 4)

    def forward(self, images: Tensor) -> Tensor:
        features = self.norm1(self.conv1(images)).relu()
        features = self.norm2(self.conv2(features)).relu()
        return self.dense(self.flatten(features))


def small(seed: int = 0) -> Small:
    torch.manual_seed(seed)
    network = Small()
    with torch.no_grad():
        for norm in (network.norm1, network.norm2):
            norm.weight.uniform_(0.5, 1.5)
            norm.weight[::2] *= -1
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
    return network


def labelled(samples: int = 64) -> tuple[Tensor, Tensor]:
    """Return images whose class is the brightest quarter."""
    generator = torch.Generator().manual_seed(7)
    images = torch.rand(samples, 1, 8, 8, generator=generator)
    classes = torch.randint(4, (samples,), generator=generator)
    for image, quarter in zip(images, classes.tolist(), strict=True):
        row, column = divmod(quarter, 2)
        image[0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 1
    return images / 2, classes


def trained(scheme: Scheme, **options: object) -> QuantizedNetwork:
    data = labelled()
    return quantize(small(), data[0], scheme, TrainingData(data, **options))


def few_bits(weight: str = "min_max", activation: str = "min_max", **training: object) -> Scheme:
    return Scheme(
        weight=WeightScheme(bits=3, range=weight),
        activation=ActivationScheme(bits=3, range=activation),
        training=replace(QUICK, **training),
    )


SCHEMES = {
    "straight-through": few_bits(),
    "LSQ": few_bits("lsq", "lsq"),
    "LSQ per tensor": Scheme(
        weight=WeightScheme(bits=2, range="lsq", granularity="tensor"),
        activation=ActivationScheme(type="symmetric", bits=2, range="lsq"),
        training=QUICK,
    ),
    "LSQ in powers of two": Scheme(
        weight=WeightScheme(type="power_of_two", bits=4, range="lsq"),
        activation=ActivationScheme(type="power_of_two", bits=4, range="lsq"),
        training=QUICK,
    ),
    "PACT": few_bits("lsq", "pact"),
    "DoReFa activations and gradients": few_bits("min_max", "dorefa", gradient_bits=6),
    "noise": few_bits("lsq", "lsq", estimator="noise"),
    "distillation": few_bits("lsq", "lsq", distillation=0.5),
    "scratch": few_bits("lsq", "lsq", start="scratch"),
    "DoReFa": Scheme(
        weight=WeightScheme(type="dorefa", bits=2),
        activation=ActivationScheme(bits=2, range="dorefa"),
        training=replace(QUICK, gradient_bits=6),
    ),
    "DoReFa, one bit": Scheme(
        weight=WeightScheme(type="dorefa", bits=1),
        activation=ActivationScheme(bits=2, range="dorefa"),
        training=QUICK,
    ),
    "trained ternary": Scheme(
        weight=WeightScheme(type="trained_ternary", bits=2),
        activation=ActivationScheme(bits=4, range="lsq"),
        training=QUICK,
    ),
    "balanced": Scheme(
        weight=WeightScheme(type="balanced", bits=2),
        activation=ActivationScheme(bits=4, range="pact"),
        training=QUICK,
    ),
    "asymmetric": Scheme(
        weight=WeightScheme(type="asymmetric", bits=3, granularity="tensor"),
        activation=ActivationScheme(bits=3, range="moving_average"),
        training=QUICK,
    ),
    "ternary": Scheme(
        weight=WeightScheme(type="ternary", bits=2),
        activation=ActivationScheme(bits=4, range="lsq"),
        training=QUICK,
    ),
    "XNOR": Scheme(
        weight=WeightScheme(type="binary", bits=1),
        activation=ActivationScheme(type="binary", bits=1),
        training=replace(QUICK, start="scratch"),
    ),
    "binary activations": Scheme(
        weight=WeightScheme(bits=2, range="lsq"),
        activation=ActivationScheme(type="binary", bits=1),
        training=QUICK,
    ),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_integers_equal_the_trained_network_code_for_code(name: str) -> None:
    network = trained(SCHEMES[name])
    layers = list(compare_layers(network.fake, network.graph, labelled()[0]))
    assert {layer.layer for layer in layers} >= {"conv1", "conv2", "flatten", "dense"}
    assert [layer.differing for layer in layers] == [0] * len(layers)


def test_a_weight_off_by_one_code_is_noticed() -> None:
    network = trained(SCHEMES["LSQ"])
    matrix = network.fake.matrices["conv2"]
    with torch.no_grad():
        matrix.weight.copy_(matrix.quantizer(matrix.weight))
        tap = matrix.weight[:, 2, 0, 1]
        tap += torch.where(tap > 0, -1, 1) * matrix.quantizer.scales(matrix.weight)
    layers = {
        layer.layer: layer for layer in compare_layers(network.fake, network.graph, labelled()[0])
    }
    assert layers["conv2"].differing > 0
    assert layers["conv1"].differing == 0


def test_training_lowers_the_loss_and_reports_it() -> None:
    epochs: list[Epoch] = []
    trained(few_bits("lsq", "lsq", epochs=8), report=epochs.append)
    assert [(each.number, each.epochs) for each in epochs] == [(n, 8) for n in range(1, 9)]
    assert epochs[-1].loss < epochs[0].loss / 2


def weights_of(network: QuantizedNetwork) -> dict[str, Tensor]:
    return network.fake.state_dict()


class InterruptedTrainingError(Exception):
    pass


@pytest.mark.parametrize("name", ["LSQ", "noise", "straight-through"])
def test_resumed_training_ends_in_the_same_bits(name: str, tmp_path: Path) -> None:
    scheme = replace(SCHEMES[name], training=replace(SCHEMES[name].training, epochs=4))
    path = tmp_path / "training.safetensors"

    def interrupt(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise InterruptedTrainingError

    with pytest.raises(InterruptedTrainingError):
        trained(scheme, checkpoint=path, report=interrupt)
    done: list[int] = []
    resumed = trained(scheme, checkpoint=path, report=lambda epoch: done.append(epoch.number))
    assert done == [3, 4]
    whole = trained(scheme)
    assert weights_of(resumed).keys() == weights_of(whole).keys()
    for key, values in weights_of(whole).items():
        assert torch.equal(weights_of(resumed)[key], values), key


def test_checkpoints_of_others_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.safetensors"
    trained(SCHEMES["LSQ"], checkpoint=path)
    with pytest.raises(UserError, match=r"safetensors is the checkpoint of another training"):
        trained(SCHEMES["PACT"], checkpoint=path)
    content = path.read_bytes()
    path.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    with pytest.raises(UserError, match="is damaged: its content is not what was written"):
        trained(SCHEMES["LSQ"], checkpoint=path)
    path.write_bytes(content[:-100])
    with pytest.raises(UserError, match="is no checkpoint or damaged"):
        trained(SCHEMES["LSQ"], checkpoint=path)
    path.write_text("something else")
    with pytest.raises(UserError, match="is no checkpoint or damaged"):
        trained(SCHEMES["LSQ"], checkpoint=path)
    assert [each.name for each in tmp_path.iterdir()] == ["training.safetensors"]


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (Scheme(weight=WeightScheme(range="lsq")), "weight.range is 'lsq', which training finds"),
        (few_bits("pact"), "weight.range is 'pact'; allowed: min_max, .*lsq"),
        (
            replace(few_bits(), weight=WeightScheme(bits=4, range="lsq", granularity="group")),
            "layer 'conv1': weight.range is 'lsq'; allowed with granularity tensor or channel",
        ),
        (few_bits(learning_rate=1e30), "the loss in epoch . is not finite; lower"),
        (few_bits(loss="mean_squared_error"), "does not compare outputs of shape"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(scheme: Scheme, message: str) -> None:
    data = labelled()
    training = None if scheme.training is None else TrainingData(data)
    with pytest.raises(UserError, match=message) as error:
        quantize(small(), data[0], scheme, training)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (labelled()[0], "labelled has a .*; allowed: .inputs, targets., or a list or DataLoader"),
        ([], "labelled is empty"),
        ((labelled()[0], labelled()[1][:3]), "as many targets as samples"),
        ((labelled()[0][:, :, 1:], labelled()[1]), r"shapes \[\(1, 7, 8\)\], not counting samples"),
        ((labelled()[0], labelled()[1] + 2), "does not compare outputs of shape"),
        (3, "labelled is a int"),
    ],
)
def test_labelled_data_that_does_not_fit(data: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        quantize(small(), labelled()[0], few_bits(), TrainingData(data))


def test_what_has_no_integers_is_refused_before_it_is_trained() -> None:
    def report(epoch: Epoch) -> None:
        raise AssertionError(f"trained epoch {epoch.number}")

    module = nn.Sequential(nn.Conv2d(1, 2, 5), nn.Flatten())
    images, classes = labelled()
    data = TrainingData((images, classes), report=report)
    with pytest.raises(UserError, match=r"output '.*' is a flattened image"):
        quantize(module, images, Scheme(training=QUICK), data)


def test_a_last_batch_of_one_sample_joins_the_one_before() -> None:
    sizes = [len(targets) for _, targets in LabelledData(labelled(33), batch=16)]
    assert sizes == [16, 17]
    assert len(LabelledData(labelled(33), batch=16)) == 2
    assert [len(each) for _, each in LabelledData(labelled(34), batch=16)] == [16, 16, 2]
    assert [len(each) for _, each in LabelledData(labelled(3), batch=1)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "training.epochs is 0; allowed: 1 or more"),
        ({"learning_rate": 0.0}, "training.learning_rate is 0.0; allowed: above 0, finite"),
        ({"loss": "hinge"}, "training.loss is 'hinge'; allowed: cross_entropy, mean_squared_error"),
        ({"distillation": 2.0}, "training.distillation is 2.0; allowed: 0 to 1"),
        ({"gradient_bits": 0}, "training.gradient_bits is 0; allowed: 1 to 16, or none"),
        ({"seed": -1}, "training.seed is -1; allowed: 0 to 4294967295"),
    ],
)
def test_training_options_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TrainingScheme(**options)


def test_a_regressor_learns_a_plane() -> None:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    inputs = torch.rand(200, 4)
    targets = inputs @ torch.tensor([[1.0], [-1.0], [0.5], [0.0]])
    scheme = Scheme(
        weight=WeightScheme(range="lsq"),
        activation=ActivationScheme(range="lsq"),
        training=TrainingScheme(
            epochs=15, batch=20, learning_rate=2e-2, loss="mean_squared_error", start="scratch"
        ),
    )
    network = quantize(module, inputs, scheme, TrainingData((inputs, targets)))
    with torch.no_grad():
        error = (network.fake(inputs) - targets).square().mean()
    assert error < targets.var() / 50
    assert [each.differing for each in compare_layers(network.fake, network.graph, inputs)] == [
        0
    ] * 2

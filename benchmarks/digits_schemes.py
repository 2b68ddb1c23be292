"""The rows of the table of accuracies: every way of quantizing the digits network."""

from dataclasses import dataclass, replace

from bittrue.golden.digits.settings import Training
from bittrue.golden.quantize import (
    ActivationScheme,
    LayerScheme,
    Scheme,
    TrainingScheme,
    WeightScheme,
)


def float_training(seed: int) -> Training:
    """Return how the float networks are trained."""
    return Training(seed, epochs=120, rotation=0.15, stretch=0.15, translation=0.15)


FINE_TUNING = TrainingScheme(epochs=40, learning_rate=1e-2, label_smoothing=0.1, distillation=0.7)
"""One recipe for all methods and seeds, chosen on held-out training images."""


@dataclass(frozen=True)
class Row:
    """One way of quantizing.

    Parameters
    ----------
    name : str
    scheme : Scheme, optional
        None leaves the network in float.
    goal : float, optional
        Points below float that are allowed.
    channels : int
        Of the network's convolutions.
    """

    name: str
    scheme: Scheme | None
    goal: float | None = None
    channels: int = 16

    def scheme_of(self, seed: int) -> Scheme | None:
        """Return the scheme with the seed of its training."""
        if self.scheme is None or self.scheme.training is None:
            return self.scheme
        return replace(self.scheme, training=replace(self.scheme.training, seed=seed))


def _activations(bits: int, range: str) -> ActivationScheme:
    return ActivationScheme("symmetric", bits, range)


def _after_training(bits: int, range: str, *corrections: str) -> Scheme:
    """Return weights of every layer, and values between layers, of so many bits."""
    weight = WeightScheme(bits=bits, range=range)
    return Scheme(weight, _activations(bits, range), corrections=corrections)


def _trained(weight: WeightScheme, activation: ActivationScheme) -> Scheme:
    """Return a scheme for the middle layer; weights and inputs of the others have 8 bits."""
    eight: dict[str, object] = {"type": "symmetric", "bits": 8, "range": "min_max"}
    last_input: dict[str, object] = {"type": "symmetric", "bits": 8, "range": "lsq"}
    layers = {
        "conv1": LayerScheme(weight=eight),
        "conv2": LayerScheme(activation=last_input),
        "dense": LayerScheme(weight=eight),
    }
    return Scheme(weight, activation, layers=layers, training=FINE_TUNING)


_CORRECTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "min-max": ("min_max", ()),
    "MSE": ("mse", ()),
    "ACIQ": ("aciq", ()),
    "ACIQ, bias correction": ("aciq", ("bias_correction",)),
    "MSE, bias correction": ("mse", ("bias_correction",)),
    "MSE, equalization, bias correction": (
        "mse",
        ("cross_layer_equalization", "bias_correction"),
    ),
    "MSE, AdaRound": ("mse", ("adaround",)),
    "MSE, AdaRound, bias correction": ("mse", ("adaround", "bias_correction")),
    "MSE, reconstruction": ("mse", ("reconstruction",)),
}

_GOALS = {(4, "MSE, AdaRound, bias correction"): 0.3, (3, "MSE, reconstruction"): 0.5}

_XNOR = _trained(WeightScheme("binary"), ActivationScheme("binary"))

FLOAT = Row("float", None)

ROWS = [
    FLOAT,
    Row("float, twice the width", None, channels=32),
    Row(
        "W8A8 per tensor",
        Scheme(WeightScheme(granularity="tensor"), ActivationScheme("symmetric")),
        goal=0.1,
    ),
    Row("W8A8 per channel", _after_training(8, "min_max"), goal=0.1),
    Row(
        "W8A8 power of two",
        Scheme(WeightScheme("power_of_two"), ActivationScheme("power_of_two")),
    ),
    Row("W4A8 min-max", Scheme(WeightScheme(bits=4), ActivationScheme("symmetric"))),
    *(
        Row(
            f"W{bits}A{bits} {name}",
            _after_training(bits, range, *corrections),
            _GOALS.get((bits, name)),
        )
        for bits in (4, 3, 2)
        for name, (range, corrections) in _CORRECTIONS.items()
    ),
    *(
        Row(
            f"W{bits}A8 {type.replace('_', ' ')}, reconstruction",
            Scheme(
                WeightScheme(type, bits),
                _activations(8, "min_max"),
                corrections=("reconstruction",),
            ),
        )
        for type, bits in (
            ("logarithmic", 4),
            ("codebook", 3),
            ("scaled_binaries", 2),
            ("ternary", 2),
            ("binary", 1),
        )
    ),
    Row("W2A2 LSQ", _trained(WeightScheme(bits=2, range="lsq"), _activations(2, "lsq")), goal=1.0),
    Row("W2A2 PACT", _trained(WeightScheme("dorefa", 2), _activations(2, "pact"))),
    Row("W2A2 DoReFa", _trained(WeightScheme("dorefa", 2), _activations(2, "dorefa"))),
    Row("W1A2 DoReFa", _trained(WeightScheme("dorefa", 1), _activations(2, "dorefa"))),
    Row("W2A2 balanced, LSQ", _trained(WeightScheme("balanced", 2), _activations(2, "lsq"))),
    Row("ternary A8 TWN", _trained(WeightScheme("ternary"), _activations(8, "lsq"))),
    Row("ternary A8 TTQ", _trained(WeightScheme("trained_ternary", 2), _activations(8, "lsq"))),
    Row("W1A8 BinaryConnect", _trained(WeightScheme("binary"), _activations(8, "lsq"))),
    Row("W1A1 XNOR", _XNOR, goal=4.0),
    Row("W1A1 XNOR, twice the width", _XNOR, channels=32),
]

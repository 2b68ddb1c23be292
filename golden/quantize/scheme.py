"""How a network is quantized: a declaration that can be written to a file and read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.quantize.training_scheme import TrainingScheme

Granularity = Literal["tensor", "channel", "group"]

EXACT = "exact"
"""Requantization that reproduces the fake-quantized network on every reachable accumulator."""


_CALIBRATION_TYPES = {"float32": torch.float32, "float64": torch.float64}

ROUNDINGS = tuple(rounding.value for rounding in Rounding if rounding is not Rounding.STOCHASTIC)


def _check_bits(name: str, bits: int) -> None:
    _check_integer(name, bits, 1, 16)


def _check_integer(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise UserError(f"{name} is {value}; allowed: {lowest} to {highest}")


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UserError(f"{name} is {value!r}; allowed: {', '.join(allowed)}")


def _check_range_options(kind: str, percentile: float, sigmas: float) -> None:
    if not 50 < percentile <= 100:
        raise UserError(f"{kind}.percentile is {percentile}; allowed: above 50, to 100")
    if not sigmas > 0:
        raise UserError(f"{kind}.sigmas is {sigmas}; allowed: above 0")


@dataclass(frozen=True)
class WeightScheme:
    """How weights are quantized.

    Parameters
    ----------
    type : str
        What codes stand for; a name in `golden.quantize.weight_types.WEIGHT_TYPES`.
    bits : int
        Of one code, 1 to 16; binary has 1 and ternary 2, whatever is given.
    granularity : {"tensor", "channel", "group"}
        What shares a scale: the tensor, an output channel, or `group_size` consecutive weights of
        an output channel.
    group_size : int
        Weights of a group.
    range : str
        How the range is found; a name in `golden.quantize.ranges.RANGES`, or a way to train it.
    percentile : float
        Of ``range = "percentile"``: the share of values inside, in percent.
    sigmas : float
        Of ``range = "n_sigma"``: standard deviations on each side of the mean.
    rounding : {"nearest", "stochastic"}
        How a weight becomes a code.
    seed : int
        Of stochastic rounding.
    group_scale_bits : int
        Of granularity group: bits of the integer that a group's scale is of its channel's, 1 to 8.
    bit_allocation : {"equal", "aciq"}
        Of types symmetric and power_of_two, granularity channel: whether every channel has
        `bits`, or `bits` is their mean.
    ternary_threshold : {"mean", "optimal"}
        Of type ternary: 0.7 times the mean magnitude, or what has the least squared error.
    level_bits : int
        Of types codebook and scaled_binaries: bits of the integers that levels become, 4 to 16.
    """

    type: str = "symmetric"
    bits: int = 8
    granularity: Granularity = "channel"
    group_size: int = 16
    range: str = "min_max"
    percentile: float = 99.99
    sigmas: float = 3.0
    rounding: Literal["nearest", "stochastic"] = "nearest"
    seed: int = 1
    group_scale_bits: int = 4
    bit_allocation: Literal["equal", "aciq"] = "equal"
    ternary_threshold: Literal["mean", "optimal"] = "mean"
    level_bits: int = 8

    def __post_init__(self) -> None:
        _check_bits("weight.bits", self.bits)
        _check_choice("weight.bit_allocation", self.bit_allocation, ("equal", "aciq"))
        _check_choice("weight.ternary_threshold", self.ternary_threshold, ("mean", "optimal"))
        _check_integer("weight.seed", self.seed, 0, (1 << 32) - 1)
        _check_integer("weight.group_size", self.group_size, 1, (1 << 31) - 1)
        _check_integer("weight.group_scale_bits", self.group_scale_bits, 1, 8)
        _check_integer("weight.level_bits", self.level_bits, 4, 16)
        _check_choice("weight.granularity", self.granularity, ("tensor", "channel", "group"))
        _check_choice("weight.rounding", self.rounding, ("nearest", "stochastic"))
        _check_range_options("weight", self.percentile, self.sigmas)


@dataclass(frozen=True)
class ActivationScheme:
    """How the values between layers are quantized, always with one scale per tensor.

    Parameters
    ----------
    type : {"asymmetric", "symmetric", "power_of_two", "binary"}
        Symmetric types are unsigned where no value is negative, as after ReLU.
    bits : int
        Of one code, 1 to 16; binary has 1, whatever is given.
    range : str
        How the range is found; a name in `golden.quantize.ranges.RANGES`, or a way to train it.
    percentile, sigmas : float
        As of weights.
    dynamic : bool
        Ranges computed for each input at run time; refused, because a fixed circuit has none.
    """

    type: Literal["asymmetric", "symmetric", "power_of_two", "binary"] = "asymmetric"
    bits: int = 8
    range: str = "min_max"
    percentile: float = 99.99
    sigmas: float = 3.0
    dynamic: bool = False

    def __post_init__(self) -> None:
        _check_bits("activation.bits", self.bits)
        _check_choice(
            "activation.type", self.type, ("asymmetric", "symmetric", "power_of_two", "binary")
        )
        _check_range_options("activation", self.percentile, self.sigmas)
        if self.dynamic:
            raise UserError(
                "activation.dynamic is true; a streaming circuit would have to hold a whole tensor "
                "back to know its range; use a calibrated range"
            )


@dataclass(frozen=True)
class LayerScheme:
    """What one layer does otherwise; fields by name, as in the scheme of the whole network.

    Parameters
    ----------
    weight : mapping of str to value
        Fields of `WeightScheme`.
    activation : mapping of str to value
        Fields of `ActivationScheme`, of the layer's output.
    input : mapping of str to value
        Fields of `ActivationScheme`, of what the layer reads; an explicit conversion is put before
        the layer.
    """

    weight: Mapping[str, object] = field(default_factory=dict)
    activation: Mapping[str, object] = field(default_factory=dict)
    input: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class CorrectionScheme:
    """Options of corrections.

    Parameters
    ----------
    sigmas : float
        Of weight_clamping: standard deviations that a channel's weights keep on each side of their
        mean.
    samples : int
        Of adaround and reconstruction: calibration samples that are used, the first ones; their
        inputs to one layer at a time are held in memory.
    iterations, batch : int
        Of adaround and reconstruction: steps for each layer, and samples per step.
    learning_rate : float
        Of reconstruction, relative to the mean magnitude of the layer's weights.
    images : int
        How many to synthesize where there is no calibration data.
    seed : int
        Of the order of samples, and of synthetic ones.
    """

    sigmas: float = 3.0
    samples: int = 1024
    iterations: int = 1000
    batch: int = 32
    learning_rate: float = 1e-2
    images: int = 64
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("samples", "iterations", "batch", "images"):
            _check_integer(f"correction.{name}", getattr(self, name), 1, 1 << 20)
        _check_integer("correction.seed", self.seed, 0, (1 << 32) - 1)
        for name in ("sigmas", "learning_rate"):
            if not getattr(self, name) > 0:
                raise UserError(f"correction.{name} is {getattr(self, name)}; allowed: above 0")


@dataclass(frozen=True)
class Scheme:
    """How a network is quantized.

    Parameters
    ----------
    weight : WeightScheme
    activation : ActivationScheme
    input, output : ActivationScheme
        Of the network's inputs and outputs.
    layers : mapping of str to LayerScheme
        By a layer's name or a pattern such as ``blocks.*``; later ones win.
    corrections : tuple of str
        Names in `golden.quantize.corrections`; of each kind in the order given.
    correction : CorrectionScheme
        Their options.
    requantization : str
        ``exact``: the integers equal the fake-quantized network for every input. Else the name of
        a rounding, with multipliers of 31 bits, as runtimes compute it.
    calibration : {"float32", "float64"}
        In what calibration computes. Sums in float32 differ between processors in their last bits,
        and so do ranges found with them; float64 makes them the same on all, and is slower.
    training : TrainingScheme, optional
        None quantizes after training.

    Examples
    --------
    >>> import bittrue
    >>> scheme = bittrue.Scheme.from_toml('''
    ...     [weight]
    ...     bits = 4
    ...     [layers."*.head"]
    ...     weight.bits = 8
    ... ''')
    >>> scheme.weight.bits, dict(scheme.layers["*.head"].weight)
    (4, {'bits': 8})
    """

    weight: WeightScheme = WeightScheme()
    activation: ActivationScheme = ActivationScheme()
    input: ActivationScheme = ActivationScheme()
    output: ActivationScheme = ActivationScheme()
    layers: Mapping[str, LayerScheme] = field(default_factory=dict)
    corrections: tuple[str, ...] = ()
    correction: CorrectionScheme = CorrectionScheme()
    requantization: str = EXACT
    calibration: Literal["float32", "float64"] = "float32"
    training: TrainingScheme | None = None

    def __post_init__(self) -> None:
        _check_choice("requantization", self.requantization, (EXACT, *ROUNDINGS))
        _check_choice("calibration", self.calibration, tuple(_CALIBRATION_TYPES))

    @classmethod
    def from_toml(cls, text: str) -> "Scheme":
        """Return the scheme that a TOML document declares; what it leaves out has its default.

        Raises
        ------
        UserError
            Naming the key, its value and what is allowed.
        """
        from bittrue.golden.quantize.scheme_file import parse_scheme  # It builds on this module.

        return parse_scheme(text)

    @property
    def calibration_type(self) -> torch.dtype:
        """The type in which calibration computes."""
        return _CALIBRATION_TYPES[self.calibration]

    @property
    def rounding(self) -> Rounding | None:
        """The rounding of every requantization; None when exact."""
        return None if self.requantization == EXACT else Rounding(self.requantization)

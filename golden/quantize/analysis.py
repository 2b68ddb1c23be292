"""Where a quantized network loses accuracy, in numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.quantize.activation_quantizer import ActivationQuantizer
from bittrue.golden.quantize.calibrate import Batch, CalibrationData, distributions
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.histogram import Histogram, histogram_of_values, histogram_of_weights
from bittrue.golden.quantize.partial import run_partly_quantized
from bittrue.golden.quantize.power import decibels, power
from bittrue.golden.quantize.progress import Progress, silent
from bittrue.golden.quantize.quantized_network import QuantizedNetwork
from bittrue.golden.quantize.report import integer_accuracy


@dataclass(frozen=True)
class PartAnalysis:
    """The weights or the result of a layer.

    Parameters
    ----------
    type : str
        Of the codes.
    sqnr : float
        Of the quantized values themselves, in dB; infinite where they are exact.
    noise : float
        Power of the noise at the network's outputs when this part alone is quantized, relative to
        the signal's.
    share : float
        Of the sum of the noise of all parts, 0 to 1.
    histogram : Histogram
    channel_spread : float, optional
        Of weights with one scale for all channels: the largest channel's range over the median's.
    """

    type: str
    sqnr: float
    noise: float
    share: float
    histogram: Histogram
    channel_spread: float | None = None


@dataclass(frozen=True)
class LayerAnalysis:
    """One layer, or one input of the network.

    Parameters
    ----------
    name : str
    kind : str
        ``convolution``, ``add``, ..., or ``input``.
    weights : PartAnalysis, optional
    values : PartAnalysis, optional
        Its result; None where codes are only moved and nothing is quantized.
    sqnr_alone : float
        Of its result in dB, when it alone is quantized.
    sqnr_cumulative : float
        The same when everything before it is, too.
    accuracy_alone, accuracy_cumulative : float, optional
        Of the network, when it alone is quantized, and when everything up to it is.
    """

    name: str
    kind: str
    weights: PartAnalysis | None
    values: PartAnalysis | None
    sqnr_alone: float
    sqnr_cumulative: float
    accuracy_alone: float | None
    accuracy_cumulative: float | None


@dataclass(frozen=True)
class NetworkAnalysis:
    """A quantized network against the float one.

    Parameters
    ----------
    samples : int
        That were run.
    sqnr : float
        Of the outputs, in dB.
    accuracy_float, accuracy_integer : float, optional
        Where labels are given.
    layers : tuple of LayerAnalysis
        Inputs first, then in order of execution.
    """

    samples: int
    sqnr: float
    accuracy_float: float | None
    accuracy_integer: float | None
    layers: tuple[LayerAnalysis, ...]


def analyze(
    quantized: QuantizedNetwork,
    samples: CalibrationData,
    labels: Tensor | None = None,
    progress: Progress = silent,
) -> NetworkAnalysis:
    """Quantize parts of a network and see what becomes of its outputs.

    Parameters
    ----------
    quantized : QuantizedNetwork
        Quantized after training.
    samples : CalibrationData
    labels : Tensor, optional
        Their classes.
    progress : callable, optional
    """
    network = quantized.fake.network
    seen = distributions(network, samples, quantized.scheme.calibration_type)
    experiments = _experiments(quantized, labels is not None)
    tally = {key: _Tally() for key in experiments}
    reference = _Tally()
    steps, done = sum(len(experiments) for _ in samples), 0
    for batch, classes in _counted(samples, labels):
        exact = dict(network.run(*batch))
        reference.note(network, exact, exact, classes)
        for key, experiment in experiments.items():
            tensors = experiment.run(quantized, exact, batch)
            tally[key].note(network, tensors, exact, classes)
            done += 1
            progress(done, steps)
    return _Summary(quantized, seen, tally, reference).analysis(samples, labels)


@dataclass(frozen=True)
class _Experiment:
    """What is quantized; everything, if nothing is named."""

    layers: Mapping[str, Layer] = field(default_factory=dict)
    values: Mapping[str, ActivationQuantizer] = field(default_factory=dict)

    def run(
        self, quantized: QuantizedNetwork, exact: dict[str, Tensor], batch: Batch
    ) -> dict[str, Tensor]:
        if self.layers or self.values:
            return run_partly_quantized(quantized.fake.network, exact, self.layers, self.values)
        with torch.no_grad():
            return dict(quantized.fake.eval().run(*batch))


_Key = tuple[str, str]
"""What is quantized (weights, values, alone, up to, everything), and the layer."""

_EVERYTHING: _Key = ("everything", "")


def _experiments(quantized: QuantizedNetwork, with_accuracy: bool) -> dict[_Key, _Experiment]:
    fake = quantized.fake
    experiments = {_EVERYTHING: _Experiment()}
    layers: dict[str, Layer] = {}
    values: dict[str, ActivationQuantizer] = {}
    for name, layer in _sources(fake.network).items():
        own_layers: dict[str, Layer] = {}
        own_values: dict[str, ActivationQuantizer] = {}
        if name in fake.matrices:
            own_layers = {name: fake.matrices[name].quantized()}
            experiments["weights", name] = _Experiment(own_layers)
        if layer is None or layer.quantizes_result:
            own_values = {name: fake.activation(name)}
            experiments["values", name] = _Experiment({}, own_values)
        layers, values = layers | own_layers, values | own_values
        if own_layers:
            experiments["alone", name] = _Experiment(own_layers, own_values)
        if with_accuracy and (own_layers or own_values):
            experiments["up to", name] = _Experiment(layers, values)
    return experiments


def _sources(network: FloatNetwork) -> dict[str, Layer | None]:
    """Return what makes each tensor; None for the network's inputs."""
    inputs: dict[str, Layer | None] = dict.fromkeys(network.inputs)
    return inputs | {layer.output: layer for layer in network.layers}


@dataclass
class _Tally:
    """Noise and signal of every tensor, and right classes, summed over batches."""

    noise: dict[str, float] = field(default_factory=dict)
    signal: dict[str, float] = field(default_factory=dict)
    right: int = 0

    def note(
        self,
        network: FloatNetwork,
        tensors: Mapping[str, Tensor],
        exact: Mapping[str, Tensor],
        classes: Tensor | None,
    ) -> None:
        for name, values in tensors.items():
            if values is not exact[name]:
                self.noise[name] = self.noise.get(name, 0.0) + power(values - exact[name])
            elif tensors is exact:
                self.signal[name] = self.signal.get(name, 0.0) + power(values)
        if classes is not None:
            scores = tensors[network.outputs[0]].flatten(1)
            self.right += int((scores.argmax(dim=1) == classes).sum())


@dataclass(frozen=True, eq=False)
class _Summary:
    """Puts together what the experiments have shown."""

    quantized: QuantizedNetwork
    seen: Mapping[str, Distribution]
    tally: Mapping[_Key, _Tally]
    reference: _Tally

    def analysis(self, samples: CalibrationData, labels: Tensor | None) -> NetworkAnalysis:
        count = sum(len(batch[0]) for batch in samples)
        rate = None if labels is None else 1 / count
        graph = self.quantized.graph
        integer = None if labels is None else integer_accuracy(graph, samples, labels)
        layers = tuple(
            self._layer(name, layer, rate)
            for name, layer in _sources(self.quantized.fake.network).items()
        )
        return NetworkAnalysis(
            count,
            decibels(self._output_noise(_EVERYTHING)),
            None if rate is None else self.reference.right * rate,
            integer,
            layers,
        )

    def _layer(self, name: str, layer: Layer | None, rate: float | None) -> LayerAnalysis:
        quantized = self.quantized
        weights = values = None
        if ("weights", name) in self.tally:
            matrix = quantized.fake.matrices[name]
            weight, integers = matrix.current().weight, matrix.integers()
            weights = PartAnalysis(
                str(integers.type),
                decibels(power(integers.real() - weight) / (power(weight) or 1.0)),
                self._output_noise(("weights", name)),
                self._share(("weights", name)),
                histogram_of_weights(weight, integers),
                self._channel_spread(name, weight),
            )
        if ("values", name) in self.tally:
            values = PartAnalysis(
                str(quantized.graph.tensors[name].type),
                self._sqnr(("values", name), name),
                self._output_noise(("values", name)),
                self._share(("values", name)),
                histogram_of_values(self.seen[name], quantized.fake.activation(name).map),
            )
        alone = ("alone" if ("alone", name) in self.tally else "values", name)
        return LayerAnalysis(
            name,
            "input" if layer is None else type(layer).__name__.lower(),
            weights,
            values,
            self._sqnr(alone, name),
            self._sqnr(_EVERYTHING, name),
            self._accuracy(alone, rate),
            self._accuracy(("up to", name), rate),
        )

    def _channel_spread(self, name: str, weight: Tensor) -> float | None:
        if self.quantized.precision.weights[name].granularity != "tensor":
            return None
        ranges = weight.flatten(1).abs().amax(dim=1)
        return float(ranges.max() / (ranges.median() or 1.0))

    def _sqnr(self, key: _Key, name: str) -> float:
        noise = self.tally[key].noise.get(name, 0.0) if key in self.tally else 0.0
        return decibels(noise / (self.reference.signal[name] or 1.0))

    def _output_noise(self, key: _Key) -> float:
        outputs = self.quantized.fake.network.outputs
        noise = sum(self.tally[key].noise.get(name, 0.0) for name in outputs)
        return noise / (sum(self.reference.signal[name] for name in outputs) or 1.0)

    def _share(self, key: _Key) -> float:
        parts = (each for each in self.tally if each[0] in ("weights", "values"))
        return self._output_noise(key) / (sum(map(self._output_noise, parts)) or 1.0)

    def _accuracy(self, key: _Key, rate: float | None) -> float | None:
        if rate is None or key not in self.tally:
            return None
        return self.tally[key].right * rate


def _counted(
    samples: CalibrationData, labels: Tensor | None
) -> Iterator[tuple[Batch, Tensor | None]]:
    """Yield batches with their classes."""
    first = 0
    for batch in samples:
        last = first + len(batch[0])
        yield batch, None if labels is None else labels[first:last]
        first = last

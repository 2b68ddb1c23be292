"""The mixed-precision digits network as an integer graph."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from golden.certificate_search import find_certificate
from golden.digits.data import load
from golden.digits.mixed_network import (
    EIGHT_BIT_STEP,
    FOUR_BIT_STEP,
    INPUT_STEP,
    MixedDigitsNetwork,
    train_mixed,
    weight_codes,
)
from golden.digits.network import accuracy
from golden.digits.settings import Training
from golden.graph import (
    Certified,
    Convolution,
    Encoding,
    FullyConnected,
    Graph,
    Node,
    Reshape,
    Tensor,
    Window,
)
from golden.graph import file as graph_file
from golden.integer_type import IntegerType

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

UINT8, UINT4, UINT1 = (IntegerType(bits, False) for bits in (8, 4, 1))
INT8 = IntegerType(8, True)
_BIPOLAR = Encoding(bipolar=True)

GRAPH_FILE = f"digits-mixed{graph_file.SUFFIX}"


@dataclass(frozen=True, eq=False)
class MixedDigits:
    """The network, trained and lowered.

    Attributes
    ----------
    network : MixedDigitsNetwork
        With quantizers in place.
    graph : Graph
        The same in integers.
    accuracy : float
        Of `network`, as a fraction of the test images.
    """

    network: MixedDigitsNetwork
    graph: Graph
    accuracy: float


def train_mixed_digits(training: Training | None = None) -> MixedDigits:
    """Train the network and lower it."""
    training_data, test_data = load()
    network = train_mixed(training_data, training or Training())
    with torch.no_grad():
        scores = network(test_data.images)
    return MixedDigits(network, lower(network), accuracy(scores, test_data.labels))


def mixed_digits_graph(directory: Path) -> Graph:
    """Return the graph from its file, training the network when the file is missing."""
    path = directory / GRAPH_FILE
    if not path.is_file():
        directory.mkdir(parents=True, exist_ok=True)
        graph_file.save(train_mixed_digits().graph, path)
    return graph_file.load(path)


def mixed_codes(images: torch.Tensor) -> Int64:
    """Return the codes of images in [0, 1] of shape (n, 1, 8, 8), as (n, 8, 8, 1)."""
    return np.rint(images.permute(0, 2, 3, 1).double().numpy() / INPUT_STEP).astype(np.int64)


def lower(network: MixedDigitsNetwork) -> Graph:
    """Return the integer graph of a trained network, batch normalization folded into thresholds.

    Each quantizer behind a batch normalization is a step function of the accumulator; a
    certificate reproduces it on every reachable one, computed in float64.
    """
    network = copy.deepcopy(network).double()
    lowering = _Lowering()
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    strided = Window((3, 3), (2, 2), padding=((1, 1), (1, 1)))
    name = lowering.convolution(
        "images", network.conv1, 8, window, INPUT_STEP, network.norm1, _steps(FOUR_BIT_STEP), UINT4
    )
    name = lowering.convolution(
        name, network.conv2, 4, strided, FOUR_BIT_STEP, network.norm2, _steps(FOUR_BIT_STEP), UINT4
    )
    name = lowering.convolution(
        name, network.conv3, 2, window, FOUR_BIT_STEP, network.norm3, _signs, UINT1
    )
    name = lowering.reshape(name, 256)
    name = lowering.binary(name, network.dense1, network.norm4, _steps(EIGHT_BIT_STEP), UINT8)
    name = lowering.scores(name, network.dense2)
    return lowering.graph(name)


Quantizer = Callable[[Float64], Float64]


def _steps(step: float) -> Quantizer:
    return lambda values: np.rint(values / step)


def _signs(values: Float64) -> Float64:
    return np.where(values >= 0, 1.0, 0.0)


class _Lowering:
    """Collects the nodes."""

    def __init__(self) -> None:
        self._inputs = (Tensor.of_type("images", (8, 8, 1), UINT8),)
        self._nodes: list[Node] = []

    def graph(self, output: str) -> Graph:
        return Graph(self._inputs, tuple(self._nodes), (output,))

    def convolution(
        self,
        source: str,
        layer: nn.Conv2d,
        bits: int,
        window: Window,
        input_step: float,
        norm: nn.BatchNorm2d,
        quantizer: Quantizer,
        output: IntegerType,
    ) -> str:
        codes, step = weight_codes(layer.weight, bits)
        scale = step.flatten().double().numpy() * input_step
        weight = codes.permute(0, 2, 3, 1).to(torch.int64).numpy()
        slope, offset = _affine(norm)
        weight = weight * _sign(slope)[:, None, None, None]  # Thresholds ascend.
        return self._add(
            Convolution,
            source,
            weight,
            IntegerType(bits, True),
            lambda total: quantizer(total * (np.abs(slope) * scale) + offset),
            output,
            window=window,
        )

    def binary(
        self,
        source: str,
        layer: nn.Linear,
        norm: nn.BatchNorm1d,
        quantizer: Quantizer,
        output: IntegerType,
    ) -> str:
        slope, offset = _affine(norm)
        positive = (layer.weight.detach().numpy() >= 0) == (slope[:, None] >= 0)
        return self._add(
            FullyConnected,
            source,
            positive.astype(np.int64),
            UINT1,
            lambda total: quantizer(total * np.abs(slope) + offset),
            output,
            input_encoding=_BIPOLAR,
            weight_encoding=_BIPOLAR,
        )

    def scores(self, source: str, layer: nn.Linear) -> str:
        codes, steps = weight_codes(layer.weight, 8)
        scale = steps.flatten().double().numpy()
        weight = codes.to(torch.int64).numpy()
        # One scale for all scores, so that the largest stays the largest.
        reach = (np.abs(weight).sum(axis=1) * 255 * scale).max() / 127
        return self._add(
            FullyConnected,
            source,
            weight,
            INT8,
            lambda total: np.rint(total * (scale / reach)),
            INT8,
        )

    def reshape(self, source: str, elements: int) -> str:
        self._nodes.append(Reshape(inputs=(source,), output="flat", shape=(elements,)))
        return "flat"

    def _add(
        self,
        kind: type[Convolution] | type[FullyConnected],
        source: str,
        weight: Int64,
        weight_type: IntegerType,
        codes_of: Callable[[Float64], Float64],
        output: IntegerType,
        **more: Any,
    ) -> str:
        """Add a layer whose requantizer reproduces a function of the accumulator."""
        name = f"layer{sum(not isinstance(node, Reshape) for node in self._nodes) + 1}"
        common = dict(
            inputs=(source,),
            output=name,
            weight=weight,
            weight_type=weight_type,
            bias=np.zeros(len(weight), dtype=np.int64),
            **more,
        )
        bounds = Graph(self._inputs, (*self._nodes, kind(**common)), (name,)).accumulators[name]

        def reference(accumulator: Int64) -> Int64:
            codes = codes_of(accumulator.astype(np.float64))
            return np.clip(codes, output.minimum, output.maximum).astype(np.int64)

        certificate = find_certificate(
            reference, bounds.minimum, bounds.maximum, 0, output.minimum, output.maximum
        )
        self._nodes.append(kind(requantization=Certified(certificate, output), **common))
        return name


def _affine(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Float64, Float64]:
    """Return slope and offset of each channel of a batch normalization."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    slope = (norm.weight / torch.sqrt(variance + norm.eps)).detach().double().numpy()
    return slope, norm.bias.detach().double().numpy() - mean.double().numpy() * slope


def _sign(slope: Float64) -> Int64:
    return np.where(slope < 0, -1, 1).astype(np.int64)

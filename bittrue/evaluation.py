"""How well a network does on a user's own labelled data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bittrue.flows.arguments.code_files import in_graph_layout, model_shape
from bittrue.golden.errors import UnknownNameError, UserError
from bittrue.golden.graph import Graph
from bittrue.golden.metrics import Accuracy, MeanIou, MeanSquaredError, Metric
from bittrue.networks import predict

Array = NDArray[Any]

METRICS = (Accuracy.name, MeanIou.name, MeanSquaredError.name)
"""Names of what can be measured."""

_BATCH = 64


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` measured.

    Parameters
    ----------
    metric : str
        ``accuracy``, ``mean_iou`` or ``mean_squared_error``.
    value : float
        A fraction of 1 for the first two; in the square of the labels' unit for the third.
    samples : int
        How many there were.

    Examples
    --------
    >>> import bittrue, numpy as np
    >>> graph = bittrue.load("small.bittrue")
    >>> result = bittrue.evaluate(graph, np.ones((5, 4)), np.zeros((5, 3)))
    >>> result.metric, result.samples
    ('mean_squared_error', 5)
    """

    metric: str
    value: float
    samples: int

    def __str__(self) -> str:
        kinds = {each.name: each.unit for each in (Accuracy, MeanIou, MeanSquaredError)}
        return f"{self.metric.replace('_', ' ')} {self.value:{kinds[self.metric]}}"


def evaluate(
    graph: Graph,
    data: ArrayLike | Mapping[str, ArrayLike],
    labels: ArrayLike,
    metric: str | None = None,
    ignored_label: int | None = None,
    report: Callable[[int], None] | None = None,
) -> Evaluation:
    """Measure a network on labelled data, in the integers that its circuit computes.

    Parameters
    ----------
    graph : Graph
        With one output.
    data : array, or mapping of str to array if the network has several inputs
        As `predict` takes them; of a network with states, the calls of one sequence.
    labels : array
        For ``accuracy`` integers of shape (samples,): the class of each. For ``mean_iou`` integers
        of shape (samples, height, width): the class of each pixel. For ``mean_squared_error`` real
        numbers in the output's shape and layout: what is wanted.
    metric : str, optional
        By default the one that the shape of the labels is of.
    ignored_label : int, optional
        For ``mean_iou``: the label of pixels that do not count.
    report : callable, optional
        Called with the number of samples done.

    Returns
    -------
    Evaluation

    Raises
    ------
    UserError
        Naming what cannot be used.

    Examples
    --------
    >>> import bittrue, numpy as np
    >>> graph = bittrue.load("small.bittrue")
    >>> samples = np.eye(4)
    >>> best = bittrue.predict(graph, samples)["dense"].argmax(axis=1)
    >>> print(bittrue.evaluate(graph, samples, best))
    accuracy 100.00%
    """
    arrays = dict(data) if isinstance(data, Mapping) else {graph.inputs[0].name: data}
    given = {name: np.asarray(array) for name, array in arrays.items()}
    wanted = np.asarray(labels)
    _check(graph, given, wanted)
    comparison = _comparison(graph, wanted, metric, ignored_label)
    samples = len(wanted)
    # Samples of a network with states are calls of one sequence: each knows of those before.
    size = samples if graph.states else _BATCH
    for first in range(0, samples, size):
        batch = slice(first, first + size)
        outputs = predict(graph, {name: array[batch] for name, array in given.items()})
        comparison.add(outputs[graph.outputs[0]], wanted[batch])
        if report is not None:
            report(min(first + size, samples))
    return Evaluation(comparison.metric.name, comparison.metric.value, samples)


@dataclass(frozen=True)
class _Comparison:
    """A metric, and what of codes in the model's layout it is fed."""

    metric: Metric
    of_codes: Callable[[Array], Array]

    def add(self, codes: Array, labels: Array) -> None:
        self.metric.add(self.of_codes(codes), labels)


def _check(graph: Graph, data: Mapping[str, Array], labels: Array) -> None:
    if len(graph.outputs) != 1:
        raise UserError(
            f"the network has {len(graph.outputs)} outputs ({', '.join(graph.outputs)}); labels "
            "are of one; cut the network so that it has one"
        )
    if labels.ndim == 0 or not len(labels):
        raise UserError(f"labels have shape {labels.shape}; allowed: one or more, a row each")
    for name, array in data.items():
        if array.ndim == 0 or len(array) != len(labels):
            raise UserError(
                f"{name!r} has shape {array.shape} and there are {len(labels)} labels; allowed: "
                "as many samples as labels"
            )


def _comparison(
    graph: Graph, labels: Array, metric: str | None, ignored_label: int | None
) -> _Comparison:
    name = graph.outputs[0]
    kinds: dict[str, Callable[[], _Comparison | None]] = {
        Accuracy.name: lambda: _accuracy(graph, name, labels),
        MeanIou.name: lambda: _mean_iou(graph, name, labels, ignored_label),
        MeanSquaredError.name: lambda: _squared_error(graph, name, labels),
    }
    if metric is not None and metric not in kinds:
        raise UnknownNameError("metric", metric, kinds)
    asked = kinds if metric is None else {metric: kinds[metric]}
    for make in asked.values():
        found = make()
        if found is not None:
            return found
    shape = ", ".join(map(str, ("N", *model_shape(graph, name))))
    raise UserError(
        f"labels have shape {labels.shape} and type {labels.dtype}, the output shape ({shape}); "
        f"that is none for {' or '.join(asked)}: accuracy takes integers of shape (N,), mean_iou "
        "integers of shape (N, height, width), mean_squared_error numbers of the output's shape"
    )


def _accuracy(graph: Graph, name: str, labels: Array) -> _Comparison | None:
    if labels.dtype.kind not in "iu" or labels.size != len(labels):
        return None
    tensor = graph.tensors[name]
    if _are_classes(graph, name):
        # Each class is the only score above zero.
        classes = tensor.maximum + 1
        return _Comparison(Accuracy(), lambda codes: np.eye(classes)[codes.reshape(-1)])
    if tensor.elements == 1:
        return None
    return _Comparison(Accuracy(), lambda codes: codes.reshape(len(codes), -1))


def _mean_iou(
    graph: Graph, name: str, labels: Array, ignored_label: int | None
) -> _Comparison | None:
    tensor = graph.tensors[name]
    classes = _are_classes(graph, name)
    pixels = tensor.shape if classes else tensor.shape[:-1]
    if labels.dtype.kind not in "iu" or len(pixels) < 2 or labels[0].size != np.prod(pixels):
        return None
    count = tensor.maximum + 1 if classes else tensor.channels

    def classes_of(codes: Array) -> Array:
        scores = in_graph_layout(graph, name, codes)
        return scores if classes else scores.argmax(axis=-1)

    return _Comparison(MeanIou(count, ignored_label), classes_of)


def _squared_error(graph: Graph, name: str, labels: Array) -> _Comparison | None:
    if labels.dtype.kind not in "iuf" or labels.shape[1:] != model_shape(graph, name):
        return None
    quantization = graph.quantization.get(name)
    if quantization is None:
        return _Comparison(MeanSquaredError(), lambda codes: codes)
    scale, encoding = float(quantization.scale), quantization.encoding
    return _Comparison(MeanSquaredError(), lambda codes: scale * encoding.decode(codes))


def _are_classes(graph: Graph, name: str) -> bool:
    producer = graph.producer(name)
    return producer is not None and producer.gives_indices

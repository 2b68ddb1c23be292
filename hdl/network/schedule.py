"""What must wait in a network so that it keeps the pace of its slowest layer.

A network whose layers hand beats on as soon as they can is at least as fast as any schedule that
its buffers have room for: no beat is ever later than in the schedule, by induction over the beats.
So one schedule with the wanted interval between images is enough, and buffers that hold what waits
in it. The schedule here is the plainest: each layer spreads its outputs evenly over the interval,
as late as those who read them allow, and what is in front of an input then waits for its turn.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bittrue.golden.numbers.arrays import Float64, Int64
from bittrue.hdl.network.largest_gap import gap_over_all, largest_gap

Cycles = Float64

_HANDING_ON = 8
"""Cycles from a layer to the next at most: a FIFO, two converters of lanes, and rounding."""


@dataclass(frozen=True, eq=False)
class Reader:
    """An input of a layer.

    Parameters
    ----------
    source : str
        The tensor that is read.
    needed : callable
        Places of output elements to how many elements of an image must have come; not descending.
    find_taken : callable
        Returns `taken`, which takes time and room to find.
    """

    source: str
    needed: Callable[[Int64], Int64]
    find_taken: Callable[[], Int64]

    @property
    def taken(self) -> Int64:
        """For each element of the input, before which output's turn it is taken at the latest.

        Places of outputs; negative in the image before.
        """
        return self.find_taken()


@dataclass(frozen=True, eq=False)
class _Passing:
    """When elements of an image pass, counted from its beginning.

    Parameters
    ----------
    elements : int
    at : callable
        Numbers of elements to cycles.
    """

    elements: int
    at: Callable[[Int64], Cycles]

    @classmethod
    def spread(cls, elements: int, interval: int) -> "_Passing":
        """Spread elements over an interval."""
        rate = interval / elements
        return cls(elements, lambda numbers: np.multiply(numbers + 1, rate, dtype=np.float64))

    def through(self, reader: Reader, elements: int) -> "_Passing":
        """Return when elements pass that come with what they need."""
        return _Passing(elements, lambda numbers: self.at(reader.needed(numbers) - 1))

    @cached_property
    def all(self) -> Cycles:
        """When each element passes."""
        return self.at(np.arange(self.elements))


@dataclass(frozen=True, eq=False)
class Step:
    """A layer as far as time is concerned.

    Parameters
    ----------
    output : str
        The tensor that it makes.
    elements : int
        Of an image of it.
    latency : int
        Cycles from the input that completes what an output needs, at most, computation aside.
    together : int
        Elements of the output that are computed at the same time.
    spread : bool
        Whether outputs can be spread over the whole interval; others come as their inputs do.
    readers : mapping of int to Reader
        Inputs by number, those from constants left out.
    """

    output: str
    elements: int
    latency: int
    together: int
    spread: bool
    readers: Mapping[int, Reader]


class Schedule:
    """The times at which elements are passed on, for images that come at an interval.

    Parameters
    ----------
    interval : int
        Cycles between images.
    inputs : mapping of str to int
        The tensors that enter the network, and their elements.
    steps : sequence of Step
        Each after those it depends on.
    outputs : collection of str
        The tensors that leave the network. What leads to none of them is only kept for the next
        call, and made as early as what it is made from allows.
    """

    def __init__(
        self,
        interval: int,
        inputs: Mapping[str, int],
        steps: Sequence[Step],
        outputs: Collection[str],
    ) -> None:
        self._interval = interval
        self._steps = {step.output: step for step in steps}
        self._places = {
            name: _Passing.spread(elements, interval) for name, elements in inputs.items()
        }
        for step in steps:
            self._places[step.output] = _Passing.spread(step.elements, interval)
            if not step.spread and step.readers:
                (reader,) = step.readers.values()
                given = self._places[reader.source]
                self._places[step.output] = given.through(reader, step.elements)
        self._starts = dict.fromkeys(self._places, 0.0)
        latest: dict[str, list[float]] = {name: [0.0] for name in outputs}
        kept: list[Step] = []
        for step in reversed(steps):
            if step.output not in latest:
                kept.append(step)
                continue
            self._starts[step.output] = min(latest[step.output])
            for reader in step.readers.values():
                start = self._starts[step.output] - self._lag(step, reader)
                latest.setdefault(reader.source, []).append(start)
        earliest = min(map(min, latest.values()))
        for name in inputs:
            self._starts[name] = min(latest.get(name, [earliest]))
        for step in reversed(kept):
            readers = step.readers.values()
            begins = (self._starts[each.source] + self._lag(step, each) for each in readers)
            self._starts[step.output] = max(begins, default=earliest)

    def bursting(self, tensor: str, lanes: int) -> int:
        """Return how many elements of a tensor wait for a reader that is free, at most.

        Parameters
        ----------
        tensor : str
            That comes as what it is made from does, in bursts where some of that is left out.
        lanes : int
            Elements that the reader takes in a cycle.
        """
        image = self._places[tensor].all
        come = np.concatenate([image, image + self._interval])
        numbers = np.arange(len(come))
        taken = (numbers + 1) / lanes + np.maximum.accumulate(come - numbers / lanes)
        return int((numbers + 1 - np.searchsorted(taken, come, side="right")).max())

    def waiting(self, output: str, port: int) -> int:
        """Return how many elements wait in front of an input at most.

        Parameters
        ----------
        output : str
            Of the layer that reads.
        port : int
            Which of its inputs.
        """
        return max(0, self.ahead(output, port, self._steps[output].readers[port].source))

    def ahead(self, output: str, port: int, tensor: str) -> int:
        """Return how many more elements of a tensor have come than an input has taken, at most.

        Parameters
        ----------
        output, port
            As in `waiting`.
        tensor : str
            Counted from the same image on.
        """
        step = self._steps[output]
        taken = step.readers[port].taken

        def come(numbers: Int64) -> Int64:
            return self._come(tensor, self._times(step, taken[numbers]))

        # What is left out may be taken later than what comes after it and is not.
        find = largest_gap if (taken[1:] >= taken[:-1]).all() else gap_over_all
        return int(find(come, lambda numbers: numbers, len(taken)))

    def _times(self, step: Step, taken: Int64) -> Cycles:
        """Return when elements are taken, from the turns before which they are."""
        image, place = np.divmod(taken, step.elements)
        own = self._places[step.output].at(place) - self._interval / step.elements
        return self._starts[step.output] + image * self._interval + own - self._computing(step)

    def _computing(self, step: Step) -> float:
        """Return the cycles from the last input of an output to the output."""
        computing = step.together * self._interval / step.elements if step.spread else 0.0
        return computing + step.latency + _HANDING_ON

    def _lag(self, step: Step, reader: Reader) -> float:
        """Return how much later than an input's images those of the output begin."""
        given, places = self._places[reader.source], self._places[step.output]

        def arrivals(numbers: Int64) -> Cycles:
            image, place = np.divmod(reader.needed(numbers) - 1, given.elements)
            return given.at(place) + image * self._interval

        return float(largest_gap(arrivals, places.at, step.elements)) + self._computing(step)

    def _come(self, tensor: str, times: Cycles) -> Int64:
        """Return how many elements of a tensor have come at each of some times."""
        places, start = self._places[tensor].all, self._starts[tensor]
        image = np.floor((times - start - places[0]) / self._interval)
        inside = times - start - image * self._interval
        come = np.searchsorted(places, inside, side="right")
        return (image * len(places)).astype(np.int64) + come

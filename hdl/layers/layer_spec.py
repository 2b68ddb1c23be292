"""What a layer says of itself before it is built."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.graph import AccumulatorBounds, Node, Tensor
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.parts.codes import code_stream
from bittrue.hdl.layers.parts.folding import Folding


@dataclass(frozen=True, eq=False)
class Place:
    """Where a layer stands in a network.

    Parameters
    ----------
    tensors : tuple of Tensor
        What it reads.
    lanes : tuple of int
        Elements of a beat of each of them.
    output_lanes : int
        Elements of a beat of what it makes.
    constants : tuple of bool
        Which of its inputs come from constants, without end.
    bounds : AccumulatorBounds, optional
        What its accumulators reach.
    folding : Folding, optional
        Of a layer that is folded; by default one product at a time.
    """

    tensors: tuple[Tensor, ...]
    lanes: tuple[int, ...]
    output_lanes: int
    constants: tuple[bool, ...] = ()
    bounds: AccumulatorBounds | None = None
    folding: Folding | None = None

    @property
    def common_lanes(self) -> int:
        """Lanes of a layer that has as many at its output as at its inputs: the most of any."""
        return max((*self.lanes, self.output_lanes))


class LayerSpec(ABC):
    """A layer with everything decided that makes it a circuit, and what follows from that.

    Planning, the depths of FIFOs and estimates ask nothing else: the circuit is built last.

    Attributes
    ----------
    node : Node
        The operator and its attributes.
    tensors : tuple of Tensor
        What it reads.
    pauses : bool
        Whether it lets an input wait for other inputs, or for what it computes.
    spreads : bool
        Whether its outputs can be spread over the time of an image; others come as inputs do.
    paced_by_lanes : bool
        Whether it takes more cycles than beats pass, so that more lanes make it faster.
    paced_by_output_lanes : bool
        Whether more lanes at its output make it faster, where more at its inputs do no more.
    """

    node: Node
    tensors: tuple[Tensor, ...]
    pauses: ClassVar[bool] = False
    spreads: ClassVar[bool] = True
    paced_by_lanes: ClassVar[bool] = False
    paced_by_output_lanes: ClassVar[bool] = False

    @property
    @abstractmethod
    def output(self) -> Tensor:
        """What it makes."""

    @property
    @abstractmethod
    def input_lanes(self) -> tuple[int, ...]:
        """Elements of a beat of each input."""

    @property
    @abstractmethod
    def output_lanes(self) -> int:
        """Elements of a beat of the output."""

    @property
    @abstractmethod
    def latency(self) -> int:
        """Cycles from the last input that an output needs, when it is the first to be computed."""

    @abstractmethod
    def cycles_per_image(self) -> int:
        """Return the cycles between images when neither side waits."""

    @abstractmethod
    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements of each input must have been accepted before outputs can leave.

        Parameters
        ----------
        outputs : ndarray of int64
            Places of elements in the output image, from 0. They leave in this order, so none needs
            less than those before it.
        """

    @abstractmethod
    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes of a device of a family, estimated."""

    @abstractmethod
    def build(self, name: str) -> Layer[Any]:
        """Return the circuit.

        Parameters
        ----------
        name : str
            Prefix of the names of its ROM files; unique within a design.
        """

    @property
    def requantization(self) -> Requantization | None:
        """What makes codes of its accumulators, if anything does."""
        return None

    @property
    def comes_in_bursts(self) -> bool:
        """Whether its outputs come as its inputs do, in bursts where some of these are left out."""
        return not self.spreads

    @property
    def outputs_ahead(self) -> int:
        """Output elements whose input is taken early, while those before are computed."""
        return 0

    @property
    def outputs_together(self) -> int:
        """Output elements that are computed at the same time."""
        return self.output_lanes

    @property
    def products_at_once(self) -> int:
        """Products of two activations that are added up in a cycle."""
        return 0

    @property
    def whole(self) -> tuple[int, ...]:
        """Numbers of elements that the lanes of all its tensors divide, beside channels."""
        return ()

    @property
    def leaves_as_it_comes(self) -> bool:
        """Whether the results of a whole image come as fast as its last pixel."""
        return False

    def taken_with(self, port: int, needed: Int64) -> Int64:
        """Return before which output's turn each element of an input is taken at the latest.

        Outputs of the image before are negative.

        Parameters
        ----------
        port : int
            Which input.
        needed : ndarray of int64
            How many of its elements each output needs, in whole beats of the stream.
        """
        return first_that_needs(needed, self.tensors[port].elements)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the input streams: ``i``, or ``i0``, ``i1``, ..."""
        if len(self.tensors) == 1:
            return ("i",)
        return tuple(f"i{index}" for index in range(len(self.tensors)))

    @property
    def ports(self) -> dict[str, wiring.Member]:
        """The streams of the circuit, by name: the inputs, and ``o``."""
        given = zip(self.input_names, self.tensors, self.input_lanes, strict=True)
        members = {name: In(code_stream(tensor.type, lanes)) for name, tensor, lanes in given}
        return members | {"o": Out(code_stream(self.output.type, self.output_lanes))}


def first_that_needs(needed: Int64, elements: int) -> Int64:
    """Return the first output that needs each element of an input, which is then taken.

    Parameters
    ----------
    needed : ndarray of int64
        For each output, in ascending order, how many elements must have come.
    elements : int
        Of the input.
    """
    places = np.searchsorted(needed, np.arange(1, elements + 1))
    return np.minimum(places, len(needed) - 1)

"""Layers that compute each code from the codes at the same place."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import stream

from bittrue.golden import graph
from bittrue.golden.errors import UserError
from bittrue.golden.graph.node import Inference
from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.graph.tensor import Tensor
from bittrue.hdl.blocks.pipeline import FreePipeline
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, buffered, result_places
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import result_fifo_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from bittrue.hdl.layers.parts.codes import resized
from bittrue.hdl.layers.parts.connection import feed
from bittrue.hdl.layers.parts.join import join
from bittrue.hdl.layers.parts.lanewise import BeatwiseSpec

CHEAP_TABLE_WIDTH = 8
"""Bits of the codes up to which a table costs less than a multiplier."""


@dataclass(frozen=True, eq=False)
class ElementwiseSpec(BeatwiseSpec):
    """A layer with inputs of one shape, accumulators, and a requantizer.

    Parameters
    ----------
    node : AccumulatingNode
    tensors : tuple of Tensor
        What it reads, of one shape.
    lanes : int
        Elements of a beat, a divisor of the channels.
    """

    node: graph.AccumulatingNode

    def __post_init__(self) -> None:
        require_equal_shapes(self.node, self.tensors)
        super().__post_init__()

    @cached_property
    def _inference(self) -> Inference:
        return self.node.infer(*self.tensors)

    @cached_property
    def output(self) -> Tensor:
        """What it makes."""
        return self._inference.tensor

    @property
    def requantization(self) -> Requantization | None:
        """What makes codes of its accumulators."""
        return self.node.requantization

    @cached_property
    def requantizer(self) -> ChannelRequantSpec:
        """What makes codes of its accumulators, as a circuit."""
        assert self._inference.accumulator is not None
        return ChannelRequantSpec(
            self.requantization,
            self._inference.accumulator.type,
            None,
            self.tensors[0].channels,
            self.lanes,
        )

    @property
    def latency(self) -> int:
        """Cycles from accepted beats to their codes."""
        return self.stages + BUFFER_LATENCY

    @property
    def stages(self) -> int:
        """Cycles of accumulation and requantizer."""
        return self.accumulation + self.requantizer.latency

    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what requantizers and the FIFO behind them take, estimated."""
        width = self.lanes * self.output.type.width
        fifo = result_fifo_cost(width, result_places(self.stages))
        return self.requantizer.usual_costs(fabric) + fifo.sum()

    @property
    @abstractmethod
    def accumulation(self) -> int:
        """Cycles that accumulators take."""


def require_equal_shapes(node: graph.Node, tensors: Sequence[Tensor]) -> None:
    """Refuse operands that a circuit cannot combine beat by beat.

    Raises
    ------
    UserError
        Naming the output and the shapes.
    """
    shape = tensors[0].shape
    if any(tensor.shape != shape for tensor in tensors):
        shapes = " and ".join(str(tensor.shape) for tensor in tensors)
        raise UserError(
            f"the inputs of {node.output!r} have shapes {shapes}; the circuit takes equal "
            "shapes, so repeat the smaller one in the network"
        )


SpecT_co = TypeVar("SpecT_co", bound=ElementwiseSpec, covariant=True)


class Elementwise(Layer[SpecT_co]):
    """What the circuits of such layers share."""

    def _joined(self, m: Module) -> tuple[stream.Interface, list[stream.Interface]]:
        """Return the stream of beats that all inputs have, and the inputs themselves."""
        return join(m, self.inputs), self.inputs

    def _accumulating(
        self, m: Module, platform: object, i: stream.Interface
    ) -> tuple[FreePipeline, ChannelRequantizer]:
        """Return a pipeline for accumulators, and a requantizer that is connected but for them.

        Codes go through a FIFO to the output of the layer, so that neither ever stalls.
        """
        accepted, results = buffered(m, i, self.o, self.spec.stages)
        pipeline = FreePipeline(m, platform, accepted, self.spec.accumulation)
        m.submodules.requantizer = requantizer = ChannelRequantizer(
            self.spec.requantizer, self.name, stalls=False
        )
        m.d.comb += requantizer.i.valid.eq(pipeline.valid[-1])
        feed(m, requantizer.o, results)
        return pipeline, requantizer

    def _requantize(
        self, m: Module, requantizer: ChannelRequantizer, accumulators: Sequence[Value]
    ) -> None:
        """Connect accumulators that are valid with the requantizer's input."""
        width = self.spec.requantizer.accumulator.width
        m.d.comb += requantizer.i.payload.as_value().eq(
            Cat(resized(value, width) for value in accumulators)
        )

"""Layers that send blocks of codes in another order."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

from amaranth.hdl import Module

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.parts.connection import connect
from bittrue.hdl.layers.parts.lanewise import LanewiseSpec
from bittrue.hdl.layers.parts.reorder import REORDER_LATENCY, Loops, Reorder, reorder_cost
from bittrue.hdl.layers.parts.reorder_spec import ReorderSpec


@dataclass(frozen=True, eq=False)
class ReorderLayerSpec(LanewiseSpec):
    """A layer that keeps blocks of codes and sends them in another order; see `LanewiseSpec`."""

    pauses = True

    @cached_property
    @abstractmethod
    def order(self) -> ReorderSpec:
        """Which block each of the output is, over a period of the input."""

    @property
    def loops(self) -> Loops | None:
        """Loops that pass the blocks, where there are such."""
        return None

    @property
    def comes_in_bursts(self) -> bool:
        """See `LayerSpec.comes_in_bursts`."""
        return self.order.leaves_out

    @property
    def periods(self) -> int:
        """Of an image."""
        return self.tensors[0].elements // (self.order.length * self.order.beats * self.lanes)

    @property
    def latency(self) -> int:
        """Cycles from the last beat that a block needs to its first one."""
        return REORDER_LATENCY

    def cycles_per_image(self) -> int:
        """Return the cycles between images, the beats of input or output, the more of them."""
        return self.periods * self.order.period

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        return (self.order.inputs_needed(outputs // self.lanes) * self.lanes,)

    def taken_with(self, port: int, needed: Int64) -> Int64:
        """Return when elements are taken: once blocks before them are free; see `LayerSpec`."""
        return self.order.taken_with(self.periods).repeat(self.lanes) * self.lanes

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        width = self.tensors[0].type.width * self.lanes
        return reorder_cost(self.order, width, fabric, counted=self.loops is not None)

    def build(self, name: str) -> "ReorderLayer":
        """Return the circuit."""
        return ReorderLayer(self, name)


class ReorderLayer(Layer[ReorderLayerSpec]):
    """Keep blocks of codes, and send them in another order.

    Parameters
    ----------
    spec : ReorderLayerSpec
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Latency 3 cycles from the last beat that a block needs, one beat per cycle: blocks are received
    while others are sent.
    """

    def elaborate(self, platform: object) -> Module:
        """Connect the memory."""
        m = Module()
        width = len(self.i.payload.as_value())
        reorder = Reorder(self.spec.order, width, self.name, loops=self.spec.loops)
        m.submodules.reorder = reorder
        connect(m, self.i, reorder.i)
        connect(m, reorder.o, self.o)
        return m

"""Codes that do not depend on the input."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import stream

from bittrue.golden.graph import Tensor
from bittrue.golden.graph.constant import Constant as ConstantNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.packed_words import pack_words
from bittrue.hdl.blocks.pipeline import Pipeline
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM, counters_cost
from bittrue.hdl.costs.memories import usual_rom_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import LayerSpec, Place
from bittrue.hdl.layers.parts.codes import check_lanes
from bittrue.hdl.layers.registry import makes_layers_of


@dataclass(frozen=True, eq=False)
class ConstantSpec(LayerSpec):
    """The codes of a constant, for every image again.

    Parameters
    ----------
    node : golden.graph.constant.Constant
        The codes of an image.
    lanes : int
        Elements of a beat, a divisor of the channels.
    """

    node: ConstantNode
    lanes: int

    tensors = ()
    input_lanes = ()

    def __post_init__(self) -> None:
        check_lanes(self.lanes, self.output.channels)

    @cached_property
    def output(self) -> Tensor:
        """What it makes."""
        return self.node.infer().tensor

    @property
    def output_lanes(self) -> int:
        """Elements of a beat."""
        return self.lanes

    @cached_property
    def beats(self) -> Int64:
        """The codes that repeat within an image, (beats, lanes)."""
        return _one_period(self.node.values.astype(np.int64).reshape(-1, self.lanes))

    @property
    def latency(self) -> int:
        """Cycles of reading the ROM: block RAM without a register behind it would set the clock."""
        return 2

    def cycles_per_image(self) -> int:
        """Return the cycles between images."""
        return self.node.values.size // self.lanes

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return what each output needs of each input; there are none."""
        return ()

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        width = self.lanes * self.output.type.width
        counting = counters_cost([len(self.beats)])
        return STREAM + counting + usual_rom_cost(width, len(self.beats), fabric).sum()

    def build(self, name: str) -> "ConstantSource":
        """Return the circuit."""
        return ConstantSource(self, name)


@makes_layers_of(ConstantNode)
def constant_spec(node: ConstantNode, place: Place) -> ConstantSpec:
    """Return the layer of a node."""
    return ConstantSpec(node, place.output_lanes)


class ConstantSource(Layer[ConstantSpec]):
    """Send the codes of a constant, for every image again.

    Parameters
    ----------
    spec : ConstantSpec
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    o : Out(stream)
        Codes, without end.

    A beat is there in every cycle from the third one on. Codes that repeat within an image, as
    those of a constant for each channel do, are stored once; if all beats are equal, nothing is
    stored.
    """

    def elaborate(self, platform: object) -> Module:
        """Read one beat after the other, over and over again."""
        m = Module()
        beats, width = self.spec.beats, self.spec.output.type.width
        columns = [(codes, width) for codes in beats.T]
        if len(beats) == 1:
            m.d.comb += [
                self.o.valid.eq(1),
                self.o.payload.as_value().eq(C(pack_words(columns)[0], self.spec.lanes * width)),
            ]
            return m
        request = stream.Signature(0).create(path=("request",))
        pipeline = Pipeline(m, platform, request, self.o, self.latency)
        m.submodules.codes = rom = Rom(self.name, columns)
        address = Signal(range(len(beats)), name="address")
        m.d.comb += [
            request.valid.eq(1),
            rom.enable.eq(pipeline.advance),
            rom.address.eq(address),
            self.o.payload.as_value().eq(Cat(pipeline.register("beat", rom.data))),
        ]
        with m.If(request.ready):
            m.d.sync += address.eq(Mux(address == len(beats) - 1, 0, address + 1))
        return m


def _one_period(beats: Int64) -> Int64:
    """Return the shortest beginning of an image's beats that gives all of them when repeated."""
    count = len(beats)
    for period in (length for length in range(1, count) if count % length == 0):
        if (beats == np.resize(beats[:period], beats.shape)).all():
            return beats[:period]
    return beats

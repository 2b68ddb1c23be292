"""Images resized by interpolation, as a layer."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.hdl import Cat, Module, Shape, Value
from amaranth.lib import data, stream

from bittrue.golden.graph.requantization import Requantization
from bittrue.golden.graph.resize_bilinear import ResizeBilinear as ResizeBilinearNode
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.multiply import (
    MULTIPLIER_LATENCY,
    MULTIPLY_LATENCY,
    hardware_multipliers,
    multiplier,
    multiply,
)
from bittrue.hdl.blocks.pipeline import FreePipeline, Pipeline, Stages
from bittrue.hdl.blocks.result_fifo import BUFFER_LATENCY, buffered
from bittrue.hdl.blocks.shapes import shape_of, shape_spanning
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import STREAM
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.layer_spec import Place
from bittrue.hdl.layers.parts.channel_requant import ChannelRequantizer, ChannelRequantSpec
from bittrue.hdl.layers.parts.codes import decoded, resized
from bittrue.hdl.layers.parts.connection import connect, feed
from bittrue.hdl.layers.parts.lanewise import LanewiseSpec
from bittrue.hdl.layers.parts.reorder import REORDER_LATENCY, Reorder, reorder_cost
from bittrue.hdl.layers.parts.reorder_spec import ReorderSpec
from bittrue.hdl.layers.registry import makes_layers_of

_SINGLE_WIDTH = 18
"""Bits, with a sign, that one hardware multiplier takes."""


@dataclass(frozen=True)
class Stage:
    """Interpolation along one dimension.

    Parameters
    ----------
    name : str
        ``rows`` or ``columns``.
    order : ReorderSpec
        Of the blocks along the dimension.
    weights : tuple of int
        Of the following block, for each of the output; empty where none has any.
    given : Shape
        Of the elements that the memory keeps.
    values : Shape
        Of what they stand for.
    coded : bool
        Whether they are codes, which have yet to be decoded.
    """

    name: str
    order: ReorderSpec
    weights: tuple[int, ...]
    given: Shape
    values: Shape
    coded: bool

    @property
    def difference(self) -> Shape:
        """Shape of the difference of two values."""
        return Shape(self.values.width + 1, signed=True)

    @property
    def weight(self) -> Shape:
        """Shape of a weight."""
        return Shape(max(max(self.weights).bit_length(), 1))

    @property
    def latency(self) -> int:
        """Cycles of an interpolation."""
        if not self.weights:
            return 0
        wide = max(self.difference.width, self.weight.width) > _SINGLE_WIDTH
        return (MULTIPLY_LATENCY if wide else MULTIPLIER_LATENCY) + 1


@dataclass(frozen=True, eq=False)
class ResizeBilinearSpec(LanewiseSpec):
    """Images resized by interpolation along rows and columns.

    Parameters
    ----------
    node : golden.graph.resize_bilinear.ResizeBilinear
        Places and weights.
    tensors : tuple of Tensor
        The one it reads.
    lanes : int
        Elements of a beat, a divisor of the channels.
    """

    node: ResizeBilinearNode

    pauses = True
    paced_by_lanes = True

    @property
    def comes_in_bursts(self) -> bool:
        """See `LayerSpec.comes_in_bursts`."""
        return any(stage.order.leaves_out for stage in self.stages)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The dimensions in which something changes, in the order in which they are resized.

        Rows are first, as long as what follows can take them at once: where there are fewer of
        them, but more columns, columns are.
        """
        (tensor,), bits = self.tensors, self.node.fraction_bits
        height, width, channels = tensor.shape
        beats = channels // self.lanes
        rows, columns = self.node.rows, self.node.columns
        turned = len(rows.first) < height and len(columns.first) > width
        across = len(columns.first) if turned else width
        along = {"rows": (rows, height, across * beats), "columns": (columns, width, beats)}
        ends = self.node.encoding.decode([tensor.minimum, tensor.maximum]).tolist()
        given, shift = shape_of(tensor.type), 0
        stages = []
        for name in ("columns", "rows") if turned else ("rows", "columns"):
            places, length, block = along[name]
            weighted = any(places.weight)
            if not weighted and places.first == tuple(range(length)):
                continue
            paired = tuple(weight > 0 for weight in places.weight) if weighted else ()
            order = ReorderSpec(length, places.first, block, paired)
            values = shape_spanning(ends[0] << shift, ends[1] << shift)
            weights = places.weight if weighted else ()
            stages.append(Stage(name, order, weights, given, values, shift == 0))
            if weighted:
                shift += bits
                given = shape_spanning(ends[0] << shift, ends[1] << shift)
        return tuple(stages)

    @property
    def requantization(self) -> Requantization | None:
        """What makes codes of its accumulators."""
        return self.node.requantization

    @cached_property
    def requantizer(self) -> ChannelRequantSpec:
        """What makes codes of its accumulators, as a circuit."""
        accumulator = self.node.infer(*self.tensors).accumulator
        assert accumulator is not None
        channels = self.tensors[0].channels
        return ChannelRequantSpec(self.requantization, accumulator.type, None, channels, self.lanes)

    @property
    def interpolating(self) -> int:
        """Cycles of the last interpolation, at least one."""
        return max(self.stages[-1].latency if self.stages else 0, 1)

    @property
    def latency(self) -> int:
        """Cycles from the last input that an output needs to its codes, if it is the first."""
        filling = sum(REORDER_LATENCY + stage.latency for stage in self.stages[:-1])
        if len(self.stages) > 1:
            order = self.stages[-1].order
            filling += int(order.needed[0]) * order.beats - 1
        last = REORDER_LATENCY if self.stages else 0
        return filling + last + self.interpolating + self.requantizer.latency + BUFFER_LATENCY

    def cycles_per_image(self) -> int:
        """Return the cycles between images: beats of the input, the output, or in between."""
        beats = self.tensors[0].channels // self.lanes
        sizes = {"rows": self.tensors[0].shape[0], "columns": self.tensors[0].shape[1]}
        most = sizes["rows"] * sizes["columns"]
        for stage in self.stages:
            sizes[stage.name] = len(stage.order.places)
            most = max(most, sizes["rows"] * sizes["columns"])
        return most * beats

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        beats = outputs // self.lanes
        # From behind: what the last stage needs of the one before, and so on.
        for stage in reversed(self.stages):
            beats = stage.order.inputs_needed(beats) - 1
        return ((beats + 1) * self.lanes,)

    def taken_with(self, port: int, needed: Int64) -> Int64:
        """Return when elements are taken: once blocks before them are free; see `LayerSpec`."""
        if not self.stages:
            return super().taken_with(port, needed)
        first = self.stages[0].order
        elements = self.tensors[0].elements // self.lanes
        between = first.taken_with(elements // (first.length * first.beats))
        # Rows of what is in between take as long as those of the output.
        made = elements // first.length * len(first.places)
        scaled = -(-between * (self.output.elements // self.lanes) // made)
        return scaled.repeat(self.lanes) * self.lanes

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        total = STREAM + self.requantizer.usual_costs(fabric)
        for stage in self.stages:
            width = stage.given.width * self.lanes
            total = total + reorder_cost(stage.order, width, fabric, stage.weights)
            if stage.weights:
                products = hardware_multipliers(stage.difference, stage.weight)
                adding = 3 * stage.values.width + self.node.fraction_bits
                total = total + Costs(adding, products) * self.lanes
        return total

    def build(self, name: str) -> "ResizeBilinear":
        """Return the circuit."""
        return ResizeBilinear(self, name)


@makes_layers_of(ResizeBilinearNode)
def resize_bilinear_spec(node: ResizeBilinearNode, place: Place) -> ResizeBilinearSpec:
    """Return the layer of a node."""
    return ResizeBilinearSpec(node, place.tensors, place.common_lanes)


class ResizeBilinear(Layer[ResizeBilinearSpec]):
    """Resize images by interpolation between rows and between columns.

        o[y, x] = requantize(sum of four pixels, each times a weight of its row and its column)

    Parameters
    ----------
    spec : ResizeBilinearSpec
    name : str
        Prefix of the names of ROM files; unique within a design.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes.

    Two rows are read at a time while others arrive, pixel by pixel, and interpolated; of what that
    gives, two columns at a time. A ROM says which ones follow, and with which weights. Each lane
    has a multiplier for either dimension. One beat per cycle in or out, the slower of them.
    """

    def elaborate(self, platform: object) -> Module:
        """Chain memories and interpolations, and a requantizer at last."""
        m = Module()
        stages = self.spec.stages
        source: Any = self.i
        for stage in stages[:-1]:
            source = self._between(m, platform, stage, self._reordered(m, stage, source))
        if stages:
            source = self._reordered(m, stages[-1], source)
        self._finish(m, platform, source)
        return m

    def _reordered(self, m: Module, stage: Stage, source: Any) -> Any:
        """Keep the blocks of a stream, and return the stream of those that are due."""
        width = stage.given.width * self.spec.lanes
        name = f"{self.name}_{stage.name}"
        m.submodules[stage.name] = reorder = Reorder(stage.order, width, name, stage.weights)
        connect(m, source, reorder.i)
        return reorder.o

    def _between(self, m: Module, platform: object, stage: Stage, source: Any) -> Any:
        """Interpolate along the first dimension, in a pipeline that may wait."""
        words = len(source.payload.first)
        if stage.weights:
            words = self.spec.stages[-1].given.width * self.spec.lanes
        made = stream.Signature(data.StructLayout({"beat": words})).create(
            path=(f"between_{stage.name}",)
        )
        if not stage.weights:
            connect(m, source, made, source.payload.first)
            return made
        pipeline = Pipeline(m, platform, source, made, stage.latency)
        values = self._interpolated(pipeline, stage, source.payload)
        m.d.comb += made.payload.beat.eq(Cat(value[: words // self.spec.lanes] for value in values))
        return made

    def _finish(self, m: Module, platform: object, source: Any) -> None:
        """Interpolate along the last dimension, and requantize: nothing of it waits."""
        spec = self.spec
        cycles = spec.interpolating
        accepted, results = buffered(m, source, self.o, cycles + spec.requantizer.latency)
        pipeline = FreePipeline(m, platform, accepted, cycles)
        if spec.stages and spec.stages[-1].weights:
            values = self._interpolated(pipeline, spec.stages[-1], source.payload)
        else:
            if spec.stages:
                given = self._values(spec.stages[-1], source.payload.first)
            else:
                codes = (self.i.payload[lane] for lane in range(spec.lanes))
                given = [decoded(code, spec.node.encoding) for code in codes]
            values = [pipeline.register(f"value_{lane}", value) for lane, value in enumerate(given)]
        m.submodules.requantizer = requantizer = ChannelRequantizer(
            spec.requantizer, self.name, stalls=False
        )
        width = spec.requantizer.accumulator.width
        weighted = sum(bool(stage.weights) for stage in spec.stages)
        shift = (2 - weighted) * spec.node.fraction_bits
        m.d.comb += [
            requantizer.i.valid.eq(pipeline.valid[-1]),
            requantizer.i.payload.as_value().eq(
                Cat(resized(value << shift, width) for value in values)
            ),
        ]
        feed(m, requantizer.o, results)

    def _values(self, stage: Stage, word: Value) -> list[Value]:
        """Return what the elements of a beat stand for."""
        width = stage.given.width
        elements = [word[lane * width :][:width] for lane in range(self.spec.lanes)]
        if stage.given.signed:
            elements = [element.as_signed() for element in elements]
        if not stage.coded:
            return elements
        return [decoded(element, self.spec.node.encoding) for element in elements]

    def _interpolated(self, pipeline: Stages, stage: Stage, payload: Any) -> list[Value]:
        """Return ``(one << bits) + (other - one) * weight`` for each lane."""
        one, other = (self._values(stage, word) for word in (payload.first, payload.second))
        product = multiplier if stage.latency == MULTIPLIER_LATENCY + 1 else multiply
        sums = []
        for lane, (first, second) in enumerate(zip(one, other, strict=True)):
            name = f"{stage.name}_{lane}"
            step = (second - first)[: stage.difference.width].as_signed()
            moved = product(pipeline, f"{name}_product", step, payload.weight)
            kept = pipeline.register(f"{name}_first", first, stage.latency - 1)
            total = (kept << self.spec.node.fraction_bits) + moved
            sums.append(pipeline.register(f"{name}_sum", total))
        return sums

"""What softmax circuits share: codes of a row are kept, summed, and scaled."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.ram import Ram
from bittrue.hdl.blocks.shapes import shape_of
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import counters_cost
from bittrue.hdl.costs.memories import usual_ram_cost
from bittrue.hdl.layers.layer import Layer
from bittrue.hdl.layers.parts.deep_rom import (
    deep_rom,
    deep_rom_cost,
    deep_rom_latency,
    saturated,
)
from bittrue.hdl.layers.parts.lanewise import LanewiseSpec


class Reciprocal(Protocol):
    """Takes the reciprocal of a sum with the multiplier of its circuit."""

    a: Value
    """Operand of the multiplication under way."""

    b: Value
    """The other one."""

    finished: Value
    """Whether the last cycle is under way."""

    result: Signal
    """Valid after it."""

    def advance(self, m: Module, product: Value) -> None:
        """Add the statements of one cycle."""


@dataclass(frozen=True, eq=False)
class SoftmaxRowsSpec(LanewiseSpec):
    """A softmax over the channels, row by row, one code to a beat.

    Attributes
    ----------
    sum_width : int
        Bits of a sum, unsigned.
    headroom : int
        Bits that a sum is shifted left at most, so that its top bit is set.
    normalising_cycles : int
        In which it is.
    reciprocal_cycles, product_cycles : int
        Of the reciprocal, and of the multiplier.
    """

    lanes: int = 1

    pauses = True
    sum_width: ClassVar[int]
    headroom: ClassVar[int]
    normalising_cycles: ClassVar[int]
    reciprocal_cycles: ClassVar[int]
    product_cycles: ClassVar[int]

    @property
    def term_cycles(self) -> int:
        """From the number of a code to its exponential: code, difference, table."""
        return 2 + deep_rom_latency(len(self.exponential))

    @property
    def scale_cycles(self) -> int:
        """From the number of a code to its output: exponential, product, shift, rounding."""
        return self.term_cycles + self.product_cycles + 2

    @property
    def latency(self) -> int:
        """Cycles from the last code of a row to the first output."""
        summing = self.tensors[0].channels + self.term_cycles + 1
        return summing + self.normalising_cycles + self.reciprocal_cycles + self.scale_cycles + 1

    @property
    def cycles_per_row(self) -> int:
        """Cycles between rows."""
        return self.latency + 2 * self.tensors[0].channels - 1

    def cycles_per_image(self) -> int:
        """Return the cycles between images, of one or several rows."""
        tensor = self.tensors[0]
        return tensor.elements // tensor.channels * self.cycles_per_row

    def inputs_needed(self, outputs: Int64) -> tuple[Int64, ...]:
        """Return how many elements must have come; see `LayerSpec`."""
        channels = self.tensors[0].channels
        return ((outputs // channels + 1) * channels,)

    def costs(self, fabric: Fabric) -> Costs:
        """Return what the circuit takes, estimated."""
        tensor = self.tensors[0]
        memory = usual_ram_cost(tensor.type.width, tensor.channels, fabric).sum()
        table = deep_rom_cost(self.exponential, fabric)
        return memory + table + counters_cost([tensor.channels]) + self.scaling_costs(fabric)

    @property
    @abstractmethod
    def exponential(self) -> Int64:
        """The table of exponentials, of whole banks; differences beyond its end are as the last."""

    @abstractmethod
    def scaling_costs(self, fabric: Fabric) -> Costs:
        """Return what the reciprocal, its multiplier and the sequence of a row take, estimated."""


SpecT_co = TypeVar("SpecT_co", bound=SoftmaxRowsSpec, covariant=True)


class SoftmaxRows(Layer[SpecT_co]):
    """Softmax over the channels, row by row, with one multiplier.

    It serves the reciprocal of the sum and then the scaling of the codes.

    Parameters
    ----------
    spec : SoftmaxRowsSpec
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    i : In(stream)
        Codes, one to a beat.
    o : Out(stream)
        Codes, one to a beat.

    A row is taken whole, summed, and scaled before the next is taken: ``spec.cycles_per_row``
    cycles, three for each code and a constant. Latency `latency` cycles from the last code of a row
    to the first output; then one output per cycle.
    """

    def elaborate(self, platform: object) -> Module:
        """Build the path of a code, the multiplier, and the sequence of a row."""
        m = Module()
        stages = Stages(m, platform)
        m.d.comb += stages.advance.eq(~self.o.valid | self.o.ready)
        kind, channels = self.spec.tensors[0].type, self.spec.tensors[0].channels

        index = Signal(range(channels))
        at_last = index == channels - 1
        code = self.i.payload[0]
        largest = Signal(shape_of(kind), reset_less=True)
        m.submodules.codes = codes = Ram(kind.width, 1, channels)
        m.d.comb += [
            codes.write.eq(self.i.valid & self.i.ready),
            codes.write_address.eq(index),
            codes.write_data.eq(code),
            codes.enable.eq(stages.advance),
            codes.address.eq(index),
        ]
        term = self._term(m, stages, codes.data, largest)

        summing, scaling = Signal(), Signal()
        term_cycles = self.spec.term_cycles
        to_sum, to_output = Signal(term_cycles), Signal(self.spec.scale_cycles)
        with m.If(stages.advance):
            m.d.sync += [
                to_sum.eq(Cat(summing, to_sum)),
                to_output.eq(Cat(scaling, to_output)),
            ]
        m.d.comb += self.o.valid.eq(to_output[-1])

        total = Signal(self.spec.sum_width)
        # Apart, so that nothing stands between the adder and its register.
        normalised = Signal(self.spec.sum_width, reset_less=True)
        headroom = Signal(range(self.spec.headroom + 1))
        with m.If(to_sum[-1]):
            m.d.sync += total.eq(self._added(total, term))

        reciprocal = self._reciprocal(m, stages, normalised)
        scales = to_output[term_cycles - 1]
        product = self._multiplied(
            stages,
            Mux(scales, reciprocal.result, reciprocal.a),
            Mux(scales, Cat(term, C(0, 1)).as_signed(), reciprocal.b),
        )
        m.d.comb += self.o.payload[0].eq(self._output_code(stages, product, headroom))

        def count(following: str) -> None:
            m.d.sync += index.eq(index + 1)
            with m.If(at_last):
                m.d.sync += index.eq(0)
                m.next = following

        # Compared a cycle later: the largest of all is known before the first difference is taken.
        taken, first_taken = Signal(name="taken"), Signal(name="first_taken")
        code_taken = Signal.like(largest, name="code_taken")
        m.d.sync += [
            taken.eq(self.i.valid & self.i.ready),
            first_taken.eq(index == 0),
            code_taken.eq(code),
        ]
        exceeds = (largest - code_taken)[-1]  # The sign: it needs no carry out of the chain.
        with m.If(taken & (first_taken | exceeds)):
            m.d.sync += largest.eq(code_taken)

        with m.FSM():
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [total.eq(0), headroom.eq(0)]
                with m.If(self.i.valid):
                    count("sum")
            with m.State("sum"):
                m.d.comb += summing.eq(1)
                count("summed")
            with m.State("summed"):
                m.d.sync += normalised.eq(total)
                with m.If(~to_sum.any()):
                    m.next = "normalise"
            with m.State("normalise"):
                # The sum holds at least one 1.0, so so many shifts bring its top bit up.
                at_once = -(-self.spec.headroom // self.spec.normalising_cycles)
                for bits in range(1, at_once + 1):
                    with m.If(~normalised[-bits:].any()):
                        m.d.sync += [
                            normalised.eq(normalised << bits),
                            headroom.eq(headroom + bits),
                        ]
                step = Signal(range(self.spec.normalising_cycles))
                m.d.sync += step.eq(step + 1)
                with m.If(step == self.spec.normalising_cycles - 1):
                    m.d.sync += step.eq(0)
                    m.next = "invert"
            with m.State("invert"):
                reciprocal.advance(m, product)
                with m.If(reciprocal.finished):
                    m.next = "scale"
            with m.State("scale"):
                m.d.comb += scaling.eq(1)
                with m.If(stages.advance):
                    count("scaled")
            with m.State("scaled"), m.If(stages.advance & ~to_output[:-1].any()):
                m.next = "take"
        return m

    def _term(self, m: Module, stages: Stages, bits: Value, largest: Value) -> Value:
        """Return the exponential of a code read from the memory, from a register."""
        width = self.spec.tensors[0].type.width
        table = self.spec.exponential
        # Modulo the codes' range, where every difference from the largest lies.
        difference = stages.register("difference", (largest - bits)[:width])
        address = saturated(difference, len(table))
        return deep_rom(m, stages, self.name, "term", table, address)

    @abstractmethod
    def _added(self, total: Value, term: Value) -> Value:
        """Return the sum with one more exponential."""

    @abstractmethod
    def _reciprocal(self, m: Module, stages: Stages, total: Value) -> Reciprocal:
        """Build what takes the reciprocal of a sum, whose top bit is set."""

    @abstractmethod
    def _multiplied(self, stages: Stages, a: Value, b: Value) -> Value:
        """Return a product, `_product_cycles` later."""

    @abstractmethod
    def _output_code(self, stages: Stages, product: Value, headroom: Value) -> Value:
        """Return the output of a product, two cycles later; the sum was shifted by `headroom`."""

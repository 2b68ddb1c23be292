"""Any function of a code, and clamps."""

import numpy as np
from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from golden import graph
from golden.errors import UserError
from golden.numbers.integer_type import IntegerType
from hdl.blocks.pipeline import Pipeline, Stages
from hdl.blocks.rom import Rom
from hdl.layers.beatwise import BeatwiseLayer
from hdl.layers.codes import check_lanes, code_stream, resized

MAXIMUM_TABLE_WIDTH = 10
"""Bits of the codes that a table in ROM takes."""

CODE_TABLE_LATENCY = 2
"""Cycles of `code_table`."""


def code_table(
    m: Module,
    pipeline: Stages,
    name: str,
    instance: str,
    code: Value,
    kind: IntegerType,
    values: NDArray[np.integer],
) -> Value:
    """Return the value that a ROM holds for a code, `CODE_TABLE_LATENCY` cycles later.

    Block RAM is slow to answer, so there is a register behind it.

    Parameters
    ----------
    m : Module
        Receives the ROM.
    pipeline : Stages
        The ROM advances with it.
    name : str
        Of the ROM; the same for equal tables only.
    instance : str
        Name of the register; that of the submodule is ``<instance>_table``.
    code : Value
        Of type `kind`.
    kind : IntegerType
        At most `MAXIMUM_TABLE_WIDTH` bits.
    values : ndarray of integers, shape (2**kind.width,)
        In ascending order of the codes.

    Returns
    -------
    Value
        As wide as the values require, signed where one is negative.
    """
    held = IntegerType.spanning(int(values.min()), int(values.max()))
    by_bits = np.roll(values, kind.minimum)
    m.submodules[f"{instance}_table"] = rom = Rom(name, [(by_bits, held.width)])
    m.d.comb += [rom.enable.eq(pipeline.advance), rom.address.eq(code.as_unsigned())]
    return pipeline.register(instance, rom.data.as_signed() if held.signed else rom.data)


def check_table_width(tensor: graph.Tensor) -> None:
    """Refuse codes too wide for a table.

    Raises
    ------
    UserError
        Naming the tensor and its type.
    """
    if tensor.type.width > MAXIMUM_TABLE_WIDTH:
        raise UserError(
            f"tensor {tensor.name!r} is {tensor.type}; a table in ROM takes codes of up to "
            f"{MAXIMUM_TABLE_WIDTH} bits"
        )


class Table(BeatwiseLayer):
    """Look every code up.

        o[k] = values[i[k] - lowest code]

    Parameters
    ----------
    node : golden.graph.Table
        The function.
    tensor : Tensor
        What it reads, codes of at most 10 bits.
    lanes : int
        Elements of a beat, a divisor of the channels; each has a ROM of its own.
    name : str
        Of the ROM file; unique within a design.

    Members
    -------
    i, o : In(stream), Out(stream)
        Codes in and out.

    Latency 2 cycles, one beat per cycle; both stages hold while the output waits.
    """

    latency = CODE_TABLE_LATENCY

    def __init__(
        self, node: graph.Table, tensor: graph.Tensor, lanes: int, name: str = "table"
    ) -> None:
        check_lanes(lanes, tensor.channels)
        check_table_width(tensor)
        self.node = node
        self.tensors = (tensor,)
        self.name = name
        output = node.infer(tensor).tensor
        super().__init__(
            {"i": In(code_stream(tensor.type, lanes)), "o": Out(code_stream(output.type, lanes))},
            lanes,
        )

    def elaborate(self, platform: object) -> Module:
        """Build a ROM for each lane."""
        m = Module()
        pipeline = Pipeline(m, platform, self.i, self.o, self.latency)
        width = self.node.type.width
        found = [
            code_table(
                m,
                pipeline,
                self.name,
                f"found_{lane}",
                self.i.payload[lane],
                self.tensors[0].type,
                self.node.values,
            )
            for lane in range(self.lanes)
        ]
        m.d.comb += self.o.payload.as_value().eq(Cat(resized(value, width) for value in found))
        return m

"""ROMs that hold any function of a code."""

import numpy as np
from amaranth.hdl import Module, Value
from numpy.typing import NDArray

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import usual_rom_cost

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


def code_table_cost(kind: IntegerType, values: NDArray[np.integer], fabric: Fabric) -> Costs:
    """Estimate a table."""
    held = IntegerType.spanning(int(values.min()), int(values.max()))
    return usual_rom_cost(held.width, 1 << kind.width, fabric).sum()

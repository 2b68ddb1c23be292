"""Circuits for functions of wide codes: lines in a ROM, a multiplier, and corrections."""

from amaranth.hdl import C, Cat, Module, Value

from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.logic import product_cost
from bittrue.hdl.costs.memories import usual_rom_cost
from bittrue.hdl.layers.parts.segments import Segments

_ROM_LATENCY = 2
"""Cycles of a ROM and the register behind it: block RAM is slow to answer."""

SEGMENT_TABLE_LATENCY = _ROM_LATENCY + MULTIPLIER_LATENCY + 1
"""Cycles of `segment_table`: a ROM, a product, a sum."""


def segment_table(
    m: Module,
    pipeline: Stages,
    name: str,
    instance: str,
    code: Value,
    kind: IntegerType,
    segments: Segments,
) -> Value:
    """Return the value of a code, `SEGMENT_TABLE_LATENCY` cycles later.

    Parameters
    ----------
    m : Module
        Receives the ROMs.
    pipeline : Stages
        They advance with it.
    name : str
        Prefix of the ROMs' names; the same for equal tables only.
    instance : str
        Prefix of the names of registers and submodules.
    code : Value
        Of type `kind`.
    kind : IntegerType
    segments : Segments
        The function.

    Returns
    -------
    Value
        As wide as the values require or wider.
    """
    bits = code.as_unsigned()
    index = Cat(bits[:-1], bits[-1] ^ kind.signed)  # The lowest code first.
    lines = _read(
        m,
        pipeline,
        f"{name}_lines" if segments.bits else name,
        f"{instance}_line",
        index[segments.bits :],
        [segments.base, segments.slope] if segments.bits else [segments.base],
    )
    base = pipeline.register(f"{instance}_base", lines[0], MULTIPLIER_LATENCY)
    total: Value = base
    if segments.bits:
        low = pipeline.register(f"{instance}_low", index[: segments.bits], _ROM_LATENCY)
        total = base + multiplier(pipeline, f"{instance}_rise", lines[1], low)
    value = total >> segments.shift
    if segments.correction_width:
        (correction,) = _read(
            m,
            pipeline,
            f"{name}_corrections",
            f"{instance}_correction",
            index,
            [segments.correction],
        )
        late = pipeline.register(f"{instance}_corrected", correction, MULTIPLIER_LATENCY)
        value = value + late
    return pipeline.register(instance, value)


def segment_table_cost(segments: Segments, fabric: Fabric) -> Costs:
    """Estimate a table."""
    words, width = len(segments.base), sum(segments.widths)
    total = usual_rom_cost(width, words, fabric).sum()
    if segments.bits:
        slope = segments.widths[1]
        total += product_cost(slope, segments.bits) + Costs(segments.widths[0] + 1)
    if segments.correction_width:
        codes = len(segments.correction)
        total += usual_rom_cost(segments.correction_width, codes, fabric).sum()
        total += Costs(segments.widths[0] - segments.shift + 1)
    return total


def _read(
    m: Module, pipeline: Stages, name: str, instance: str, address: Value, columns: list[Int64]
) -> list[Value]:
    """Return numbers of a ROM, from a register."""
    kinds = [IntegerType.spanning(int(each.min()), int(each.max())) for each in columns]
    contents = [(each, kind.width) for each, kind in zip(columns, kinds, strict=True)]
    m.submodules[f"{instance}_rom"] = rom = Rom(name, contents)
    m.d.comb += [rom.enable.eq(pipeline.advance), rom.address.eq(address)]
    word = pipeline.register(instance, rom.data)
    values, first = [], 0
    for kind in kinds:
        bits = word[first : first + kind.width]
        values.append(bits.as_signed() if kind.signed else Cat(bits, C(0, 1)).as_signed())
        first += kind.width
    return values

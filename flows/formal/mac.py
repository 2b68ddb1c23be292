"""What a multiply-accumulate unit is proved to compute: the sums of plain products."""

from bittrue.flows.formal.equivalence import Claim
from bittrue.golden.units.mac_spec import MacSpec
from bittrue.hdl.units.mac import Mac

MAXIMUM_CASE_BITS = 8
"""Operand bits that the solver is given a value for, as many times as they have values."""

CASES = (
    ("a=int8", "b=int8", "columns=2", "multiplier=packed_dsp48e1"),
    ("a=uint8", "b=int8", "columns=2", "multiplier=packed_dsp48e1"),
    ("a=int8", "b=uint8", "columns=2", "multiplier=packed_dsp48e1"),
    ("a=uint8", "b=uint8", "columns=2", "multiplier=packed_dsp48e1"),
    ("a=int4", "b=int4", "rows=2", "columns=2", "multiplier=packed_dsp48e1"),
    ("a=uint4", "b=int4", "rows=2", "columns=2", "multiplier=packed_dsp48e1"),
    ("a=uint4", "b=uint4", "rows=2", "columns=2", "multiplier=packed_dsp48e1"),
    ("a=int4", "b=int4", "columns=4", "multiplier=packed_dsp48e1"),
    ("a=int4", "b=int4", "columns=2", "lanes=2", "multiplier=packed_dsp48e1"),
    ("a=int4", "b=int4", "rows=2", "columns=2", "multiplier=packed_mult18x18d"),
    ("a=int4", "b=int4", "columns=3", "multiplier=packed_mult18x18d"),
    ("a=uint4", "b=int4", "columns=2", "multiplier=packed_mult18x18d"),
    ("a=int8", "b=int8", "multiplier=lut"),
    ("a=uint8", "b=int8", "multiplier=lut"),
    ("a=uint8", "b=uint8", "multiplier=lut"),
    ("a=int4", "b=int4", "lanes=2", "multiplier=lut"),
    ("a=int2", "b=int4", "lanes=4", "multiplier=lut"),
    ("a=int2", "b=int2", "lanes=8", "multiplier=lut"),
)
"""Parameters proved when none are given."""


def claims(component: Mac) -> dict[str, Claim]:
    """Return a claim for each output: of a frame of one beat it is the sum of its products."""
    spec = component.spec
    return {
        f"o[{row}][{column}]": Claim(
            {
                f"{row}.{column}": " + ".join(
                    f"a_{row}_{lane} * b_{column}_{lane}" for lane in range(spec.lanes)
                )
            },
            {"last": 1},
            spec.sum_type.width + 1,
            cases=_cases(spec, row),
        )
        for row in range(spec.rows)
        for column in range(spec.columns)
    }


def _cases(spec: MacSpec, row: int) -> list[str]:
    """Return the operands of a row whose values are few enough to be taken one by one."""
    few = spec.a.width * spec.lanes <= MAXIMUM_CASE_BITS
    return [f"a.{row}.{lane}" for lane in range(spec.lanes)] if few else []

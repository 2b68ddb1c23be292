"""ADD and SUB."""

import dataclasses

from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.fused import fused_clamp
from bittrue.golden.frontends.tflite.known_operators import FUSED, Options
from bittrue.golden.frontends.tflite.operands import operands_of, require_one_type
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Requantization
from bittrue.golden.graph.add import Add, Addend

_FIELDS = ("PotScaleInt16", FUSED)


def sum_of(
    inputs: tuple[str, ...],
    output: str,
    addends: tuple[Addend, ...],
    requantization: Requantization | None = None,
) -> Add:
    """Return the node of a sum, in which other operators of files end, too."""
    return Add(inputs=inputs, output=output, addends=addends, requantization=requantization)


@converts(ADD=6, options=Options("AddOptions", _FIELDS), repeats=True)
def _add(site: Site, arithmetic: LitertArithmetic) -> None:
    _addition(site, arithmetic, subtract=False)


@converts(SUB=5, options=Options("SubOptions", _FIELDS), repeats=True)
def _subtract(site: Site, arithmetic: LitertArithmetic) -> None:
    _addition(site, arithmetic, subtract=True)


def _addition(site: Site, arithmetic: LitertArithmetic, subtract: bool) -> None:
    require_one_type(site)
    first, second, target = site.source(0), site.source(1), site.target
    scale, add = arithmetic.addends, arithmetic.addition
    if site.options.get("PotScaleInt16", False) and arithmetic.shifts(first, second, target):
        scale, add = arithmetic.shifted_addends, arithmetic.shifted_addition
    addends = scale(first, second, target, subtract)
    node = sum_of(operands_of(site), site.output.name, addends)
    requantization = add(
        site.builder.infer(node), first, second, target, fused_clamp(site, arithmetic)
    )
    site.emit(dataclasses.replace(node, requantization=requantization))

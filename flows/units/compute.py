"""Units that compute: requantizers, multipliers, dot products, arrays."""

from typing import Any

from amaranth.lib import wiring

from bittrue.flows.units.unit import Parameter, Unit, one_of, parse_flag, parse_integers
from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.limits import MAXIMUM_CODE_WIDTH
from bittrue.golden.numbers.requant_spec import RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.units.bitserial_spec import BitSerialSpec
from bittrue.golden.units.chunks import MAXIMUM_LANES, MAXIMUM_LENGTH
from bittrue.golden.units.coded_spec import MAXIMUM_EXPONENT, CodedSpec, WeightCode
from bittrue.golden.units.dot_spec import DotSpec
from bittrue.golden.units.mac_spec import MacSpec, Multiplier
from bittrue.golden.units.shiftadd_spec import ShiftAddSpec
from bittrue.golden.units.systolic_spec import Dataflow, SystolicSpec
from bittrue.golden.units.xnor_spec import XnorSpec
from bittrue.hdl.units.bitserial import BitSerialDotProduct
from bittrue.hdl.units.certified_requant import CertifiedRequantizer
from bittrue.hdl.units.coded import LogDotProduct, LutDotProduct, TernaryDotProduct
from bittrue.hdl.units.dot import Dot
from bittrue.hdl.units.mac import Mac
from bittrue.hdl.units.output_stationary import OutputStationaryArray
from bittrue.hdl.units.requant import Requantizer
from bittrue.hdl.units.shiftadd import ShiftAddUnit
from bittrue.hdl.units.weight_stationary import WeightStationaryArray
from bittrue.hdl.units.xnor import XnorPopcount


def parse_roundings(text: str) -> tuple[Rounding, ...]:
    """Read names of roundings joined by commas, or ``all``."""
    if text == "all":
        return tuple(Rounding)
    names = {rounding.value: rounding for rounding in Rounding}
    for name in text.split(","):
        if name not in names:
            raise UserError(
                f"no rounding is named {name!r}; choose from {', '.join(names)}, or all"
            )
    return tuple(names[name] for name in text.split(","))


REQUANT_PARAMETERS = {
    "accumulator": Parameter("int32", IntegerType.parse, "int2 to int48"),
    "output": Parameter("int8", IntegerType.parse, "int or uint of 1 to 32 bits"),
    "multiplier_width": Parameter("31", int, "1 to 31 bits"),
    "minimum_exponent": Parameter("-31", int, "-31 or more"),
    "maximum_exponent": Parameter("30", int, "up to multiplier_width; above 0 are left shifts"),
    "roundings": Parameter("tflite_double", parse_roundings, "names joined by commas, or all"),
}


def _build_requant(**parameters: Any) -> wiring.Component:
    return Requantizer(RequantSpec(**parameters))


XNOR_PARAMETERS = {
    "length": Parameter("256", int, f"elements of a dot product, 1 to {MAXIMUM_LENGTH}"),
    "lanes": Parameter("256", int, f"elements taken at a time, 1 to {MAXIMUM_LANES}"),
    "thresholded": Parameter("no", parse_flag, "yes for a bit as result, no for the dot product"),
}


def _build_xnor(**parameters: Any) -> wiring.Component:
    return XnorPopcount(XnorSpec(**parameters))


def _build_requant_certified(layer: str, reference: str) -> wiring.Component:
    from bittrue.flows.units.digits_layers import LayerReference, find_layer

    trace = find_layer(layer)
    certificate = LayerReference(trace, reference).certificate()
    return CertifiedRequantizer(certificate, IntegerType(32, True), trace.channels.spec.output)


MAC_PARAMETERS = {
    "a": Parameter("int8", IntegerType.parse, "int or uint of 2 to 16 bits; 8 with lut"),
    "b": Parameter("int8", IntegerType.parse, "int or uint of 2 to 16 bits; 8 with lut"),
    "lanes": Parameter("1", int, "products of a sum in a beat, at least 1"),
    "rows": Parameter("1", int, "vectors of a in a beat, at least 1"),
    "columns": Parameter("1", int, "vectors of b in a beat, at least 1"),
    "length": Parameter("1024", int, "most products of a frame, at least lanes"),
    "multiplier": Parameter(
        "dsp", one_of(Multiplier, "multiplier"), "dsp, packed_dsp48e1, packed_mult18x18d or lut"
    ),
}


def _build_mac(**parameters: Any) -> wiring.Component:
    return Mac(MacSpec(**parameters))


DOT_PARAMETERS = {
    "inputs": Parameter("uint8", IntegerType.parse, "int or uint of 2 to 16 bits; 8 with lut"),
    "weights": Parameter("int8", IntegerType.parse, "int or uint of 2 to 16 bits; 8 with lut"),
    "lanes": Parameter("4", int, "inputs in a beat (SIMD), at least 1"),
    "outputs": Parameter("4", int, "outputs at once (PE), at least 1"),
    "length": Parameter("1024", int, "most inputs of a dot product, at least lanes"),
    "multiplier": MAC_PARAMETERS["multiplier"],
    "weight_zero_point": Parameter("no", parse_flag, "yes if weights have zero points"),
    "bias": Parameter("int32", IntegerType.parse, "int of up to 48 bits"),
}


def _build_dot(**parameters: Any) -> wiring.Component:
    return Dot(DotSpec(**parameters))


BITSERIAL_PARAMETERS = {
    "length": Parameter("256", int, f"elements of a dot product, 1 to {MAXIMUM_LENGTH}"),
    "lanes": Parameter("256", int, f"elements taken at a time, 1 to {MAXIMUM_LANES}"),
}


def _build_bitserial(**parameters: Any) -> wiring.Component:
    return BitSerialDotProduct(BitSerialSpec(**parameters))


SHIFTADD_PARAMETERS = {
    "maximum_width": Parameter("16", int, "widest operand, 8 or 16 bits"),
    "length": Parameter("1024", int, f"most products of a frame, 1 to {MAXIMUM_LENGTH}"),
}


def _build_shiftadd(**parameters: Any) -> wiring.Component:
    return ShiftAddUnit(ShiftAddSpec(**parameters))


CODED_PARAMETERS = {
    "input": Parameter("int8", IntegerType.parse, f"int or uint of 2 to {MAXIMUM_CODE_WIDTH} bits"),
    "lanes": Parameter("16", int, f"products of a beat, 1 to {MAXIMUM_LANES}"),
    "length": Parameter("1024", int, f"most products of a frame, lanes to {MAXIMUM_LENGTH}"),
}


def _build_ternary(**parameters: Any) -> wiring.Component:
    return TernaryDotProduct(CodedSpec(WeightCode.ternary(), **parameters))


def _build_logmul(maximum_exponent: int, **parameters: Any) -> wiring.Component:
    return LogDotProduct(CodedSpec(WeightCode.power_of_two(maximum_exponent), **parameters))


def _build_lutmul(codebook: tuple[int, ...], **parameters: Any) -> wiring.Component:
    return LutDotProduct(CodedSpec(WeightCode(codebook), **parameters))


SYSTOLIC_PARAMETERS = {
    "a": Parameter("uint8", IntegerType.parse, "int or uint of 2 to 16 bits"),
    "b": Parameter("int8", IntegerType.parse, "int or uint of 2 to 16 bits"),
    "rows": Parameter("4", int, "rows of processing elements, 1 to 64"),
    "columns": Parameter("4", int, "columns of processing elements, 1 to 64"),
    "length": Parameter("1024", int, "most products of a sum, at least 1"),
    "dataflow": Parameter(
        "output", one_of(Dataflow, "dataflow"), "what stays in the elements: output, weight"
    ),
    "depth": Parameter("64", int, "with weights staying: rows of sums kept, 1 to 1024"),
}


def _build_systolic(**parameters: Any) -> wiring.Component:
    spec = SystolicSpec(**parameters)
    if spec.dataflow is Dataflow.WEIGHT_STATIONARY:
        return WeightStationaryArray(spec)
    return OutputStationaryArray(spec)


COMPUTE_UNITS: dict[str, Unit] = {
    "requant": Unit(
        "requantizer: any multiplier, shift, zero point and clamp at run time",
        _build_requant,
        REQUANT_PARAMETERS,
    ),
    "requant_certified": Unit(
        "requantizer of one layer of the digits network, in the fewest bits that are exact",
        _build_requant_certified,
        {
            "layer": Parameter("", str, "name of a layer; the first one by default"),
            "reference": Parameter(
                "tflite_double", str, "float32_half_even or the name of a rounding"
            ),
        },
    ),
    "xnor": Unit(
        "dot product of codes -1 and +1 by XNOR and popcount, with a threshold if wanted",
        _build_xnor,
        XNOR_PARAMETERS,
    ),
    "mac": Unit(
        "multiply-accumulate: DSP, packed DSP or LUT, any operand widths",
        _build_mac,
        MAC_PARAMETERS,
    ),
    "dot": Unit(
        "matrix-vector products: outputs by lanes, zero points on both sides",
        _build_dot,
        DOT_PARAMETERS,
    ),
    "systolic": Unit(
        "systolic array, weight- or output-stationary: matrix products of any size, tile by tile",
        _build_systolic,
        SYSTOLIC_PARAMETERS,
    ),
    "bitserial": Unit(
        "dot product bit plane by bit plane, 1 to 16 bits of either operand at run time",
        _build_bitserial,
        BITSERIAL_PARAMETERS,
    ),
    "shiftadd": Unit(
        "multi-precision products, 2 to 16 bits at run time, of two-bit bricks",
        _build_shiftadd,
        SHIFTADD_PARAMETERS,
    ),
    "ternary": Unit(
        "dot product of numbers and weights -1, 0, +1", _build_ternary, CODED_PARAMETERS
    ),
    "logmul": Unit(
        "dot product of numbers and powers of two, by shifts",
        _build_logmul,
        {
            "maximum_exponent": Parameter("7", int, f"0 to {MAXIMUM_EXPONENT}"),
            **CODED_PARAMETERS,
        },
    ),
    "lutmul": Unit(
        "dot product of numbers and weights of a codebook, by tables",
        _build_lutmul,
        {
            # The sixteen quantiles of a normal distribution (NF4), in 1/127.
            "codebook": Parameter(
                "-127,-88,-67,-50,-36,-23,-12,0,10,20,31,43,56,71,92,127",
                parse_integers,
                "2, 4, 8, 16, 32 or 64 integers joined by commas",
            ),
            **CODED_PARAMETERS,
        },
    ),
}

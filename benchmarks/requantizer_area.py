# amaranth: UnusedElaboratable=no
# Of another requantizer only the signature is taken.
"""python -m benchmarks.requantizer_area: cells and clock of requantizers, ours and others.

With ``--cfu-playground DIR``, the checkout's `PostProcessPipeline` goes through the same tools in
the same run. The naive unit is what one writes without thinking: one multiplication, one addition,
one shift.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from rich.console import Console
from rich.table import Table

from bittrue.flows.synthesis.yosys import Synthesis, synthesise
from bittrue.flows.units import UNITS
from bittrue.flows.units.digits_layers import digits_layers
from bittrue.golden.numbers.requant_spec import RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.hdl.printer.verilog_output import to_verilog
from bittrue.hdl.units.requant import Requantizer, channel_layout

OUTPUT = Path("sim_build") / "benchmarks"


class NaiveRequantizer(wiring.Component):
    """``(accumulator * multiplier + half) >> shift`` in two stages, as an operator each."""

    def __init__(self, spec: RequantSpec) -> None:
        self.spec = spec
        super().__init__(Requantizer(spec).signature)

    def elaborate(self, platform: object) -> Module:
        """Build a product, and everything else after it."""
        m = Module()
        channel = Signal(channel_layout(self.spec))
        product = Signal(signed(self.spec.accumulator.width + self.spec.multiplier_width + 1))
        valid = Signal(2)
        advance = ~self.o.valid | self.o.ready
        m.d.comb += [self.i.ready.eq(advance), self.o.valid.eq(valid[1])]
        rounded = ((product + (1 << channel.shift >> 1)) >> channel.shift) + channel.zero_point
        low, high = channel.minimum, channel.maximum
        clamped = Mux(rounded < low, low, Mux(rounded > high, high, rounded))
        with m.If(advance):
            m.d.sync += [
                valid.eq((valid << 1) | self.i.valid),
                product.eq(self.i.payload.accumulator * self.i.payload.channel.multiplier),
                channel.eq(self.i.payload.channel),
                self.o.payload.eq(clamped),
            ]
        return m


class CfuPlayground(wiring.Component):
    """The ports of CFU-Playground's unit, as a component."""

    def __init__(self, checkout: Path) -> None:
        sys.path[:0] = [str(checkout / "proj" / "hps_accel"), str(checkout / "python")]
        from gateware.gen2.post_process import PostProcessPipeline  # type: ignore[import-not-found]

        self.unit = PostProcessPipeline()
        params = self.unit.params.payload.shape()
        super().__init__(
            {
                "i": In(stream.Signature(signed(32))),
                "params_valid": In(1),
                "params_ready": Out(1),
                "params_payload": In(params.width),
                "o": Out(stream.Signature(signed(8))),
                "offset": In(signed(9)),
                "activation_min": In(signed(8)),
                "activation_max": In(signed(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Connect port by port."""
        m = Module()
        m.submodules.unit = unit = self.unit
        m.d.comb += [
            unit.input.valid.eq(self.i.valid),
            unit.input.payload.eq(self.i.payload),
            self.i.ready.eq(unit.input.ready),
            unit.params.valid.eq(self.params_valid),
            unit.params.payload.eq(self.params_payload),
            self.params_ready.eq(unit.params.ready),
            self.o.valid.eq(unit.output.valid),
            self.o.payload.eq(unit.output.payload),
            unit.output.ready.eq(self.o.ready),
            unit.offset.eq(self.offset),
            unit.activation_min.eq(self.activation_min),
            unit.activation_max.eq(self.activation_max),
        ]
        return m


def units(cfu_playground: Path | None) -> Iterator[tuple[str, wiring.Component]]:
    """Yield a label and a component for each row."""
    for rounding in (Rounding.TFLITE_DOUBLE, Rounding.RUY, Rounding.SINGLE_HALF_EVEN):
        yield f"generic, {rounding.value}", Requantizer(RequantSpec(roundings=(rounding,)))
    yield "generic, every rounding", Requantizer(RequantSpec(roundings=tuple(Rounding)))
    certified = UNITS["requant_certified"]
    for layer in digits_layers():
        component = certified.build(**certified.parse([f"layer={layer}"]))
        yield f"certified, digits {layer}", component
    yield "naive, one rounding", NaiveRequantizer(RequantSpec(roundings=(Rounding.SINGLE_HALF_UP,)))
    if cfu_playground:
        yield "CFU-Playground PostProcessPipeline", CfuPlayground(cfu_playground)


def main() -> int:
    """Synthesise every unit for ECP5 and 7 series, print a table, and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.requantizer_area")
    parser.add_argument("--cfu-playground", type=Path, help="a checkout of that project")
    arguments = parser.parse_args()
    console = Console(highlight=False, width=120)
    table = Table(title="Requantizers: int32 in, int8 out, one a cycle", title_justify="left")
    for heading in ("unit", "LUT4", "CCU2C", "FF", "MULT18X18D", "MHz", "LUT", "CARRY4", "DSP48E1"):
        table.add_column(heading, justify="left" if heading == "unit" else "right")
    records = []
    for label, component in units(arguments.cfu_playground):
        with console.status(label):
            ecp5, xc7 = both_devices(component)
        records.append({"unit": label, "ecp5": ecp5.resources, "mhz": ecp5.fmax_mhz})
        records[-1]["xc7"] = xc7.resources
        lattice = (str(ecp5.resources[name]) for name in ("LUT", "carry", "FF", "DSP"))
        xilinx = (str(xc7.resources[name]) for name in ("LUT", "carry", "DSP"))
        clock = f"{ecp5.fmax_mhz:.0f}" if ecp5.fmax_mhz else "-"
        table.add_row(label, *lattice, clock, *xilinx)
    console.print(table)
    console.print("LUT4 to MHz: ECP5 (Yosys, nextpnr, speed grade 6); the rest: 7 series (Yosys)")
    if not arguments.cfu_playground:
        console.print("CFU-Playground's unit joins in with --cfu-playground DIR")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "requantizer_area.json").write_text(json.dumps(records, indent=2) + "\n")
    return 0


def both_devices(component: wiring.Component) -> tuple[Synthesis, Synthesis]:
    """Return the cells on ECP5 and on 7 series."""
    design = to_verilog(component, "requant")
    ecp5, _ = synthesise(component, design, "ecp5", OUTPUT)
    xc7, _ = synthesise(component, design, "xc7", OUTPUT)
    return ecp5, xc7


if __name__ == "__main__":
    sys.exit(main())

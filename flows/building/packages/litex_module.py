"""accelerator_NAME in a SoC of LiteX: registers on its bus, images by DMA or by streams.

    from accelerator_NAME_litex import add_accelerator

    add_accelerator(soc)  # In the constructor of a SoC, after that of SoCCore.

Images go by DMA then, from and to memory: `accelerator_NAME_litex.h` has what firmware calls.
``Accelerator(platform)`` alone has streams instead, ``sinks`` and ``sources`` by their names, for a
design that connects them itself.

This file imports LiteX and Migen, and nothing else; it needs Python 3.10.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

from litex.gen import LiteXModule
from litex.soc.cores.dma import WishboneDMAReader, WishboneDMAWriter
from litex.soc.integration.soc import SoCRegion
from litex.soc.interconnect import stream, wishbone
from litex.soc.interconnect.axi import AXILiteInterface
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel
from migen import ClockSignal, If, Instance, ResetSignal, Signal

FOLDER = Path(__file__).resolve().parent.parent
"""Where the accelerator was built."""

DESIGN: dict[str, Any] = {}

AS_IT_IS = "big"
"""What LiteX calls a word whose bytes are not reversed: the first one stays lowest."""

REGISTERS_SIZE = 0x1000
"""Bytes of the accelerator's registers on the bus."""


class Accelerator(LiteXModule):
    """The design, in the clock domain ``sys``.

    Parameters
    ----------
    platform : GenericPlatform
        That compiles it.
    verilog : Path
        The folder of its Verilog and ROM files.

    Attributes
    ----------
    bus : AXILiteInterface
        The registers.
    sinks, sources : dict of str to stream.Endpoint
        Images and outputs by the names of the AXI4-Streams; ``last`` ends each.
    ev : EventManager
        With ``accelerator``, the design's interrupt.
    """

    def __init__(self, platform: Any, verilog: Path = FOLDER / "verilog") -> None:
        self.bus = AXILiteInterface(data_width=32, address_width=32)
        self.sinks = _endpoints(DESIGN["inputs"])
        self.sources = _endpoints(DESIGN["outputs"])
        self.ev = EventManager()
        self.ev.accelerator = EventSourceLevel(description="See interrupt_status.")
        self.ev.finalize()
        ports = {
            "p_ROM_FOLDER": str(verilog),
            **{f"i_{clock}": ClockSignal("sys") for clock in DESIGN["clocks"]},
            "i_aresetn": ~ResetSignal("sys"),
            "o_irq": self.ev.accelerator.trigger,
            **_control(self.bus),
        }
        for way, outward, endpoints in (("i", "o", self.sinks), ("o", "i", self.sources)):
            for name, endpoint in endpoints.items():
                ports[f"{way}_{name}_tdata"] = endpoint.data
                ports[f"{way}_{name}_tvalid"] = endpoint.valid
                ports[f"{way}_{name}_tlast"] = endpoint.last
                ports[f"{outward}_{name}_tready"] = endpoint.ready
        self.specials += Instance(DESIGN["name"], **ports)
        platform.add_source(str(verilog / f"{DESIGN['name']}.v"))


class ImageReader(LiteXModule):
    """Images from memory: a DMA, and what makes beats of its words.

    Parameters
    ----------
    bus_bits : int
        Of a word of memory.
    bits, beats : int
        Of a beat, and of an image.

    Attributes
    ----------
    dma : WishboneDMAReader
        Its ``length`` is that of an image, rounded up to whole words.
    source : stream.Endpoint
        Beats of images. What is behind an image in its last word is dropped.
    """

    def __init__(self, bus_bits: int, bits: int, beats: int) -> None:
        self.dma = WishboneDMAReader(_memory_bus(bus_bits), endianness=AS_IT_IS, with_csr=True)
        self.source = stream.Endpoint([("data", bits)])
        words = _resized(self, self.dma.source, bus_bits, bits)
        beat = Signal(max=max(beats, 2))
        last = Signal()
        over = Signal()
        self.comb += [
            last.eq(beat == beats - 1),
            self.source.valid.eq(words.valid & ~over),
            self.source.data.eq(words.data),
            self.source.last.eq(last),
            words.ready.eq(self.source.ready | over),
        ]
        self.sync += If(
            words.valid & words.ready,
            If(over | last, beat.eq(0), over.eq(~words.last)).Else(beat.eq(beat + 1)),
        )


class ImageWriter(LiteXModule):
    """Outputs to memory: what makes words of beats, and a DMA.

    Parameters
    ----------
    bus_bits : int
        Of a word of memory.
    bits : int
        Of a beat.

    Attributes
    ----------
    dma : WishboneDMAWriter
        Its ``length`` is that of an image, rounded up to whole words; what is behind the image in
        the last one is overwritten.
    sink : stream.Endpoint
        Beats.
    """

    def __init__(self, bus_bits: int, bits: int) -> None:
        self.dma = WishboneDMAWriter(_memory_bus(bus_bits), endianness=AS_IT_IS)
        # What comes before the DMA is enabled waits for it.
        self.dma.add_ctrl(ready_on_idle=0)
        self.dma.add_csr()
        self.sink = stream.Endpoint([("data", bits)])
        words = _resized(self, self.sink, bits, bus_bits)
        self.comb += words.connect(self.dma.sink)


def add_accelerator(soc: Any, origin: int | None = None) -> Accelerator:
    """Add the accelerator to a SoC, with a DMA for each of its streams.

    Parameters
    ----------
    soc : SoCCore
        With a Wishbone bus.
    origin : int, optional
        Where its registers are; LiteX finds a place if none is given.
    """
    name, bits = DESIGN["name"], soc.bus.data_width
    accelerator = Accelerator(soc.platform)
    for end in DESIGN["inputs"]:
        reader = ImageReader(bits, end["width"], end["beats"])
        accelerator.comb += reader.source.connect(accelerator.sinks[end["stream"]])
        _add_dma(soc, accelerator, end["stream"], reader)
    for end in DESIGN["outputs"]:
        writer = ImageWriter(bits, end["width"])
        accelerator.comb += accelerator.sources[end["stream"]].connect(writer.sink)
        _add_dma(soc, accelerator, end["stream"], writer)
    soc.add_module(name=name, module=accelerator)
    region = SoCRegion(origin=origin, size=REGISTERS_SIZE, cached=False)
    soc.bus.add_slave(f"{name}_registers", accelerator.bus, region)
    if soc.irq.enabled:
        soc.irq.add(name, use_loc_if_exists=True)
    return accelerator


def _add_dma(soc: Any, accelerator: Accelerator, name: str, module: Any) -> None:
    accelerator.add_module(name=name, module=module)
    soc.bus.add_master(f"{DESIGN['name']}_{name}", master=module.dma.bus)


def _endpoints(ends: list[dict[str, Any]]) -> dict[str, Any]:
    return {end["stream"]: stream.Endpoint([("data", end["width"])]) for end in ends}


def _memory_bus(bits: int) -> Any:
    return wishbone.Interface(data_width=bits, address_width=32, addressing="word")


def _resized(module: Any, source: Any, bits_from: int, bits_to: int) -> Any:
    """Return a stream in words of another size, the first one lowest; in bytes between, if need be.

    The last word may be partly empty.
    """
    fits = bits_from % bits_to == 0 or bits_to % bits_from == 0
    sizes = [bits_from, bits_to] if fits else [bits_from, 8, bits_to]
    for before, after in pairwise(sizes):
        converter = stream.Converter(before, after)
        module.submodules += converter
        module.comb += source.connect(converter.sink)
        source = converter.source
    return source


def _control(bus: Any) -> dict[str, Any]:
    """Return the ports of the registers."""
    bits = DESIGN["address_bits"]
    return {
        "i_s_axi_awaddr": bus.aw.addr[:bits],
        "i_s_axi_awvalid": bus.aw.valid,
        "o_s_axi_awready": bus.aw.ready,
        "i_s_axi_wdata": bus.w.data,
        "i_s_axi_wstrb": bus.w.strb,
        "i_s_axi_wvalid": bus.w.valid,
        "o_s_axi_wready": bus.w.ready,
        "o_s_axi_bresp": bus.b.resp,
        "o_s_axi_bvalid": bus.b.valid,
        "i_s_axi_bready": bus.b.ready,
        "i_s_axi_araddr": bus.ar.addr[:bits],
        "i_s_axi_arvalid": bus.ar.valid,
        "o_s_axi_arready": bus.ar.ready,
        "o_s_axi_rdata": bus.r.data,
        "o_s_axi_rresp": bus.r.resp,
        "o_s_axi_rvalid": bus.r.valid,
        "i_s_axi_rready": bus.r.ready,
    }

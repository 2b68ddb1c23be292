"""The AXI interfaces of the shell, each as its manager drives it."""

from amaranth.hdl import Shape, ShapeLike
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.shell.register_map import WORD_BYTES

OKAY, SLVERR = 0b00, 0b10
"""Responses: done, and refused."""


def axi_stream(payload: ShapeLike) -> wiring.Signature:
    """Return an AXI4-Stream without null bytes, so without TKEEP and TSTRB."""
    return wiring.Signature(
        {"tdata": Out(payload), "tvalid": Out(1), "tready": In(1), "tlast": Out(1)}
    )


def code_bytes(kind: IntegerType, lanes: int) -> data.ArrayLayout:
    """Return codes as AXI4-Stream carries them: each in whole bytes, the first one lowest."""
    return data.ArrayLayout(Shape(8 * -(-kind.width // 8), signed=kind.signed), lanes)


def axi_name(stream: str) -> str:
    """Return the name of the AXI4-Stream of a circuit's stream: of ``i`` and ``i_x``, ``o``..."""
    kind, mark, name = stream.partition("_")
    return {"i": "s_axis", "o": "m_axis"}[kind] + mark + name


def axi_lite(address_width: int) -> wiring.Signature:
    """Return an AXI4-Lite interface with 32 bits of data; protection bits are left out."""
    return wiring.Signature(
        {
            "awaddr": Out(address_width),
            "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(8 * WORD_BYTES),
            "wstrb": Out(WORD_BYTES),
            "wvalid": Out(1),
            "wready": In(1),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
            "araddr": Out(address_width),
            "arvalid": Out(1),
            "arready": In(1),
            "rdata": In(8 * WORD_BYTES),
            "rresp": In(2),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )

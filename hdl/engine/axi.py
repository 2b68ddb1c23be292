"""The AXI4 ports of the engine, as it drives them: identifier 0 alone, incrementing bursts."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

ADDRESS = 64
"""Bits of an address."""

INCREMENTING = 0b01
PAGE = 4096
"""Bytes that a burst does not cross the borders of."""


def axi_read(lanes: int) -> wiring.Signature:
    """Return the channels of reading, with words of `lanes` bytes."""
    return wiring.Signature(
        {
            "arid": Out(1),
            "araddr": Out(ADDRESS),
            "arlen": Out(8),
            "arsize": Out(3),
            "arburst": Out(2),
            "arvalid": Out(1),
            "arready": In(1),
            "rid": In(1),
            "rdata": In(8 * lanes),
            "rresp": In(2),
            "rlast": In(1),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


def axi_write(lanes: int) -> wiring.Signature:
    """Return the channels of writing, with words of `lanes` bytes."""
    return wiring.Signature(
        {
            "awid": Out(1),
            "awaddr": Out(ADDRESS),
            "awlen": Out(8),
            "awsize": Out(3),
            "awburst": Out(2),
            "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(8 * lanes),
            "wstrb": Out(lanes),
            "wlast": Out(1),
            "wvalid": Out(1),
            "wready": In(1),
            "bid": In(1),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
        }
    )

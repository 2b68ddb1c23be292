"""Memories written and read in the same cycle, at different addresses."""

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.platform import VerilogPlatform


class Memory(wiring.Component):
    """A memory with a write port and a registered read port.

    Synthesis takes LUT RAM or block RAM, whichever is smaller. A word must not be read in the
    cycle in which it is written.

    Parameters
    ----------
    width : int
        Bits of a word, at least 1.
    depth : int
        Words, at least 1.

    Members
    -------
    write, write_address, write_data : In
        Write at the next clock edge.
    read, read_address : In
        Read at the next clock edge; otherwise `read_data` holds.
    read_data : Out(width)
        The word, one cycle later.
    """

    def __init__(self, width: int, depth: int) -> None:
        self.width = width
        self.depth = depth
        address = range(max(depth, 2))
        super().__init__(
            {
                "write": In(1),
                "write_address": In(address),
                "write_data": In(width),
                "read": In(1),
                "read_address": In(address),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Instantiate the hand-written memory."""
        if isinstance(platform, VerilogPlatform):
            platform.add_library("memory")
        m = Module()
        m.submodules.memory = Instance(
            "memory",
            p_WIDTH=self.width,
            p_DEPTH=self.depth,
            p_ADDRESS_WIDTH=len(self.read_address),
            i_clk=ClockSignal(),
            i_write=self.write,
            i_write_address=self.write_address,
            i_write_data=self.write_data,
            i_read=self.read,
            i_read_address=self.read_address,
            o_read_data=self.read_data,
        )
        return m

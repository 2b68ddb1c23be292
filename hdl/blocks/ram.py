"""Memories with one write port and one read port."""

from amaranth.hdl import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bittrue.hdl.blocks.memory import Memory, usual_ram
from bittrue.hdl.blocks.platform import VerilogPlatform


class Ram(wiring.Component):
    """A memory of words that are written one by one and read all of an address at once.

    Parameters
    ----------
    width : int
        Bits of a word, at least 1.
    lanes : int
        Words of an address.
    depth : int
        Addresses, at least 1.
    fill : int
        What every word holds at power-up, unsigned.
    memory : Memory, optional
        What it is made of; block RAM for more than 2,048 bits where none is given.

    Members
    -------
    write : In(lanes)
        Which words of `write_address` take theirs from `write_data` at the next clock edge.
    write_address, write_data : In
    enable : In(1)
        Read at the next clock edge; otherwise `data` holds.
    address : In
        Must not be one that is written in the same cycle.
    data : Out
        The words, one cycle later.

    Latency 1 cycle; one address is written and another one read per cycle.
    """

    def __init__(
        self, width: int, lanes: int, depth: int, fill: int = 0, memory: Memory | None = None
    ) -> None:
        self.width = width
        self.lanes = lanes
        self.depth = depth
        self.fill = fill
        self.memory = memory or usual_ram(width * lanes, depth)
        address = range(max(depth, 2))
        super().__init__(
            {
                "write": In(lanes),
                "write_address": In(address),
                "write_data": In(lanes * width),
                "enable": In(1),
                "address": In(address),
                "data": Out(lanes * width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Instantiate the hand-written module."""
        module = "ram"
        if isinstance(platform, VerilogPlatform):
            module = platform.add_library(module)
        m = Module()
        m.submodules.ram = Instance(
            module,
            p_WIDTH=self.width,
            p_LANES=self.lanes,
            p_DEPTH=self.depth,
            p_ADDRESS_WIDTH=len(self.address),
            p_BLOCK=Const(self.memory is Memory.BLOCK, 1),
            p_FILL=Const(self.fill, self.width),
            i_clk=ClockSignal(),
            i_write=self.write,
            i_write_address=self.write_address,
            i_write_data=self.write_data,
            i_enable=self.enable,
            i_address=self.address,
            o_data=self.data,
        )
        return m

"""Read-only memories whose content is a file beside the Verilog."""

from collections.abc import Sequence

from amaranth.hdl import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.exact_integers import exact_integers
from bittrue.hdl.blocks.memory import Memory, usual_rom
from bittrue.hdl.blocks.packed_words import pack_words
from bittrue.hdl.blocks.platform import VerilogPlatform


class Rom(wiring.Component):
    """A synchronous read-only memory, loaded by ``$readmemh`` in simulation and in synthesis.

    The words stay out of the Verilog: as statements they would dwarf it and slow every tool.

    Parameters
    ----------
    name : str
        The content is written to ``<design>__<name>.hex``, one word a line; unique within a design.
    columns : sequence of (values, width)
        The integers of every word and their width in bits, those of the first column lowest; at
        least one, each of as many integers as there are words.
    memory : Memory, optional
        What it is made of; block RAM for more than 64 words where none is given.

    Members
    -------
    enable : In(1)
        Read at the next clock edge; otherwise `data` holds.
    address : In
        Which word; beyond the last word the data is unspecified.
    data : Out(width)
        The word, one cycle later; as wide as all columns together.

    Latency 1 cycle, one word per cycle.

    Raises
    ------
    UserError
        If there is no column, no bit or no word, or columns differ in length.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[tuple[ArrayLike, int]],
        memory: Memory | None = None,
    ) -> None:
        self.name = name
        self.columns = tuple((exact_integers(values), width) for values, width in columns)
        self.width = sum(width for _, width in columns)
        depths = {len(values) for values, _ in self.columns}
        if self.width < 1 or len(depths) != 1 or 0 in depths:
            raise UserError(
                f"ROM {name} has {self.width} bits and columns of {sorted(depths)} words; "
                "allowed: at least one bit, and as many words in all columns, at least one"
            )
        (self.depth,) = depths
        self.memory = memory or usual_rom(self.depth)
        super().__init__(
            {
                "enable": In(1),
                "address": In(range(max(self.depth, 2))),
                "data": Out(self.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Instantiate the ROM module and hand its content to the platform."""
        module, file = "rom", f"{self.name}.hex"
        if isinstance(platform, VerilogPlatform):
            digits = (self.width + 3) // 4
            content = "".join(f"{word:0{digits}x}\n" for word in pack_words(self.columns))
            module = platform.add_library(module)
            file = platform.add_rom(file, content, self.columns)
        m = Module()
        m.submodules.rom = Instance(
            module,
            p_WIDTH=self.width,
            p_DEPTH=self.depth,
            p_ADDRESS_WIDTH=len(self.address),
            p_BLOCK=Const(self.memory is Memory.BLOCK, 1),
            p_FILE=file,
            i_clk=ClockSignal(),
            i_enable=self.enable,
            i_address=self.address,
            o_data=self.data,
        )
        return m

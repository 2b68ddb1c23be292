"""Read-only memories whose content is a file beside the Verilog."""

from collections.abc import Sequence

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from golden.errors import UserError
from hdl.packed_words import exact_integers, pack_words
from hdl.platform import VerilogPlatform


class Rom(wiring.Component):
    """A synchronous read-only memory, loaded by ``$readmemh`` in simulation and in synthesis.

    The words stay out of the Verilog: as statements they would dwarf it and slow every tool.

    Parameters
    ----------
    name : str
        The content is written to ``<name>.hex``, one word a line; unique within a design.
    columns : sequence of (values, width)
        The integers of every word and their width in bits, those of the first column lowest; at
        least one, each of as many integers as there are words.

    Members
    -------
    enable : In(1)
        Read at the next clock edge; otherwise `data` holds.
    address : In
        Which word; beyond the last word the data is unspecified.
    data : Out(width)
        The word, one cycle later; as wide as all columns together.

    Raises
    ------
    UserError
        If there is no column, no bit or no word, or columns differ in length.
    """

    def __init__(self, name: str, columns: Sequence[tuple[ArrayLike, int]]) -> None:
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
        super().__init__(
            {
                "enable": In(1),
                "address": In(range(max(self.depth, 2))),
                "data": Out(self.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Instantiate the ROM module and hand its content to the platform."""
        if isinstance(platform, VerilogPlatform):
            digits = (self.width + 3) // 4
            content = "".join(f"{word:0{digits}x}\n" for word in pack_words(self.columns))
            platform.add_library("rom")
            platform.add_rom(f"{self.name}.hex", content, self.columns)
        m = Module()
        m.submodules.rom = Instance(
            "rom",
            p_WIDTH=self.width,
            p_DEPTH=self.depth,
            p_ADDRESS_WIDTH=len(self.address),
            p_FILE=f"{self.name}.hex",
            i_clk=ClockSignal(),
            i_enable=self.enable,
            i_address=self.address,
            o_data=self.data,
        )
        return m

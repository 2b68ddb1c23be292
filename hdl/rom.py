"""Read-only memories whose content is a file beside the Verilog."""

from collections.abc import Sequence

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.errors import UserError
from hdl.platform import VerilogPlatform


class Rom(wiring.Component):
    """A synchronous read-only memory, loaded by ``$readmemh`` in simulation and in synthesis.

    The words stay out of the Verilog: as statements they would dwarf it and slow every tool.

    Parameters
    ----------
    name : str
        The content is written to ``<design>__<name>.hex``, one word a line; unique within a design.
    width : int
        Bits of a word, at least 1.
    words : sequence of int
        Unsigned words, at least one.

    Members
    -------
    enable : In(1)
        Read at the next clock edge; otherwise `data` holds.
    address : In
        Which word; beyond the last word the data is unspecified.
    data : Out(width)
        The word, one cycle later.

    Latency 1 cycle, one word per cycle.

    Raises
    ------
    UserError
        If there is no word, or a word does not fit the width.
    """

    def __init__(self, name: str, width: int, words: Sequence[int]) -> None:
        if not words:
            raise UserError(f"ROM {name} has no words; a ROM holds at least one")
        if width < 1:
            raise UserError(f"ROM {name} has a width of {width!r}; allowed: at least 1 bit")
        for index, word in enumerate(words):
            if not 0 <= word < 1 << width:
                raise UserError(f"word {index} of ROM {name} is {word}; allowed: {width} bits")
        self.name = name
        self.width = width
        self.words = tuple(words)
        super().__init__(
            {"enable": In(1), "address": In(range(max(len(words), 2))), "data": Out(width)}
        )

    def elaborate(self, platform: object) -> Module:
        """Instantiate the ROM module and hand its content to the platform."""
        digits = (self.width + 3) // 4
        content = "".join(f"{word:0{digits}x}\n" for word in self.words)
        module, file = "rom", f"{self.name}.hex"
        if isinstance(platform, VerilogPlatform):
            module, file = platform.add_library(module), platform.add_file(file, content)
        m = Module()
        m.submodules.rom = Instance(
            module,
            p_WIDTH=self.width,
            p_DEPTH=len(self.words),
            p_ADDRESS_WIDTH=len(self.address),
            p_FILE=file,
            i_clk=ClockSignal(),
            i_enable=self.enable,
            i_address=self.address,
            o_data=self.data,
        )
        return m

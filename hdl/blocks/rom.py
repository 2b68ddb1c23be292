"""Read-only memories whose content is a file beside the Verilog."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.exact_integers import exact_integers
from bittrue.hdl.blocks.memory import Memory, usual_rom
from bittrue.hdl.blocks.packed_words import pack_words
from bittrue.hdl.blocks.platform import VerilogPlatform

_SLICE = 64
"""Bits of a word that share a register for the address, where there is one."""


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
    latency : int
        1, or 2 with another register: behind a block RAM, but in front of tables, where each slice
        of a word has an address of its own.

    Members
    -------
    enable : In(1)
        Read at the next clock edge; otherwise `data` holds.
    address : In
        Which word; beyond the last word the data is unspecified.
    data : Out(width)
        The word, `latency` cycles later; as wide as all columns together.

    Latency `latency`, counted in cycles; one word per cycle.

    Raises
    ------
    UserError
        If there is no column, no bit or no word, columns differ in length, or the latency is
        another.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[tuple[ArrayLike, int]],
        memory: Memory | None = None,
        latency: int = 1,
    ) -> None:
        if latency not in (1, 2):
            raise UserError(f"ROM {name} has latency {latency}; allowed: 1 or 2")
        self.name = name
        self.latency = latency
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
        slices = self._slices()
        for number, bits in enumerate(slices):
            m.submodules["rom" if len(slices) == 1 else f"rom_{number}"] = Instance(
                module,
                p_WIDTH=len(bits),
                p_DEPTH=self.depth,
                p_ADDRESS_WIDTH=len(self.address),
                p_BLOCK=Const(self.memory is Memory.BLOCK, 1),
                p_FILE=file,
                **self._more_parameters(bits),
                i_clk=ClockSignal(),
                i_enable=self.enable,
                i_address=self.address,
                o_data=self.data[bits.start : bits.stop],
            )
        return m

    def _more_parameters(self, bits: range) -> dict[str, Any]:
        """Return the parameters of a slice that differ from the module's defaults."""
        latency = {} if self.latency == 1 else {"p_LATENCY": self.latency}
        part = {} if len(bits) == self.width else {"p_WORD": self.width, "p_FIRST": bits.start}
        return latency | part

    def _slices(self) -> list[range]:
        """Return the bits of a word by the register that holds their address."""
        together = self.memory is Memory.BLOCK or self.latency == 1
        size = self.width if together else _SLICE
        return [range(first, min(first + size, self.width)) for first in range(0, self.width, size)]

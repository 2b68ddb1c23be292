"""Tables of more words than a block RAM has: banks, each as wide as its largest word."""

from amaranth.hdl import Module, Mux, Value

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.blocks.pipeline import Stages
from bittrue.hdl.blocks.rom import Rom
from bittrue.hdl.costs.costs import Costs
from bittrue.hdl.costs.fabric import Fabric
from bittrue.hdl.costs.memories import usual_rom_cost

_BANK_BITS = 12
"""Of an address within a bank: of 4,096 words a block RAM of 18 kbit holds four bits."""


def deep_rom_latency(words: int) -> int:
    """Return the cycles of `deep_rom`: ROM, register; address and choice of several banks."""
    return 2 if words <= 1 << _BANK_BITS else 4


def whole_banks(words: int) -> int:
    """Return the fewest words, no fewer than so many, that fill banks, or part of one by halves."""
    size = 1 << min(_BANK_BITS, max(words - 1, 1).bit_length())
    return -(-words // size) * size


def saturated(address: Value, words: int) -> Value:
    """Return an address, or the last one where it is beyond so many words of `whole_banks`.

    Only the number of the bank is compared: no carry stands in front of the memories.
    """
    if words >= 1 << len(address):
        return address
    bits = min(_BANK_BITS, (words - 1).bit_length())
    return Mux(address[bits:] > (words >> bits) - 1, words - 1, address)


def deep_rom(
    m: Module, stages: Stages, name: str, instance: str, words: Int64, address: Value
) -> Value:
    """Return the word of an address, from a register, `deep_rom_latency` cycles later.

    Parameters
    ----------
    m : Module
        Receives the ROMs.
    stages : Stages
        They advance with it.
    name : str
        Of the ROM; the prefix of their names where there are several.
    instance : str
        Of the last register, and the prefix of the names of submodules.
    words : ndarray of int64
        Not negative.
    address : Value
        Beyond the last word, what is found is unspecified.

    Returns
    -------
    Value
        Unsigned, as wide as the largest word requires.

    Notes
    -----
    Each of several banks has a register of its own, which block RAMs hold; only then one is
    selected. The address, which goes to all of them, comes from a register.
    """
    banks = _banks(words)
    several = len(banks) > 1
    if several:
        address = stages.register(f"{instance}_address", address)
    found = []
    for number, bank in enumerate(banks):
        suffix = f"_{number}" if several else ""
        rom = Rom(f"{name}{suffix}", [(bank, _width(bank))])
        m.submodules[f"{instance}{suffix}_rom"] = rom
        m.d.comb += [
            rom.enable.eq(stages.advance),
            rom.address.eq(address[: len(rom.address)]),
        ]
        found.append(stages.register(f"{instance}_word{suffix}" if several else instance, rom.data))
    if not several:
        return found[0]
    number = stages.register(f"{instance}_bank", address[_BANK_BITS:], 2)
    return stages.register(instance, _selected(found, number))


def deep_rom_cost(words: Int64, fabric: Fabric) -> Costs:
    """Estimate a table."""
    banks = _banks(words)
    total = Costs()
    for bank in banks:
        total += usual_rom_cost(_width(bank), len(bank), fabric).sum()
    if len(banks) > 1:
        # Of a bit there is in so many banks, tables of six inputs select among four.
        widths = [_width(bank) for bank in banks]
        choices = [sum(width > bit for width in widths) for bit in range(max(widths))]
        total += Costs(sum(-(-choice // 4) for choice in choices))
    return total


def _banks(words: Int64) -> list[Int64]:
    size = 1 << _BANK_BITS
    return [words[first : first + size] for first in range(0, len(words), size)]


def _width(words: Int64) -> int:
    return max(int(words.max()).bit_length(), 1)


def _selected(values: list[Value], number: Value) -> Value:
    """Return the value of a number, by a tree of multiplexers."""
    while len(values) > 1:
        pairs = [values[first : first + 2] for first in range(0, len(values), 2)]
        values = [Mux(number[0], pair[-1], pair[0]) for pair in pairs]
        number = number[1:]
    return values[0]

"""The registers of the engine: one table for the circuit, the manifest and the driver."""

from enum import IntEnum

from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.instruction import Unit
from bittrue.golden.engine.program import VERSION as PROGRAM_VERSION
from bittrue.hdl.shell.register_map import WORD_BYTES, Access, Field, Register

IDENTIFICATION = 0x62746E67
"""The letters ``btng``."""

VERSION = (1, 0)
"""Major and minor version of the map."""


class Fault(IntEnum):
    """Why the engine stopped, as `fault` reads."""

    NONE = 0
    ALIGNMENT = 1
    TRUNCATED = 2
    MAGIC = 3
    VERSION = 4
    OTHER_ENGINE = 5
    HEADER = 6
    DATA_BYTES = 7
    OPCODE = 8
    FIELD = 9
    TOKEN = 10
    END = 11
    REGION = 12
    RESPONSE = 13
    MEMORY = 14


FAULTS = {
    Fault.NONE: "nothing was wrong",
    Fault.ALIGNMENT: "the address of the image or of the data is no multiple of a word",
    Fault.TRUNCATED: "the program ends behind the image's bytes",
    Fault.MAGIC: "the image begins with no program",
    Fault.VERSION: "the program has another version than the engine knows",
    Fault.OTHER_ENGINE: "the program is for another engine, or for one with larger memories",
    Fault.HEADER: "the header has a number of instructions or bytes that are not known",
    Fault.DATA_BYTES: "the program needs more bytes of data than the region has",
    Fault.OPCODE: "an instruction has an opcode, or bytes, that are not known",
    Fault.FIELD: "a field of an instruction has a value that is not allowed",
    Fault.TOKEN: "an instruction waits for a token that nothing before it sends",
    Fault.END: "the last instruction is not End, or another one is",
    Fault.REGION: "a load or store leaves its region",
    Fault.RESPONSE: "memory answered with an error",
    Fault.MEMORY: "a load leaves its memory on chip",
}
"""What each fault means."""

WRITTEN = ("image_low", "image_high", "image_bytes", "data_low", "data_high", "data_bytes")
"""Registers that only hold what software writes."""

_REGIONS = {
    "image_low": "byte address of the image, program and constants, bits 31 to 0",
    "image_high": "bits 63 to 32 of the same",
    "image_bytes": "its bytes; none behind them is read",
    "data_low": "byte address of the data region, bits 31 to 0",
    "data_high": "bits 63 to 32 of the same",
    "data_bytes": "its bytes; none behind them is read or written",
}

UNITS = tuple(unit.name.lower() for unit in Unit)

COUNTERS = {
    "cycles_low": "cycles from the start to the end of the latest program, bits 31 to 0",
    "cycles_high": "bits 63 to 32 of the same",
    "instructions": "instructions that were handed to their units",
    **{f"busy_{unit}": f"cycles in which {unit} had begun an instruction" for unit in UNITS},
    **{f"waits_{unit}": f"cycles in which {unit} had none and waited for tokens" for unit in UNITS},
    "bytes_program": "bytes of the program that were read",
    "bytes_load_0": "bytes that load_0 read",
    "bytes_load_1": "bytes that load_1 read",
    "bytes_store": "bytes that store wrote",
}
"""What each counter counts, modulo 2**32; a start sets all of them to 0."""

_SIZES = {
    "pixels": "output pixels that the array computes at once",
    "lanes": "bytes of a word; a code each",
    "outputs": "output channels that the array computes at once",
    "input_words": "words of the input memory",
    "weight_rows": "rows of the weight memory",
    "records": "records of the memory of constants",
    "tables": "tables of 256 integers",
    "output_words": "words of the output memory",
}

_FIELDS = {
    "control": (
        Field("start", 0, 1, "written as 1: a program begins; ignored while busy", Access.PULSE),
    ),
    "status": (
        Field("busy", 0, 1, "a program is executed"),
        Field("done", 1, 1, "the latest one has ended well"),
        Field("error", 2, 1, "the latest one was stopped; `fault` says why"),
    ),
    "interrupt_enable": (
        Field("done", 0, 1, "a program has ended well", Access.WRITE),
        Field("error", 1, 1, "a program was stopped", Access.WRITE),
    ),
    "interrupt_status": (
        Field("done", 0, 1, "a program has ended well; written as 1: cleared", Access.CLEAR),
        Field("error", 1, 1, "a program was stopped; written as 1: cleared", Access.CLEAR),
    ),
}


def registers(engine: EngineConfiguration) -> tuple[Register, ...]:
    """Return the map of an engine's registers."""
    major, minor = VERSION
    constants = {
        "identification": IDENTIFICATION,
        "version": major << 16 | minor,
        "program_version": PROGRAM_VERSION,
        **{name: getattr(engine, name) for name in _SIZES},
    }
    faults = "; ".join(f"{fault.value}: {FAULTS[fault]}" for fault in Fault)
    texts = {
        "identification": f"always 0x{IDENTIFICATION:08x}, the letters btng",
        "version": "of this map: major in bits 31 to 16, minor in bits 15 to 0",
        "program_version": "of the programs that it executes",
        "control": "what the engine is to do",
        "status": "what it is doing",
        "interrupt_enable": "what raises the interrupt; 0 after reset",
        "interrupt_status": "what has happened since it was cleared, enabled or not",
        "fault": f"why the latest program was stopped; {faults}",
        "fault_instruction": "number of the instruction that it was stopped at",
        **_REGIONS,
        **COUNTERS,
        **_SIZES,
    }
    held = {name: (Field("value", 0, 32, _REGIONS[name], Access.WRITE),) for name in WRITTEN}
    return tuple(
        Register(name, WORD_BYTES * k, text, {**_FIELDS, **held}.get(name, ()), constants.get(name))
        for k, (name, text) in enumerate(texts.items())
    )

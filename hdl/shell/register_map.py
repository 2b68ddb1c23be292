"""The registers of the AXI shell: one table for the circuit, the manifest and the documentation."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

IDENTIFICATION = 0x62747275
"""The letters ``btru``."""

VERSION = (1, 2)
"""Major and minor version of the map; the minor one grows when registers are added."""

WORD_BYTES = 4
ADDRESS_WIDTH = 12
"""Bits of an address: 4 KiB, the least that AXI interconnects give to a subordinate."""

FIRST_STALLS = 0x100
MAXIMUM_LAYERS = ((1 << ADDRESS_WIDTH) - FIRST_STALLS) // WORD_BYTES


class Access(Enum):
    """What software can do with some bits."""

    CONSTANT = "read-only; always the same"
    READ = "read-only"
    WRITE = "read-write"
    PULSE = "write-only; 1 does it once, reads as 0"
    CLEAR = "read-write; 1 clears a bit, 0 leaves it"


@dataclass(frozen=True)
class Field:
    """Some bits of a register.

    Parameters
    ----------
    name : str
        Unique in its register.
    bit : int
        The lowest one.
    width : int
        How many.
    description : str
        What they mean.
    access : Access
        What can be done with them.
    reset : int
        What they read as after reset.
    """

    name: str
    bit: int
    width: int
    description: str
    access: Access = Access.READ
    reset: int = 0


@dataclass(frozen=True)
class Register:
    """A word of 32 bits.

    Parameters
    ----------
    name : str
        Unique in the map.
    address : int
        In bytes, a multiple of 4.
    description : str
        What it holds.
    fields : tuple of Field
        Its parts, if it has any.
    constant : int, optional
        What it always reads as, where that is known.
    """

    name: str
    address: int
    description: str
    fields: tuple[Field, ...] = ()
    constant: int | None = None

    @property
    def writable(self) -> bool:
        """Whether it can be written; any other answers a write with an error."""
        return any(field.access not in (Access.CONSTANT, Access.READ) for field in self.fields)

    @property
    def parts(self) -> tuple[Field, ...]:
        """Its fields; a register that has none is one field ``value``."""
        if self.fields:
            return self.fields
        access = Access.READ if self.constant is None else Access.CONSTANT
        whole = Field("value", 0, 8 * WORD_BYTES, self.description, access, self.constant or 0)
        return (whole,)


_COMMON = (
    ("identification", f"always 0x{IDENTIFICATION:08x}, the letters btru"),
    ("version", "of this map: major in bits 31 to 16, minor in bits 15 to 0"),
    ("build", "the design: the first 32 bits of its digest, `build` in the manifest"),
    ("control", "what the shell is to do; 0 after reset"),
    ("status", "what it is doing"),
    ("images_in", "images that were taken whole"),
    ("images_out", "images whose last output was handed over"),
    ("cycles_low", "cycles in which the shell was enabled or busy, bits 31 to 0"),
    ("cycles_high", "bits 63 to 32 of the same: read high, low, high again until high is stable"),
    ("first_image_cycles", "from the first input taken to the last output of the first image"),
    ("image_interval", "cycles between the last outputs of the two latest images"),
    ("input_stalls", "cycles in which an input waited for the circuit"),
    ("output_stalls", "cycles in which an output waited for its reader"),
    ("tlast_missing", "images whose last input came without TLAST"),
    ("tlast_early", "inputs with TLAST that are not the last of an image"),
    ("code_errors", "inputs with a code that its bytes do not sign-extend or zero-extend"),
    ("layers", f"how many layers have stall counters, from 0x{FIRST_STALLS:03x} on"),
    ("interrupt_enable", "what raises the interrupt; 0 after reset"),
    ("interrupt_status", "what has happened since it was cleared, enabled or not"),
)

_FIELDS = {
    "control": (
        Field(
            "enable",
            0,
            1,
            "images are taken; without it, the one begun is completed",
            Access.WRITE,
        ),
        Field(
            "reset",
            1,
            1,
            "written as 1: everything on its way is dropped; reads as 0",
            Access.PULSE,
        ),
        Field("clear", 2, 1, "written as 1: all counters become 0; reads as 0", Access.PULSE),
    ),
    "status": (
        Field("busy", 0, 1, "an image is in the circuit"),
        Field("idle", 1, 1, "none is", reset=1),
        Field("error", 2, 1, "tlast_missing, tlast_early or code_errors counted since `clear`"),
    ),
    "interrupt_enable": (
        Field("image", 0, 1, "an image has left whole", Access.WRITE),
        Field("error", 1, 1, "something was wrong with an input", Access.WRITE),
    ),
    "interrupt_status": (
        Field("image", 0, 1, "an image has left whole; written as 1: cleared", Access.CLEAR),
        Field("error", 1, 1, "an input was wrong; written as 1: cleared", Access.CLEAR),
    ),
}

_NO_COUNTERS = frozenset({*_FIELDS, "identification", "version", "build", "layers"})

COUNTERS = frozenset(name for name, _ in _COMMON) - _NO_COUNTERS
"""Registers that `clear` sets to 0; they count modulo 2**32, cycles modulo 2**64."""


_OF_SEVERAL_INPUTS = {
    "images_in": "images that were taken whole, at every input",
    "input_stalls": "cycles in which one input or more waited for the circuit",
    "tlast_missing": "images whose last input came without TLAST, of all inputs together",
    "tlast_early": "inputs with TLAST that are not the last of an image, of all together",
    "code_errors": "inputs with a code that its bytes do not extend, of all together",
}
"""What common registers hold where several inputs share them."""

_OF_SEVERAL_OUTPUTS = {
    "images_out": "images of which every output was handed over whole",
    "image_interval": "cycles between the completions of the two latest images, of every output",
    "output_stalls": "cycles in which one output or more waited for its reader",
}

_OF_AN_INPUT = {
    "images": "images that were taken whole at {}",
    "stalls": "cycles in which an input waited at {}",
    "tlast_missing": "images whose last input came without TLAST at {}",
    "tlast_early": "inputs with TLAST that are not the last of an image at {}",
    "code_errors": "inputs with a code that its bytes do not extend at {}",
}
_OF_AN_OUTPUT = {
    "images": "images whose last output was handed over at {}",
    "stalls": "cycles in which an output waited for its reader at {}",
}


def stream_counters(inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
    """Return the counters of single streams, each with what it counts.

    Parameters
    ----------
    inputs, outputs : sequence of str
        Names of the AXI4-Streams, where there are several in the one or the other direction.
    """
    given = [(name, _OF_AN_INPUT) for name in inputs] + [(name, _OF_AN_OUTPUT) for name in outputs]
    return {
        stream_counter(name, kind): text.format(name)
        for name, kinds in given
        for kind, text in kinds.items()
    }


def stream_counter(stream: str, kind: str) -> str:
    """Return the name of a counter of one stream."""
    return f"{stream}_{kind}"


def registers(
    layers: Sequence[str] = (),
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    build: int = 0,
) -> tuple[Register, ...]:
    """Return the map of a shell.

    Parameters
    ----------
    layers : sequence of str
        Names of the layers that have a stall counter; at most `MAXIMUM_LAYERS`, less the counters
        of streams.
    inputs, outputs : sequence of str
        Names of the AXI4-Streams, where there are several in the one or the other direction: each
        has counters of its own behind those of the layers.
    build : int
        32 bits that tell the design from others.
    """
    major, minor = VERSION
    constants = {
        "identification": IDENTIFICATION,
        "version": major << 16 | minor,
        "build": build,
        "layers": len(layers),
    }
    shared = (_OF_SEVERAL_INPUTS if inputs else {}) | (_OF_SEVERAL_OUTPUTS if outputs else {})
    common = [
        Register(
            name,
            WORD_BYTES * index,
            shared.get(name, description),
            _FIELDS.get(name, ()),
            constants.get(name),
        )
        for index, (name, description) in enumerate(_COMMON)
    ]
    stalls = [
        Register(
            stall_register(layer),
            FIRST_STALLS + WORD_BYTES * index,
            f"cycles in which an output of {layer} waited",
        )
        for index, layer in enumerate(layers)
    ]
    streams = [
        Register(name, FIRST_STALLS + WORD_BYTES * (len(stalls) + index), description)
        for index, (name, description) in enumerate(stream_counters(inputs, outputs).items())
    ]
    return (*common, *stalls, *streams)


def stall_register(layer: str) -> str:
    """Return the name of the stall counter of a layer."""
    return f"stalls_{layer}"


def describe(table: Sequence[Register]) -> list[dict[str, object]]:
    """Return the map as plain data, for manifests."""
    return [
        {
            "name": register.name,
            "address": register.address,
            "access": "read-write" if register.writable else "read-only",
            "description": register.description,
            "fields": [
                {
                    "name": field.name,
                    "bit": field.bit,
                    "width": field.width,
                    "description": field.description,
                    "access": field.access.value,
                    "reset": field.reset,
                }
                for field in register.fields
            ],
        }
        for register in table
    ]


def markdown(table: Sequence[Register]) -> str:
    """Return the map as a table for documentation."""
    lines = ["| address | register | bits | access | meaning |", "|---|---|---|---|---|"]
    for register in table:
        access = "read, write" if register.writable else "read"
        lines.append(
            f"| 0x{register.address:03x} | `{register.name}` | 31:0 | {access} "
            f"| {register.description} |"
        )
        for field in register.fields:
            last = field.bit + field.width - 1
            bits = f"{last}:{field.bit}" if field.width > 1 else f"{field.bit}"
            lines.append(f"| | `{field.name}` | {bits} | {access} | {field.description} |")
    return "\n".join(lines) + "\n"

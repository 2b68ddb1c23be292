"""What an engine is made of: the parameters that its circuit and its programs share."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bittrue.golden.errors import UnknownNameError, UserError

FORMAT = "bittrue engine"
FILE = "engine.json"
"""Name of the file that describes the engine of a folder."""

_LIMITS = {
    "pixels": (1, 16),
    "lanes": (4, 64),
    "outputs": (4, 256),
    "input_words": (64, 1 << 20),
    "weight_rows": (16, 1 << 16),
    "records": (16, 1 << 16),
    "tables": (2, 64),
    "output_words": (64, 1 << 20),
}


@dataclass(frozen=True)
class EngineConfiguration:
    """Shape of the array and sizes of the memories on chip.

    Parameters
    ----------
    pixels, lanes, outputs : int
        Output pixels, input channels and output channels that the array multiplies in one cycle:
        ``pixels * lanes * outputs`` products. A word of every memory is `lanes` bytes, a code each;
        `lanes` is a power of two and divides `outputs`.
    input_words : int
        Words of the input memory, of which the circuit has a copy for each pixel.
    weight_rows : int
        Rows of the weight memory, each ``lanes * outputs`` bytes.
    records : int
        Records of the memory of constants, each `golden.engine.record.SIZE` bytes.
    tables : int
        Tables of 256 integers of 32 bits.
    output_words : int
        Words of the output memory.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    pixels: int
    lanes: int
    outputs: int
    input_words: int
    weight_rows: int
    records: int
    tables: int
    output_words: int

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise UserError(
                    f"{name} of the engine is {value!r}; allowed: an integer, {low} to {high}"
                )
        if self.lanes & (self.lanes - 1) or self.outputs % self.lanes:
            raise UserError(
                f"lanes of the engine are {self.lanes} and outputs {self.outputs}; allowed: a "
                "power of two that divides the outputs"
            )

    @property
    def products(self) -> int:
        """Products of the array in one cycle."""
        return self.pixels * self.lanes * self.outputs

    @property
    def group_words(self) -> int:
        """Words that the outputs of the array make for one pixel."""
        return self.outputs // self.lanes

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of the weight memory."""
        return self.lanes * self.outputs

    def document(self) -> dict[str, Any]:
        """Return what `read` reads, for JSON."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def of_document(cls, document: object, where: str) -> "EngineConfiguration":
        """Return the configuration that a document describes.

        Raises
        ------
        UserError
            Starting with `where`.
        """
        names = {each.name for each in fields(cls)}
        if not isinstance(document, Mapping) or document.get("format") != FORMAT:
            raise UserError(f"{where}: it describes no engine; its format must be {FORMAT!r}")
        given = {name: value for name, value in document.items() if name != "format"}
        if set(given) != names:
            odd = ", ".join(sorted(set(given) ^ names))
            raise UserError(f"{where}: members missing or not known: {odd}")
        try:
            return cls(**given)
        except UserError as error:
            raise UserError(f"{where}: {error}") from None


CONFIGURATIONS: Mapping[str, EngineConfiguration] = {
    "zynq7020": EngineConfiguration(
        pixels=3,
        lanes=8,
        outputs=16,
        input_words=10_240,
        weight_rows=1_536,
        records=512,
        tables=4,
        output_words=4_096,
    ),
    "small": EngineConfiguration(
        pixels=2,
        lanes=4,
        outputs=8,
        input_words=4_096,
        weight_rows=512,
        records=128,
        tables=4,
        output_words=1_024,
    ),
}
"""Engines by name: 384 products a cycle for a Zynq-7020, and 64 for tests and small devices."""


def read_configuration(text: str) -> EngineConfiguration:
    """Return the engine that a user names: one of `CONFIGURATIONS`, or a folder with its file.

    Raises
    ------
    UserError
        Naming the file or the names that there are.
    """
    if text in CONFIGURATIONS:
        return CONFIGURATIONS[text]
    folder = Path(text)
    if not folder.is_dir():
        raise UnknownNameError("engine, and no folder,", text, CONFIGURATIONS)
    path = folder / FILE
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: it is no JSON document ({error})") from None
    return EngineConfiguration.of_document(document, str(path))

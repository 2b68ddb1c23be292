"""What the drivers in Python have in common; `write` puts it into each, so that it is one file."""

from __future__ import annotations

from typing import Any

import numpy as np


class AcceleratorError(RuntimeError):
    """What is in the FPGA, or is given to it, is not what this driver is for; or it has failed."""


class Registers:
    """The registers: ``registers["status"]``, ``registers["control.enable"] = 1``.

    Parameters
    ----------
    mmio : object
        With ``read(offset)`` and ``write(offset, value)``, such as `pynq.MMIO`.
    table : list of dict
        What registers there are, as the manifest has them.
    """

    def __init__(self, mmio: Any, table: list[dict[str, Any]]) -> None:
        self._mmio = mmio
        self._table = {register["name"]: register for register in table}

    def __iter__(self) -> Any:
        """Yield the names of the registers."""
        return iter(self._table)

    def __getitem__(self, name: str) -> int:
        """Read a register, or a field of one as ``register.field``."""
        register, field = self._find(name)
        word = int(self._mmio.read(register["address"])) & 0xFFFFFFFF
        return word if field is None else word >> field["bit"] & (1 << field["width"]) - 1

    def __setitem__(self, name: str, value: int) -> None:
        """Write a register, or a field of one and leave the others as they are."""
        register, field = self._find(name)
        if register["access"] == "read-only":
            raise AcceleratorError("register {} is only read".format(register["name"]))
        if field is None:
            word = int(value)
        else:
            word = int(value) << field["bit"]
            # Other bits that remember what is written keep it; 0 does nothing to the rest.
            for other in register["fields"]:
                if other is not field and other["access"] == "read-write":
                    place = "{}.{}".format(register["name"], other["name"])
                    word |= self[place] << other["bit"]
        self._mmio.write(register["address"], word)

    def _find(self, name: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        name, dot, wanted = name.partition(".")
        if name not in self._table:
            raise AcceleratorError(f"there is no register {name}; there are {list(self)}")
        register = self._table[name]
        for field in register["fields"]:
            if dot and field["name"] == wanted:
                return register, field
        if dot:
            raise AcceleratorError(f"register {name} has no field {wanted}")
        return register, None


def check_identification(registers: Registers, expected: int, what: str) -> None:
    """Refuse what does not answer as bittrue's circuits of a kind do."""
    found = registers["identification"]
    if found != expected:
        raise AcceleratorError(
            f"no {what} of bittrue answers: register identification is 0x{found:08x}, not "
            f"0x{expected:08x}; check the address and the bitstream"
        )


def to_codes(values: Any, end: dict[str, Any]) -> Any:
    """Return images in the layout of the model as codes: integers, shape (images, *shape)."""
    values = np.asarray(values)
    if values.shape[1:] != tuple(end["shape"]) or values.ndim == 0 or len(values) == 0:
        raise AcceleratorError(
            f"images of {end['tensor']} have shape {values.shape}; allowed: "
            f"(images, {', '.join(map(str, end['shape']))})"
        )
    if values.dtype.kind in "iu":
        if values.min() < end["minimum"] or values.max() > end["maximum"]:
            raise AcceleratorError(
                f"codes of {end['tensor']} are {values.min()} to {values.max()}; allowed: "
                f"{end['minimum']} to {end['maximum']}"
            )
        return values.astype(np.int64)
    if values.dtype.kind != "f" or end["scale"] is None:
        allowed = "integers" if end["scale"] is None else "integers or real values"
        raise AcceleratorError(
            "images of {} have type {}; allowed: {}".format(end["tensor"], values.dtype, allowed)
        )
    if not np.isfinite(values).all():
        raise AcceleratorError("images of {} have values that are not finite".format(end["tensor"]))
    if end["bipolar"]:
        return (values >= 0).astype(np.int64)
    numerator, denominator = end["scale"]
    steps = np.rint(values.astype(np.float32) / np.float32(numerator / denominator))
    codes = steps.astype(np.float64) + end["zero_point"]
    return np.clip(codes, end["minimum"], end["maximum"]).astype(np.int64)


def dequantized(codes: Any, end: dict[str, Any]) -> Any:
    """Return codes as real values, float64; codes of a tensor without a scale as they are."""
    if end["scale"] is None:
        return codes
    numerator, denominator = end["scale"]
    values = 2 * codes - 1 if end["bipolar"] else codes - end["zero_point"]
    return values * (numerator / denominator)


def in_graph_layout(codes: Any, end: dict[str, Any]) -> Any:
    """Return codes in the layout of the model, shape (images, *shape), as circuits have them."""
    places = [0] + [axis + 1 for axis in end["layout"]]
    return np.moveaxis(codes, range(codes.ndim), places)


def in_model_layout(codes: Any, end: dict[str, Any]) -> Any:
    """Return codes as circuits have them, shape (images, anything), in the layout of the model."""
    shape = [0] * len(end["layout"])
    for place, axis in enumerate(end["layout"]):
        shape[axis] = end["shape"][place]
    codes = codes.reshape([len(codes), *shape])
    return np.transpose(codes, [0] + [axis + 1 for axis in end["layout"]])


def with_sign(codes: Any, end: dict[str, Any]) -> Any:
    """Return codes of ``bytes`` bytes, below 256 ** bytes, with their signs."""
    if not end["signed"]:
        return codes
    half = 1 << 8 * end["bytes"] - 1
    return (codes ^ half) - half


def by_end(ends: list[dict[str, Any]], given: Any, what: str = "outputs") -> list[Any]:
    """Return each end with what is given for it."""
    names = [end["tensor"] for end in ends]
    if not isinstance(given, dict):
        if len(ends) != 1:
            raise AcceleratorError(f"{what} are one array; give one for each of {names}")
        return [(ends[0], given)]
    if set(given) != set(names):
        raise AcceleratorError(f"{what} are given for {list(given)}; the network has {names}")
    return [(end, given[end["tensor"]]) for end in ends]


def alone(results: dict[str, Any]) -> Any:
    """Return the one result of a network with one output, or all by their tensors."""
    return results if len(results) > 1 else next(iter(results.values()))

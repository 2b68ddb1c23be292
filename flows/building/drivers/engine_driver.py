"""Run networks on the engine from Python, on boards with PYNQ.

    from engine import Network

    net = Network.load("design.bit", "PROGRAM.bin")
    predictions = net.predict(images)

PROGRAM.bin and PROGRAM.json are what `bittrue compile` wrote. This file and those two are all that
is needed beside the bitstream: it imports NumPy (1 or 2), and `pynq` where a bitstream is loaded.
It is for Python 3.7 or later.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from typing import Any

import numpy as np

from bittrue.flows.building.drivers.host import (
    AcceleratorError,
    Registers,
    alone,
    by_end,
    check_identification,
    dequantized,
    in_graph_layout,
    in_model_layout,
    to_codes,
    with_sign,
)

DESIGN: dict[str, Any] = {}

FORMAT = "bittrue program"
SLOTS = 2
"""Data regions: one is filled and emptied while the engine works on another."""


class Network:
    """A network's program in an engine.

    Parameters
    ----------
    control : object
        With ``read`` and ``write``, for `Registers`.
    allocate : callable
        ``allocate(shape=..., dtype=...)`` returns an array that the engine's ports can reach, with
        ``device_address``, ``flush()`` and ``invalidate()``: `pynq.allocate`.
    program : str
        PROGRAM.bin, with PROGRAM.json beside it.
    timeout : float
        Seconds after which an inference is given up.

    Raises
    ------
    AcceleratorError
        If no engine answers, if it is not the one that the program is for, or if the two files are
        not of one program.
    """

    def __init__(self, control: Any, allocate: Any, program: str, timeout: float = 10.0) -> None:
        self.registers = Registers(control, DESIGN["registers"])
        check_engine(self.registers)
        self.program = read_program(program)
        self.timeout = timeout
        with open(program, "rb") as file:
            image = np.frombuffer(file.read(), np.uint8)
        if hashlib.sha256(image.tobytes()).hexdigest() != self.program["image"]["sha256"]:
            raise AcceleratorError(f"{program}: it is not the image that its .json describes")
        check_needs(self.registers, self.program["needs"])
        self._inputs = [_end(record) for record in self.program["inputs"]]
        self._outputs = [_end(record) for record in self.program["outputs"]]
        self._image = allocate(shape=(len(image),), dtype=np.uint8)
        self._image[:] = image
        self._image.flush()
        size = self.program["data_bytes"]
        self._data = [allocate(shape=(size,), dtype=np.uint8) for _ in range(SLOTS)]
        self._write_address("image", self._image.device_address, len(image))
        self.registers["interrupt_enable"] = 0

    @classmethod
    def load(cls, bitfile: str, program: str, engine: str = "engine") -> Network:
        """Load a bitstream with the engine, and a program.

        Parameters
        ----------
        bitfile : str
            With its .hwh file beside it.
        program : str
            PROGRAM.bin, with PROGRAM.json beside it.
        engine : str
            Name of the engine in the block design.
        """
        import pynq

        place = pynq.Overlay(bitfile).ip_dict[engine]
        return cls(pynq.MMIO(place["phys_addr"], place["addr_range"]), pynq.allocate, program)

    def predict(self, images: Any) -> Any:
        """Return what the network makes of images, in real values where it has a scale for them.

        Parameters
        ----------
        images : array, or dict of str to array if the network has several inputs
            Images in the first dimension, in the layout of the model: real values are quantized,
            integers are codes.

        Returns
        -------
        array, or dict of str to array if the network has several outputs
        """
        results = {}
        for end, codes in by_end(self._outputs, self.predict_codes(images)):
            results[end["tensor"]] = dequantized(codes, end)
        return alone(results)

    def predict_codes(self, images: Any) -> Any:
        """Return the codes that the network makes of images; see `predict`."""
        given = [
            in_graph_layout(to_codes(values, end), end).reshape(len(values), -1)
            for end, values in by_end(self._inputs, images, "images")
        ]
        if len({len(each) for each in given}) != 1:
            raise AcceleratorError("every input needs as many images as the others")
        found = self._run(given)
        return alone(
            {
                end["tensor"]: in_model_layout(with_sign(found[place], end), end)
                for place, end in enumerate(self._outputs)
            }
        )

    def counters(self) -> dict[str, int]:
        """Return what the engine counted in the latest inference."""
        found = {name: self.registers[name] for name in DESIGN["counters"]}
        found["cycles"] = self.registers["cycles_high"] << 32 | self.registers["cycles_low"]
        return found

    def close(self) -> None:
        """Give the buffers back."""
        for buffer in [self._image, *self._data]:
            if hasattr(buffer, "freebuffer"):
                buffer.freebuffer()
        self._data = []

    def _run(self, given: list[Any]) -> list[Any]:
        """Fill a data region and empty another, while the engine works on a third or the same."""
        count = len(given[0])
        found = [np.empty((count, end["elements"]), np.int64) for end in self._outputs]
        self._fill(given, 0)
        self._start(0)
        for image in range(count):
            if image + 1 < count:
                self._fill(given, image + 1)
            self._wait()
            if image + 1 < count:
                self._start(image + 1)
            self._empty(found, image)
        return found

    def _fill(self, given: list[Any], image: int) -> None:
        data = self._data[image % SLOTS]
        for place, end in enumerate(self._inputs):
            data[end["places"]] = (given[place][image] & 0xFF).astype(np.uint8)
        data.flush()

    def _start(self, image: int) -> None:
        data = self._data[image % SLOTS]
        self._write_address("data", data.device_address, data.nbytes)
        self.registers["control"] = 1

    def _empty(self, found: list[Any], image: int) -> None:
        data = self._data[image % SLOTS]
        data.invalidate()
        for place, end in enumerate(self._outputs):
            codes = np.zeros(end["elements"], np.int64)
            for byte in range(end["bytes"]):
                codes |= data[end["places"] + byte].astype(np.int64) << 8 * byte
            found[place][image] = codes

    def _wait(self) -> None:
        """Return when the engine has ended well."""
        late = time.monotonic() + self.timeout
        while True:
            status = self.registers["status"]
            if not status & 1:
                break
            if time.monotonic() > late:
                raise AcceleratorError(
                    f"the engine has not ended after {self.timeout:g} s; check its clock, and that "
                    "its ports reach the memory"
                )
        if not status & 2:
            raise AcceleratorError(self._fault())

    def _fault(self) -> str:
        """Return why the engine stopped, in a line."""
        fault, number = self.registers["fault"], self.registers["fault_instruction"]
        why = DESIGN["faults"].get(fault, "what is not known to this driver")
        if fault < DESIGN["first_fault_of_instructions"]:
            return f"the engine stopped with fault {fault}: {why}"
        layers, where = self.program["prediction"]["layers"], ""
        place = DESIGN["header_bytes"] + DESIGN["instruction_bytes"] * number + DESIGN["layer_byte"]
        if place + 1 < len(self._image):
            index = int(self._image[place]) | int(self._image[place + 1]) << 8
            if index < len(layers):
                where = " of layer {} ({})".format(index, layers[index]["name"])
        return f"the engine stopped with fault {fault} at instruction {number}{where}: {why}"

    def _write_address(self, region: str, address: int, size: int) -> None:
        self.registers[f"{region}_low"] = address & 0xFFFFFFFF
        self.registers[f"{region}_high"] = address >> 32
        self.registers[f"{region}_bytes"] = size


def check_engine(registers: Registers) -> None:
    """Refuse what is not the engine that this driver is for.

    Raises
    ------
    AcceleratorError
        In one line.
    """
    check_identification(registers, DESIGN["identification"], "engine")
    for name in ("version", "program_version", *DESIGN["sizes"]):
        found, mine = registers[name], DESIGN["constants"][name]
        if found != mine:
            raise AcceleratorError(
                f"the engine's register {name} is {found}, this driver is for {mine}; take the "
                "bitstream and the driver from one folder"
            )


def check_needs(registers: Registers, needs: dict[str, int]) -> None:
    """Refuse a program that is for another engine.

    Raises
    ------
    AcceleratorError
        In one line.
    """
    for name, needed in needs.items():
        there = registers[name]
        alike = name in ("lanes", "outputs")
        if needed != there if alike else needed > there:
            raise AcceleratorError(
                f"the program needs {needed} {name}, this engine has {there}; compile the network "
                "with --engine and the folder that the bitstream is from"
            )


def read_program(place: str) -> dict[str, Any]:
    """Return what PROGRAM.json says, beside an image.

    Raises
    ------
    AcceleratorError
        Naming the file.
    """
    described = os.path.splitext(place)[0] + ".json"
    try:
        with open(described, encoding="utf-8") as file:
            program: Any = json.load(file)
    except (OSError, ValueError) as error:
        raise AcceleratorError(f"{described}: {error}") from None
    if not isinstance(program, dict) or program.get("format") != FORMAT:
        raise AcceleratorError(f"{described}: it describes no program; write it by bittrue compile")
    mine = DESIGN["constants"]["program_version"]
    if program.get("version") != mine:
        raise AcceleratorError(
            f"{described}: it has version {program.get('version')}, the engine takes {mine}"
        )
    return program


def _end(record: dict[str, Any]) -> dict[str, Any]:
    """Return an end with the first byte of each code, in the order of height, width, channels."""
    y, x, channel = np.ogrid[: record["height"], : record["width"], : record["channels"]]
    plane, lane = np.divmod(channel, record["lanes"])
    places = plane * record["plane_stride"] + y * record["row_stride"] + x * record["lanes"] + lane
    places = (record["address"] + places).reshape(-1)
    bytes_of_code = record["code_bytes"]
    values = record["values"]
    return {**values, "bytes": bytes_of_code, "places": places, "elements": places.size}


def main(words: list[str]) -> int:
    """Predict the images of a .npy file: DESIGN.bit PROGRAM.bin IMAGES.npy PREDICTIONS.npy."""
    if len(words) != 4:
        print("usage: engine DESIGN.bit PROGRAM.bin IMAGES.npy PREDICTIONS.npy", file=sys.stderr)
        return 2
    try:
        images = np.load(words[2], allow_pickle=False)
        net = Network.load(words[0], words[1])
        if len(net.program["inputs"]) + len(net.program["outputs"]) != 2:
            raise AcceleratorError("the network has several inputs or outputs; use the class")
        np.save(words[3], net.predict(images))
    except (AcceleratorError, OSError, ValueError) as error:
        print(f"engine: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

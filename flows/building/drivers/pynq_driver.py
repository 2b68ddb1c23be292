"""Run an accelerator from Python, on boards with PYNQ.

    from accelerator_NAME import Network

    net = Network.load("design.bit")
    predictions = net.predict(images)

This file is all that is needed beside the bitstream: it imports NumPy (1 or 2), and `pynq` where a
bitstream is loaded. It is for Python 3.7 or later.
"""

from __future__ import annotations

import sys
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


class Network:
    """The network in the FPGA.

    Parameters
    ----------
    control : object
        With ``read`` and ``write``, for `Registers`.
    send, receive : dict of str to object
        A channel of DMA for each stream, by its name in `DESIGN`; with ``transfer(buffer)`` and
        ``wait()``, such as ``sendchannel`` and ``recvchannel`` of `pynq.lib.DMA`.
    allocate : callable
        ``allocate(shape=..., dtype=...)`` returns an array that DMA can reach: `pynq.allocate`.

    Raises
    ------
    AcceleratorError
        If the bitstream is that of another build, or of something else.
    """

    def __init__(self, control: Any, send: Any, receive: Any, allocate: Any) -> None:
        self.registers = Registers(control, DESIGN["registers"])
        check_build(self.registers)
        self._send = [send[end["stream"]] for end in DESIGN["inputs"]]
        self._receive = [receive[end["stream"]] for end in DESIGN["outputs"]]
        # Two of each, so that one is filled or read while the other is under way.
        self._inputs = [_buffers(allocate, end) for end in DESIGN["inputs"]]
        self._outputs = [_buffers(allocate, end) for end in DESIGN["outputs"]]
        self.registers["control"] = 0b101  # enable, and clear the counters

    @classmethod
    def load(cls, bitfile: str, accelerator: str = "accelerator", dma: str = "dma") -> Network:
        """Load a bitstream that the block design in the folder of the build made.

        Parameters
        ----------
        bitfile : str
            With its .hwh file beside it.
        accelerator, dma : str
            Names in the block design. Of several streams, each has a DMA called ``dma_STREAM``.
        """
        import pynq

        overlay = pynq.Overlay(bitfile)
        place = overlay.ip_dict[accelerator]
        channels = {}
        for end in DESIGN["inputs"] + DESIGN["outputs"]:
            name = dma if end["dma"] is None else "{}_{}".format(dma, end["dma"])
            channels[end["stream"]] = getattr(overlay, name)
        send = {end["stream"]: channels[end["stream"]].sendchannel for end in DESIGN["inputs"]}
        receive = {end["stream"]: channels[end["stream"]].recvchannel for end in DESIGN["outputs"]}
        control = pynq.MMIO(place["phys_addr"], place["addr_range"])
        return cls(control, send, receive, pynq.allocate)

    def predict(self, images: Any) -> Any:
        """Return what the network makes of images, in real values where it has a scale for them.

        Parameters
        ----------
        images : array, or dict of str to array if the network has several inputs
            Images in the first dimension, in the layout of the model: real values are quantized,
            integers are codes. A network with states goes on where it was; `reset` begins anew.

        Returns
        -------
        array, or dict of str to array if the network has several outputs
        """
        results = {}
        for end, codes in by_end(DESIGN["outputs"], self.predict_codes(images)):
            results[end["tensor"]] = dequantized(codes, end)
        return alone(results)

    def predict_codes(self, images: Any) -> Any:
        """Return the codes that the network makes of images; see `predict`."""
        packed = [
            pack(to_codes(values, end), end)
            for end, values in by_end(DESIGN["inputs"], images, "images")
        ]
        if len({len(each) for each in packed}) != 1:
            raise AcceleratorError("every input needs as many images as the others")
        raw = self._run(packed)
        if self.registers["status.error"]:
            counts = {name: self.registers[name] for name in DESIGN["errors"]}
            raise AcceleratorError(f"the accelerator has counted errors: {counts}")
        ends = DESIGN["outputs"]
        return alone({end["tensor"]: unpack(raw[place], end) for place, end in enumerate(ends)})

    def reset(self) -> None:
        """Drop what is under way, begin with the initial states, and clear the counters."""
        self.registers["control"] = 0b111

    def counters(self) -> dict[str, int]:
        """Return what the accelerator has counted since it was cleared."""
        found = {name: self.registers[name] for name in DESIGN["counters"]}
        high = self.registers["cycles_high"]
        while True:
            low, again = self.registers["cycles_low"], self.registers["cycles_high"]
            if again == high:
                break
            high = again
        found["cycles"] = high << 32 | low
        return found

    def close(self) -> None:
        """Take no more images, and give the buffers back."""
        self.registers["control"] = 0
        for buffers in self._inputs + self._outputs:
            for buffer in buffers:
                if hasattr(buffer, "freebuffer"):
                    buffer.freebuffer()
        self._inputs, self._outputs = [], []

    def _run(self, packed: list[Any]) -> list[Any]:
        """Send images one after the other and receive each: TLAST ends a transfer with an image."""
        count = len(packed[0])
        raw = [np.empty((count, buffers[0].nbytes), np.uint8) for buffers in self._outputs]
        self._start_receiving(0)
        self._start_sending(packed, 0)
        for image in range(count):
            if image + 1 < count:
                self._fill(packed, image + 1)
            for channel in self._send:
                channel.wait()
            if image + 1 < count:
                self._begin_sending(image + 1)
            for channel in self._receive:
                channel.wait()
            if image + 1 < count:
                self._start_receiving(image + 1)
            for place, buffers in enumerate(self._outputs):
                raw[place][image] = buffers[image % 2]
        return raw

    def _fill(self, packed: list[Any], image: int) -> None:
        for place, buffers in enumerate(self._inputs):
            buffers[image % 2][:] = packed[place][image]

    def _begin_sending(self, image: int) -> None:
        for place, channel in enumerate(self._send):
            channel.transfer(self._inputs[place][image % 2])

    def _start_sending(self, packed: list[Any], image: int) -> None:
        self._fill(packed, image)
        self._begin_sending(image)

    def _start_receiving(self, image: int) -> None:
        for place, channel in enumerate(self._receive):
            channel.transfer(self._outputs[place][image % 2])


def check_build(registers: Registers) -> None:
    """Refuse an accelerator that this driver is not for.

    Raises
    ------
    AcceleratorError
        In one line.
    """
    check_identification(registers, DESIGN["identification"], "accelerator")
    found = registers["build"]
    if found != DESIGN["build"]:
        raise AcceleratorError(
            f"the bitstream is of build {found:08x}, this driver of build {DESIGN['build']:08x} "
            f"of {DESIGN['name']}; take both from one folder"
        )


def pack(codes: Any, end: dict[str, Any]) -> Any:
    """Return codes as bytes in the order of the stream: shape (images, bytes of an image)."""
    shifts = 8 * np.arange(end["bytes"], dtype=np.int64)
    lowest = in_graph_layout(codes, end).reshape(len(codes), -1, 1) >> shifts & 0xFF
    return lowest.astype(np.uint8).reshape(len(codes), -1)


def unpack(raw: Any, end: dict[str, Any]) -> Any:
    """Return the codes of bytes of a stream, in the layout of the model."""
    parts = raw.reshape(len(raw), -1, end["bytes"]).astype(np.int64)
    shifts = 8 * np.arange(end["bytes"], dtype=np.int64)
    return in_model_layout(with_sign((parts << shifts).sum(axis=-1), end), end)


def _buffers(allocate: Any, end: dict[str, Any]) -> list[Any]:
    size = int(np.prod(end["shape"], dtype=np.int64)) * end["bytes"]
    return [allocate(shape=(size,), dtype=np.uint8) for _ in range(2)]


def main(words: list[str]) -> int:
    """Predict the images of a .npy file: DESIGN.bit IMAGES.npy PREDICTIONS.npy."""
    if len(words) != 3 or len(DESIGN["inputs"]) + len(DESIGN["outputs"]) != 2:
        print(
            "usage: {} DESIGN.bit IMAGES.npy PREDICTIONS.npy".format(DESIGN["name"]),
            file=sys.stderr,
        )
        return 2
    try:
        images = np.load(words[1], allow_pickle=False)
        np.save(words[2], Network.load(words[0]).predict(images))
    except (AcceleratorError, OSError, ValueError) as error:
        print("{}: {}".format(DESIGN["name"], error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

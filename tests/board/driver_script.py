"""Use a Python driver on whatever NumPy there is: python driver_script.py DRIVER IMAGES RECEIVED.

The accelerator is one that answers with the bytes of a file. Prints the version of NumPy, and
SHA-256 of what was sent and of what was predicted.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np


class Control:
    """Registers that remember what is written, and those that say which accelerator it is."""

    def __init__(self, driver: Any) -> None:
        self.words = {0: driver.DESIGN["identification"], 8: driver.DESIGN["build"]}

    def read(self, offset: int) -> int:
        return self.words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        if offset not in (0, 8):
            self.words[offset] = value


class Channel:
    """Remembers what is sent, or answers with the next image that is received."""

    def __init__(self, received: bytes | None = None) -> None:
        self.received = received
        self.sent = b""

    def transfer(self, buffer: Any) -> None:
        if self.received is None:
            self.sent += buffer.tobytes()
        else:
            buffer[:] = np.frombuffer(self.received[: buffer.nbytes], np.uint8)
            self.received = self.received[buffer.nbytes :]

    def wait(self) -> None:
        pass


def main(place: str, images: str, received: str) -> None:
    spec = importlib.util.spec_from_file_location("driver", place)
    assert spec is not None
    assert spec.loader is not None
    driver: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    send, receive = Channel(), Channel(Path(received).read_bytes())
    (given,), (made,) = driver.DESIGN["inputs"], driver.DESIGN["outputs"]
    net = driver.Network(
        Control(driver),
        {given["stream"]: send},
        {made["stream"]: receive},
        lambda shape, dtype: np.zeros(shape, dtype),
    )
    predictions = net.predict(np.load(images))
    print(np.__version__)
    print(hashlib.sha256(send.sent).hexdigest())
    print(hashlib.sha256(np.ascontiguousarray(predictions).tobytes()).hexdigest())
    print(predictions.dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])

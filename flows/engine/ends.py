"""Inputs and outputs of a program, as a host writes and reads them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.engine.places import View
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.graph import Graph
from bittrue.golden.graph.tensor import storage_dtype
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType


@dataclass(frozen=True)
class End:
    """A tensor in the data region: planes of words, row by row.

    Code ``c`` of pixel ``(y, x)`` is the byte at

        address + (c // lanes) * plane_stride + y * row_stride + x * lanes + c % lanes

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of the tensor in the graph; its codes in C order are those of height, width, channels.
    type : str
        Of the codes.
    height, width, channels : int
        As it lies in memory.
    address : int
        First byte.
    row_stride, plane_stride : int
        Bytes.
    lanes : int
        Bytes of a word.
    code_bytes : int
        1, or 2 for indices: little-endian, a word each.
    """

    name: str
    shape: tuple[int, ...]
    type: str
    height: int
    width: int
    channels: int
    address: int
    row_stride: int
    plane_stride: int
    lanes: int
    code_bytes: int = 1

    @classmethod
    def of(cls, graph: Graph, name: str, view: View, engine: EngineConfiguration) -> "End":
        """Return the end that a tensor is."""
        tensor, lanes = graph.tensors[name], engine.lanes
        words = view.plane * view.buffer.plane_words + view.word
        producer = graph.producer(name)
        indices = producer is not None and producer.gives_indices
        return cls(
            name,
            tensor.shape,
            str(tensor.type),
            view.height,
            view.width,
            1 if indices else view.channels,
            view.buffer.address + words * lanes,
            view.pitch * lanes,
            view.buffer.plane_words * lanes,
            lanes,
            2 if indices else 1,
        )

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    def write(self, data: NDArray[np.uint8], codes: Int64) -> None:
        """Write one sample's codes, of the tensor's shape, into the data region."""
        data[self._places()] = codes.reshape(-1).astype(np.int64) & 0xFF

    def read(self, data: NDArray[np.uint8]) -> NDArray[np.integer]:
        """Return one sample's codes from the data region."""
        places = self._places()
        parts = [data[places + byte].astype(np.int64) for byte in range(self.code_bytes)]
        kind = IntegerType.parse(self.type)
        values = np.asarray(sum(part << 8 * byte for byte, part in enumerate(parts)))
        if kind.signed:
            half = 1 << 8 * self.code_bytes - 1
            values = ((values + half) & (2 * half - 1)) - half
        return values.reshape(self.shape).astype(storage_dtype(kind))

    def _places(self) -> Int64:
        """Return the first byte of each code, in the order of height, width, channels."""
        y, x, channel = np.ogrid[: self.height, : self.width, : self.channels]
        plane, lane = np.divmod(channel, self.lanes)
        places = plane * self.plane_stride + y * self.row_stride + x * self.lanes + lane
        return (self.address + places).reshape(-1)

"""Where tensors lie in memory: planes of channels, a word of some channels for each pixel.

A tensor of height, width and channels is cut into planes of `lanes` channels; each plane holds a
word for every pixel, row by row. Channels that fill no word leave the last lanes unused.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

Shape = tuple[int, int, int]
"""Height, width, channels."""


class Box(NamedTuple):
    """Some planes of a buffer, and in each of them a range of words; ends are not included."""

    first_plane: int
    last_plane: int
    first_word: int
    last_word: int

    def meets(self, other: "Box") -> bool:
        """Return whether a word is in both."""
        return (
            self.first_plane < other.last_plane
            and other.first_plane < self.last_plane
            and self.first_word < other.last_word
            and other.first_word < self.last_word
        )


@dataclass(eq=False)
class Buffer:
    """Memory of the host that holds one tensor, or several joined.

    Parameters
    ----------
    name : str
    planes, plane_words : int
        Planes, and words of each.
    raw : bool
        Whether its bytes are uint8 codes as the host has them; otherwise they are int8, and uint8
        codes are recentred.
    constant : int or None
        First byte in the image of what never changes; None in the data region.
    address : int
        First byte in its region, as the allocation says.
    """

    name: str
    planes: int
    plane_words: int
    raw: bool = False
    constant: int | None = None
    address: int = 0
    before: list["Buffer"] = field(default_factory=list)
    """Those whose memory it takes when they are no longer needed."""

    @property
    def words(self) -> int:
        """Words of all planes."""
        return self.planes * self.plane_words


@dataclass(frozen=True, eq=False)
class View:
    """A tensor, or a part of one, in a buffer.

    Parameters
    ----------
    buffer : Buffer
    plane : int
        First plane.
    word : int
        First word within each plane.
    pitch : int
        Words from one row to the next.
    height, width, channels : int
    """

    buffer: Buffer
    plane: int
    word: int
    pitch: int
    height: int
    width: int
    channels: int

    @classmethod
    def whole(cls, buffer: Buffer, shape: Shape) -> "View":
        """Return a view of all of a buffer."""
        height, width, channels = shape
        return cls(buffer, 0, 0, width, height, width, channels)

    @property
    def shape(self) -> Shape:
        """Height, width, channels."""
        return self.height, self.width, self.channels

    def planes(self, lanes: int) -> int:
        """Return the planes that its channels take."""
        return -(-self.channels // lanes)

    def rectangle(self, row: int, column: int, height: int, width: int) -> "View":
        """Return some rows and columns."""
        word = self.word + row * self.pitch + column
        return replace(self, word=word, height=height, width=width)

    def every_row(self, first: int, step: int) -> "View":
        """Return one of so many rows, from a row on."""
        word = self.word + first * self.pitch
        height = -(-(self.height - first) // step)
        return replace(self, word=word, height=height, pitch=step * self.pitch)

    def part(self, plane: int, channels: int) -> "View":
        """Return some channels, from the first one of a plane on."""
        return replace(self, plane=self.plane + plane, channels=channels)

    def regrouped(self, shape: Shape) -> "View | None":
        """Return it with its pixels in other rows; None if its words do not follow each other."""
        height, width, channels = shape
        if shape == self.shape:
            return self
        same = channels == self.channels and height * width == self.height * self.width
        if not same or (self.pitch != self.width and self.height > 1):
            return None
        return replace(self, pitch=width, height=height, width=width)

    def box(self, planes: int) -> Box:
        """Return the words that it covers, gaps between rows included."""
        last = self.word + (self.height - 1) * self.pitch + self.width
        return Box(self.plane, self.plane + planes, self.word, last)

"""In which order a sliding window is read, and how much of it at once."""

import math
from dataclasses import dataclass

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Window
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.hdl.blocks.memory import Memory


@dataclass(frozen=True)
class Loop:
    """A level of the nest in which the beats of one row of windows are read.

    Parameters
    ----------
    name : str
    count : int
        Turns.
    step : int
        Elements by which a turn moves along the rows.
    """

    name: str
    count: int
    step: int


@dataclass(frozen=True)
class SlidingWindowSpec:
    """A window that slides over a stream, and the beats in which its codes are read.

    A beat holds `rows` rows of the window, `elements` successive elements of each; elements of a
    row of the window follow each other column by column, channels last. For each window position,
    beats come in the order: repeats, groups of rows, columns where dilation keeps them apart,
    groups of elements. With `channelwise`: groups of channels, repeats, groups of rows, columns.

    Parameters
    ----------
    code : IntegerType
        Of the codes.
    shape : (int, int, int)
        Height, width and channels of the tensor.
    window : Window
        Size, stride, dilation and padding.
    padding_code : int
        What is read outside of the tensor.
    lanes : int
        Elements of a beat of the input; divides the channels and `elements`.
    rows : int
        Rows of the window in a beat; divides its height.
    elements : int
        Elements of each row in a beat; divides the channels if `channelwise`.
    repeats : int
        How often a window is read before the next one; with `channelwise`, some of its channels.
    channelwise : bool
        Whether all taps of some channels come before those of the next.
    memory : Memory, optional
        What the rows are kept in; see `hdl.blocks.ram.Ram`.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    code: IntegerType
    shape: tuple[int, int, int]
    window: Window
    padding_code: int = 0
    lanes: int = 1
    rows: int = 1
    elements: int = 1
    repeats: int = 1
    channelwise: bool = False
    memory: Memory | None = None

    def __post_init__(self) -> None:
        self.window.output_size(self.shape)
        height, channels = self.window.size[0], self.shape[2]
        if self.padding_code not in self.code:
            raise UserError(f"padding_code is {self.padding_code}; allowed: a code of {self.code}")
        if self.rows < 1 or height % self.rows:
            raise UserError(f"rows is {self.rows}; allowed: a divisor of the window's {height}")
        longest = channels if self.channelwise else self.run
        if not 1 <= self.elements <= longest or (self.channelwise and channels % self.elements):
            kind = "divisors of" if self.channelwise else "1 to"
            raise UserError(f"elements is {self.elements}; allowed: {kind} {longest}")
        if self.lanes < 1 or channels % self.lanes or self.elements % self.lanes:
            raise UserError(
                f"lanes is {self.lanes}; allowed: divisors of {channels} (channels) and "
                f"{self.elements} (elements)"
            )
        if self.repeats < 1:
            raise UserError(f"repeats is {self.repeats}; allowed: at least 1")

    @property
    def run(self) -> int:
        """Elements of a row of the window that lie side by side in a row of the tensor."""
        columns = self.window.size[1] if self.window.dilation[1] == 1 else 1
        return columns * self.shape[2]

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The nest, outermost first, over the windows of one row."""
        window, channels = self.window, self.shape[2]
        columns = Loop("column", self.output_size[1], window.stride[1] * channels)
        rows = Loop("row_group", window.size[0] // self.rows, 0)
        repeats = Loop("repeat", self.repeats, 0)
        if self.channelwise:
            groups = Loop("element_group", channels // self.elements, self.elements)
            taps = Loop("tap", window.size[1], window.dilation[1] * channels)
            return columns, groups, repeats, rows, taps
        taps = Loop("tap", window.size[1] * channels // self.run, window.dilation[1] * channels)
        groups = Loop("element_group", -(-self.run // self.elements), self.elements)
        return columns, repeats, rows, taps, groups

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the output."""
        return self.window.output_size(self.shape)

    @property
    def beats(self) -> int:
        """Beats of one window position."""
        return math.prod(loop.count for loop in self.loops[1:])

    @property
    def cycles(self) -> int:
        """Beats of one image."""
        return math.prod(self.output_size) * self.beats

    @property
    def extent(self) -> int:
        """Rows of the tensor from the first to the last one that a window covers."""
        return (self.window.size[0] - 1) * self.window.dilation[0] + 1

    @property
    def needed_rows(self) -> Int64:
        """Rows of the tensor that each row of windows needs, counted from the first one."""
        return np.minimum(self._top + self.extent, self.shape[0])

    def elements_needed(self, rows: Int64) -> Int64:
        """Return how many elements of the tensor some rows of windows need, from the first one."""
        _, width, channels = self.shape
        return self.needed_rows[rows] * width * channels

    @property
    def finished_rows(self) -> Int64:
        """Rows of the tensor that are no longer needed before each row of windows, and at last."""
        before = np.clip(self._top, 0, self.shape[0])
        return np.append(before, self.shape[0])

    @property
    def slots(self) -> int:
        """Rows to be kept so that receiving and reading overlap, also from image to image.

        With rows of the tensor and rows of windows each spread evenly over the time of an image,
        row ``j`` of windows is read from ``delay + j / windows`` on. Those rows are kept that have
        begun to come when its reading ends, less those that were finished before it began.
        """
        height, windows = self.shape[0], self.output_size[0]
        row = np.arange(windows, dtype=np.int64)
        delay = (self.needed_rows * windows - row * height).max()  # In 1 / (height * windows).
        begun = -(-(delay + (row + 1) * height) // windows)
        return int((begun - self.finished_rows[:-1]).max())

    def freeing_row(self, rows: Int64) -> Int64:
        """Return with which row of windows, read to its end, there is room for rows of the tensor.

        Negative for rows of windows of the image before, counted back from its end.
        """
        height, windows = self.shape[0], self.output_size[0]
        image, released = np.divmod(rows - self.slots + 1, height)
        # Rows of an image are released one after the other, the last ones with its last windows.
        freeing = np.searchsorted(self.finished_rows[1:], released)
        return np.where(released == 0, image * windows - 1, image * windows + freeing)

    @property
    def words(self) -> int:
        """Words of `elements` codes that a row takes, with the columns outside of the tensor."""
        (left, _), (_, width, channels) = self.window.padding[1], self.shape
        last_read = sum((loop.count - 1) * loop.step for loop in self.loops) + self.elements
        last_written = (left + width) * channels
        return -(-max(last_read, last_written) // self.elements)

    @property
    def aligned(self) -> bool:
        """Whether the elements of every beat are one word, instead of parts of two."""
        return all(loop.step % self.elements == 0 for loop in self.loops if loop.count > 1)

    @property
    def memory_shape(self) -> tuple[int, int, int]:
        """Codes of an address, addresses, and number of the memories that hold the rows.

        One memory for all rows, or for each where a beat holds several rows; one for each element
        of a word where beats are not aligned with words.
        """
        apart = self.rows > 1
        lanes = self.elements if self.aligned else 1
        banks = (self.slots if apart else 1) * (self.elements // lanes)
        return lanes, self.words if apart else self.slots * self.words, banks

    @property
    def _top(self) -> Int64:
        rows = np.arange(self.output_size[0], dtype=np.int64)
        return rows * self.window.stride[0] - self.window.padding[0][0]

"""Dot products that are taken in chunks of as many elements as there are lanes."""

from dataclasses import dataclass

from bittrue.golden.errors import UserError

MAXIMUM_LENGTH = 1 << 20
MAXIMUM_LANES = 1 << 10


@dataclass(frozen=True)
class Chunks:
    """The size of a dot product and of its chunks.

    Lanes beyond the length in the last chunk count for nothing, whatever they hold.

    Parameters
    ----------
    length : int
        Elements of a dot product, 1 to 2**20.
    lanes : int
        Elements taken at a time, 1 to 1024.

    Raises
    ------
    UserError
        Naming the parameter, its value and what is allowed.
    """

    length: int
    lanes: int

    def __post_init__(self) -> None:
        if not 1 <= self.length <= MAXIMUM_LENGTH:
            raise UserError(f"length is {self.length!r}; allowed: 1 to {MAXIMUM_LENGTH}")
        if not 1 <= self.lanes <= MAXIMUM_LANES:
            raise UserError(f"lanes is {self.lanes!r}; allowed: 1 to {MAXIMUM_LANES}")

    @property
    def chunks(self) -> int:
        """How many chunks there are: beats of one dot product, or of one pair of bit planes."""
        return -(-self.length // self.lanes)

    @property
    def tail(self) -> int:
        """Lanes that count in the last chunk."""
        return self.length - (self.chunks - 1) * self.lanes

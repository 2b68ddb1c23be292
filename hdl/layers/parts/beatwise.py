"""What circuits with one beat out for each beat in have in common."""

from collections.abc import Mapping

from amaranth.lib import wiring

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.layers.parts.codes import elements_through_beat


class Beatwise(wiring.Component):
    """A component whose `k`-th beat out takes the `k`-th beat in and no other.

    Parameters
    ----------
    members : mapping of str to Member
        Its ports.
    lanes : int
        Elements of a beat, in and out.
    """

    def __init__(self, members: Mapping[str, wiring.Member], lanes: int) -> None:
        self.lanes = lanes
        super().__init__(members)

    def inputs_needed(self, outputs: Int64) -> Int64:
        """Return how many elements must have been accepted before each output can leave.

        Parameters
        ----------
        outputs : ndarray of int64
            Numbers of elements of an image, from 0.
        """
        return elements_through_beat(outputs // self.lanes, self.lanes)

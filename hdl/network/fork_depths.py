"""How much must wait where streams part and meet again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.network.largest_gap import largest_gap

Need = Callable[[Int64], Int64]
"""Places of elements in a stream, from 0, to how many elements of an earlier stream they need.

Places run on from image to image. Later ones need no less: what has left cannot wait for anything.
"""

_SLACK = 64
"""Elements on top, for the cycles that elements spend in the pipelines of a branch."""


@dataclass(frozen=True, eq=False)
class Dependence:
    """What one input of a layer contributes to its output.

    Parameters
    ----------
    source, output : str
        Tensors.
    source_elements, output_elements : int
        Of an image.
    needed : callable
        Places of output elements within an image to the elements of the input that each needs.
    ahead : int
        Output elements whose input the layer takes early, so that it never waits.
    """

    source: str
    output: str
    source_elements: int
    output_elements: int
    needed: Callable[[Int64], Int64]
    ahead: int = 0

    def need(self, ahead: bool) -> Need:
        """Return the need over all images, what is taken early included if so asked."""

        def over_images(places: Int64) -> Int64:
            image, place = np.divmod(places + self.ahead * ahead, self.output_elements)
            return image * self.source_elements + self.needed(place)

        return over_images


def branch_depths(branches: Sequence[Dependence], downstream: Sequence[Dependence]) -> list[int]:
    """Return how many elements each branch of a fork must be able to hold.

    Where branches meet again, an output waits for the branch that needs most elements of the
    fork. The fork passes them to all branches at once, so every other branch must accept them
    too: what it does not need for that output itself has to wait in a FIFO. With at least the
    returned depth no pattern of stalls can block the fork for good.

    Parameters
    ----------
    branches : sequence of Dependence
        Each reads the forked tensor.
    downstream : sequence of Dependence
        Of all layers that follow, each after those it depends on.

    Returns
    -------
    list of int
        Elements, for each branch; 0 for one that meets no other.
    """
    needs = elements_needed(branches, downstream)
    wishes = [_needs(branch, downstream, ahead=True) for branch in branches]
    depths = [0] * len(branches)
    for tensor, elements in _meetings(branches, downstream, needs).items():
        meeting = [index for index, need in enumerate(needs) if tensor in need]
        most = reduce(_larger, (wishes[index][tensor] for index in meeting))
        for index in meeting:
            waiting = int(largest_gap(most, needs[index][tensor], elements)) + _SLACK
            depths[index] = max(depths[index], waiting)
    return depths


def elements_needed(
    readers: Sequence[Dependence], downstream: Sequence[Dependence]
) -> list[Mapping[str, Need]]:
    """Return, for each reader of a tensor, what every tensor that it reaches needs of that one.

    Parameters
    ----------
    readers : sequence of Dependence
    downstream : sequence of Dependence
        As in `branch_depths`.
    """
    return [_needs(reader, downstream, ahead=False) for reader in readers]


def _meetings(
    branches: Sequence[Dependence],
    downstream: Sequence[Dependence],
    needs: Sequence[Mapping[str, Need]],
) -> dict[str, int]:
    """Return the tensors, with their sizes, whose makers read from different branches."""
    sources: dict[str, set[frozenset[int]]] = {}
    sizes: dict[str, int] = {}
    for index, branch in enumerate(branches):
        sources.setdefault(branch.output, set()).add(frozenset({index}))
        sizes[branch.output] = branch.output_elements
    for each in downstream:
        reaching = frozenset(index for index, need in enumerate(needs) if each.source in need)
        if reaching:
            sources.setdefault(each.output, set()).add(reaching)
            sizes[each.output] = each.output_elements
    return {tensor: sizes[tensor] for tensor, kinds in sources.items() if len(kinds) > 1}


def _needs(branch: Dependence, downstream: Sequence[Dependence], ahead: bool) -> Mapping[str, Need]:
    """Return, for every tensor that a branch reaches, what it needs of the forked one."""
    needs: dict[str, Need] = {branch.output: branch.need(ahead)}
    for each in downstream:
        if each.source in needs:
            through = _composed(needs[each.source], each.need(ahead))
            present = needs.get(each.output)
            needs[each.output] = _larger(present, through) if present else through
    return needs


def _composed(earlier: Need, later: Need) -> Need:
    return lambda places: earlier(later(places) - 1)


def _larger(one: Need, other: Need) -> Need:
    return lambda places: np.maximum(one(places), other(places))

"""What commands feed a network: the codes of files, or random ones."""

from collections.abc import Sequence

from bittrue.building import random_images
from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.arguments.end_files import read_inputs
from bittrue.golden.errors import UserError
from bittrue.golden.graph import Graph


def stimulus_of(
    graph: Graph, files: Sequence[str], images: int | None, seed: int, default: int
) -> dict[str, Codes]:
    """Return the codes of files, or random ones.

    Parameters
    ----------
    graph : Graph
    files : sequence of str
        As ``--input`` was given; see `flows.arguments.end_files.read_inputs`.
    images : int, optional
        As ``--images`` was given: the first of those in the files, or so many random ones.
    seed : int
        Of random ones.
    default : int
        How many random ones, where `images` is not given.

    Returns
    -------
    dict of str to ndarray of integers, shape (images, *shape in the graph)
        By input.

    Raises
    ------
    UserError
        Naming the option or the file.
    """
    if images is not None and images < 1:
        raise UserError(f"--images is {images}; allowed: at least 1")
    if not files:
        if seed < 0:
            raise UserError(f"--seed is {seed}; allowed: 0 or more")
        return random_images(graph, images or default, seed)
    given = read_inputs(graph, files)
    count = len(next(iter(given.values())))
    if images is not None and images > count:
        raise UserError(f"--images is {images}; {' '.join(files)} has {count}")
    return {name: codes[:images] for name, codes in given.items()}

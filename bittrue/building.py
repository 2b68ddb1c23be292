"""A planned network as a folder of Verilog."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from bittrue.flows.arguments.code_files import Codes
from bittrue.flows.building.accelerator import CLOCK_MHZ, Accelerator
from bittrue.flows.building.decisions import Earlier, is_same_circuit
from bittrue.flows.building.output_folder import MANIFEST, check_replaceable, write_accelerator
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.cut import Cut
from bittrue.golden.graph import Graph
from bittrue.networks import input_codes
from bittrue.planning import Plan


def build(
    plan: Plan,
    folder: str | Path,
    name: str = "network",
    images: ArrayLike | Mapping[str, ArrayLike] | int = 2,
    seed: int = 1,
    cut: Cut | None = None,
    clock: float = CLOCK_MHZ,
) -> Path:
    """Write the Verilog of a network, and everything that belongs to it.

    Parameters
    ----------
    plan : Plan
    folder : str or Path
        New, empty, or an earlier output, which is replaced when the new one is complete.
    name : str
        With which all modules and files begin: ``accelerator_NAME``.
    images : array, mapping of str to array, or int
        Samples for the testbench in the folder, as `predict` takes them; or how many random ones.
    seed : int
        Of the random ones.
    cut : golden.frontends.cut.Cut, optional
        What of the network's file the host computes, for the manifest.
    clock : float
        MHz that the scripts for synthesis ask for.

    Returns
    -------
    Path
        The manifest, which describes the folder.

    Raises
    ------
    UserError
        If something else is in the folder, or the images are not the network's.
    ExecutionError
        If a program is missing or the folder cannot be written.

    Examples
    --------
    >>> import bittrue, json
    >>> plan = bittrue.plan(bittrue.load("small.bittrue"), "ecp5-25f", cycles=12)
    >>> manifest = bittrue.build(plan, "verilog", name="small")
    >>> manifest.as_posix()
    'verilog/manifest.json'
    >>> json.loads(manifest.read_text())["initiation_interval"]
    12
    >>> (manifest.parent / "verilog" / "accelerator_small.v").exists()
    True
    """
    # Only now, because importing torch takes seconds.
    from bittrue.golden.executor.execute import Executor

    target = Path(folder)
    check_replaceable(target)
    graph = plan.graph
    stimulus = (
        random_images(graph, images, seed)
        if isinstance(images, int)
        else input_codes(graph, images, "images")
    )
    accelerator = _accelerator(plan, name, clock)
    expected = Executor(graph).run(stimulus)
    device = plan.device
    write_accelerator(
        target, accelerator, device.name or "budget", device.part, stimulus, expected, cut
    )
    return target / MANIFEST


def _accelerator(plan: Plan, name: str, clock: float) -> Accelerator:
    """Return the design of a plan: that of the accelerator it is like, where its Verilog is."""
    own = Accelerator(name, plan.circuits, plan.shell, clock)
    if plan.like is None:
        return own
    earlier = Earlier.read(plan.like)
    same = replace(own, given_build=earlier.build)
    if not is_same_circuit(same.design().verilog, earlier):
        return own
    return replace(same, given_verilog=earlier.verilog)


def random_images(graph: Graph, images: int, seed: int) -> dict[str, Codes]:
    """Return random codes of a network's inputs, the same for the same seed.

    Raises
    ------
    UserError
        If there are to be none, or the seed is negative.
    """
    if images < 1:
        raise UserError(f"images is {images}; allowed: at least 1")
    if seed < 0:
        raise UserError(f"seed is {seed}; allowed: 0 or more")
    generator = np.random.default_rng(seed)
    return {
        tensor.name: generator.integers(
            tensor.minimum, tensor.maximum, (images, *tensor.shape), endpoint=True
        )
        for tensor in graph.inputs
    }

"""Building benches with Icarus Verilog."""

from collections.abc import Sequence
from pathlib import Path

from bittrue.flows.simulation.simulators.build_once import BuildError, build_once, digest
from bittrue.flows.simulation.simulators.toolchain import tool_versions
from bittrue.golden.child_process import run_program, what_failed

PROGRAM = "sim.vvp"


def build(name: str, sources: Sequence[Path], top: str, folder: Path, waves: bool = False) -> Path:
    """Build a bench, unless one of the same sources and tools is there already.

    Parameters
    ----------
    name : str
        Beginning of the build folder's name.
    sources : sequence of Path
        Verilog files.
    top : str
        Top module.
    folder : Path
        Where build folders go.
    waves : bool
        Whether the bench can write waves.

    Returns
    -------
    Path
        The build folder; the simulation is its ``sim.vvp``.

    Raises
    ------
    BuildError
        With what Icarus said.
    """
    switches = ["-g2012", "-s", top, *(["-DWAVES"] if waves else [])]
    texts = [source.read_text() for source in sources]
    key = digest([*tool_versions("icarus"), *switches, *texts])

    def build_in(partial: Path) -> None:
        command = ["iverilog", "-o", PROGRAM, *switches]
        finished = run_program([*command, *(str(source.resolve()) for source in sources)], partial)
        if finished.returncode:
            raise BuildError(f"iverilog failed: {what_failed(finished.stderr)}")

    return build_once(folder / f"{name}-{key}-icarus", build_in)

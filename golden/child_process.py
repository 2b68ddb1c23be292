"""Programs that are run to their end, or ended with all they started if nobody waits for it."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from bittrue.golden.errors import ExecutionError

_GRACE = 1.5
"""Seconds that a program has to end by itself."""

_running: set[int] = set()
"""Groups of processes at work, each by the process that leads it."""


def run_program(
    command: Sequence[str],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
    output: IO[str] | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program, as `subprocess.run` does, in a group of processes of its own.

    Whatever ends the wait, an interruption or the time, ends the program and all it started.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    folder : Path, optional
        Its working directory.
    environment : mapping, optional
        Its environment variables.
    text : str, optional
        What it reads; nothing by default.
    output : file, optional
        Where it writes to, errors included; else both streams are returned.
    timeout : float, optional
        Seconds after which it is ended.

    Raises
    ------
    ExecutionError
        If the program is missing or cannot be run.
    subprocess.TimeoutExpired
        If it was ended for the time.
    """
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if output is not None:
        streams = {"stdout": output, "stderr": subprocess.STDOUT}
    try:
        with _interrupted_later() as raise_if_interrupted:
            process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                text=True,
                start_new_session=True,
                **streams,
            )
            _running.add(process.pid)
    except OSError as error:
        raise ExecutionError(f"{command[0]}: {error.strerror}; the program cannot be run") from None
    try:
        raise_if_interrupted()
        said, complained = process.communicate(text, timeout)
    except BaseException:
        _end(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):  # What was left to be written has no reader.
                    stream.close()
        raise
    finally:
        _running.discard(process.pid)
    return subprocess.CompletedProcess(list(command), process.returncode, said, complained)


def what_failed(said: str, lines: int = 3) -> str:
    """Return what a program said of its failure in one line: its errors, else its last lines."""
    everything = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in everything if "error" in line.lower()]
    return " / ".join(errors[:lines] or everything[-lines:]) or "it said nothing"


def kill_programs() -> None:
    """End every program that is running, and all they started, at once."""
    for leader in tuple(_running):
        _kill(leader)


def _end(process: subprocess.Popen[str]) -> None:
    """End a program, which may have to end others first, and all it started."""
    with suppress(ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGINT)
        process.wait(_GRACE)
    _kill(process.pid)
    process.wait()


def _kill(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


@contextmanager
def _interrupted_later() -> Iterator[Callable[[], None]]:
    """Put an interruption off while a program starts and is not known yet; yield what makes up."""
    came: list[int] = []

    def raise_if_interrupted() -> None:
        if came:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not callable(before):  # It does not arrive here, or is ignored.
        yield raise_if_interrupted
        return
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield raise_if_interrupted
    finally:
        signal.signal(signal.SIGINT, before)

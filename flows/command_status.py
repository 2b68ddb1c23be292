"""How every command ends: with a status that says why, and within seconds when told to."""

import _thread
import os
import select
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from bittrue.golden.child_process import kill_programs
from bittrue.golden.errors import ExecutionError, UserError

EXIT_DIFFERENCE = 1
EXIT_USER_ERROR = 2
EXIT_NOT_DONE = 3
EXIT_FAULT = 4

STATUSES = """\
exit status:
  0    done, and every comparison was equal
  1    it ran, and found a difference
  2    what was given cannot be used
  3    it could not be done: a program is missing or failed, a folder cannot be written
  4    a fault of bittrue's own, whose trace is printed
  130  interrupted; 128 + N by another signal N, 141 if nobody reads what is printed
"""
"""Shown by ``--help``."""

_GRACE = 4.0
"""Seconds that an interrupted command has to tidy up; then it is ended."""

_SWALLOWED = 0
"""Stands for an interruption that was lost, among the numbers of signals."""


class _Ended(Exception):  # noqa: N818
    """A signal other than SIGINT asked the command to end."""


def status_of(name: str, command: Callable[[], int]) -> int:
    """Run a command and return its exit status; errors are told in one line.

    Parameters
    ----------
    name : str
        Of the command, in front of the line.
    command : callable
        Returns 0, or 1 for a difference.
    """

    def tell(message: object) -> None:
        print(f"{name}: {message}", file=sys.stderr)

    came: list[int] = []
    try:
        with _ending_in_time(name, came):
            result = command()
            sys.stdout.flush()
            return result
    except UserError as error:
        tell(error)
        return EXIT_USER_ERROR
    except ExecutionError as error:
        tell(error)
        return EXIT_NOT_DONE
    except (KeyboardInterrupt, _Ended):
        return _interrupted(name, came)
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        if came:
            return _interrupted(name, came)
        place = f"{error.filename}: " if error.filename is not None else ""
        tell(f"{place}{error.strerror or error}")
        return EXIT_NOT_DONE
    except Exception:
        if came:  # Libraries turn an interruption into errors of their own, in imports above all.
            return _interrupted(name, came)
        traceback.print_exc()
        tell("this is a fault of bittrue's own; please report it with the lines above")
        return EXIT_FAULT


def _nobody_reads() -> int:
    """End as programs do whose output goes to one that has ended, such as ``head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # For the flush at the end.
    return 128 + signal.SIGPIPE


def _interrupted(name: str, came: list[int]) -> int:
    print(f"{name}: interrupted; nothing half-done is left behind", file=sys.stderr)
    return 128 + (came[0] if came else signal.SIGINT)


@contextmanager
def _ending_in_time(name: str, came: list[int]) -> Iterator[None]:
    """Make SIGINT, SIGTERM and SIGHUP end the command, whatever it is doing.

    Python raises an exception at the next chance, which may be long after, and which code that
    catches everything can lose: a ``__del__`` method, as many of Amaranth's objects have, a bare
    ``except``. So one that was lost is raised again, and what does not end in time is ended.

    Parameters
    ----------
    name : str
    came : list of int
        Receives the signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)
        warnings.simplefilter("ignore")  # Of what is left half-done, as of circuits never used.
        raise KeyboardInterrupt if number == signal.SIGINT else _Ended

    handlers = {
        number: signal.signal(number, end)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        # Ignored signals stay so, as behind nohup, and those that somebody else handles.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    }
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    hook = sys.unraisablehook

    def raise_again(lost: "sys.UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, (KeyboardInterrupt, _Ended)):
            os.write(writer, bytes([_SWALLOWED]))
        else:
            hook(lost)

    sys.unraisablehook = raise_again
    numbers = frozenset(handlers)
    watch = threading.Thread(target=_watch, args=(name, reader, numbers), daemon=True)
    watch.start()
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(writer)


def _watch(name: str, reader: int, numbers: frozenset[signal.Signals]) -> None:
    """End the process if it goes on for long after a signal."""
    deadline, status = None, 0
    while True:
        waits = None if deadline is None else max(deadline - time.monotonic(), 0)
        if not select.select([reader], [], [], waits)[0]:
            kill_programs()
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"{name}: ended\n".encode())
            os._exit(status)
        received = os.read(reader, 64)
        if not received:
            os.close(reader)
            return
        if deadline is None and any(number in numbers for number in received):
            deadline = time.monotonic() + _GRACE
            status = 128 + next(number for number in received if number in numbers)
        if _SWALLOWED in received:
            time.sleep(0.01)  # Until whoever lost it has returned.
            _thread.interrupt_main()

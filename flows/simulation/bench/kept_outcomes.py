"""Outcomes of simulations, kept by the content of all that they follow from."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bittrue.flows.simulation.bench.cosimulation import Outcome

_ARRAYS = ("outputs", "cycles")


def kept_or_made(path: Path, make: Callable[[], list[Outcome]]) -> tuple[list[Outcome], bool]:
    """Return outcomes from a file, or make them and write it; and whether they were there.

    Parameters
    ----------
    path : Path
        Its name is a digest of all that the outcomes follow from. A file that cannot be read is
        made anew.
    make : callable
        Runs the simulation.
    """
    try:
        return _read(path), True
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        outcomes = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, outcomes)
    return outcomes, False


def _write(path: Path, outcomes: Sequence[Outcome]) -> None:
    arrays: dict[str, Any] = {}
    plain = []
    for number, outcome in enumerate(outcomes):
        arrays |= {
            f"{number}/outputs/{stream}/{field}": values
            for stream, columns in outcome.outputs.items()
            for field, values in columns.items()
        }
        arrays |= {f"{number}/cycles/{name}": each for name, each in outcome.cycles.items()}
        record = asdict(outcome)
        plain.append({key: value for key, value in record.items() if key not in _ARRAYS})
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        np.savez_compressed(file, plain=np.array(json.dumps(plain)), **arrays)
    os.replace(file.name, path)


def _read(path: Path) -> list[Outcome]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        plain = json.loads(str(stored["plain"]))
        outcomes = [Outcome(outputs={}, cycles={}, **record) for record in plain]
        for name in stored.files:
            number, *place = name.split("/", 3)
            if place[:1] == ["cycles"]:
                outcomes[int(number)].cycles[name.split("/", 2)[2]] = stored[name]
            elif place:
                stream, field = place[1:]
                outcomes[int(number)].outputs.setdefault(stream, {})[field] = stored[name]
    return outcomes

"""Read mutated files of a format: each must be taken or refused in one line, quickly.

    python -m tests.support.fuzz FORMAT [FILES] [SEED]

reads 20,000 files by default. Any other exception, a warning, a file that takes longer than
`SECONDS` of a processor (what else the machine does is no fault of a file), or more than `MEMORY`
bytes in all, is a failure; the file is then written to the folder of the machine's temporary files
and named.
"""

import io
import re
import resource
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import onnx
from rich.progress import track

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import PROFILES as ONNX_PROFILES
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.frontends.onnx.no_integer_kernel import FloatingPointWarning
from bittrue.golden.frontends.tflite import PROFILES, convert_tflite
from bittrue.golden.graph import file
from tests.support.onnx_fixtures import BOTH, QDQ, model, random_network
from tests.support.paths import QONNX_EXPORTS
from tests.support.tflite_fixtures import FIXTURES
from tests.support.tflite_states import STREAMING

SECONDS = 10
MEMORY = 4 << 30

# What lengths, offsets and enumerations go wrong with.
_WORDS = (0, 1, 2, 3, 127, 128, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(content: bytes, generator: np.random.Generator) -> bytes:
    """Return a file with a few bytes, words or stretches changed."""
    mutated = bytearray(content)
    for _ in range(generator.integers(1, 4)):
        place = int(generator.integers(len(mutated)))
        match generator.integers(6):
            case 0:
                mutated[place] = generator.integers(256)
            case 1:
                mutated[place] ^= 1 << generator.integers(8)
            case 2 | 3:
                aligned = place & ~3
                word = int(generator.choice(_WORDS))
                mutated[aligned : aligned + 4] = word.to_bytes(4, "little")
            case 4:
                other = int(generator.integers(len(mutated)))
                length = int(generator.integers(1, 65))
                mutated[place : place + length] = mutated[other : other + length]
            case _:
                mutated[place] = (mutated[place] + int(generator.integers(-3, 4))) % 256
        if generator.random() < 0.05:
            del mutated[place : place + int(generator.integers(1, 9))]
        if generator.random() < 0.02 and len(mutated) > 1:
            del mutated[int(generator.integers(1, len(mutated))) :]
        if not mutated:
            return b"\0"
    return bytes(mutated)


@dataclass(frozen=True)
class Format:
    """How files of a format are mutated and read."""

    originals: Callable[[], list[bytes]]
    mutate: Callable[[bytes, np.random.Generator], bytes]
    read: Callable[[bytes, int], object]


def _mutate_tflite(content: bytes, generator: np.random.Generator) -> bytes:
    """Keep the identifier; without it a file is refused at once."""
    mutated = mutate(content, generator)
    return mutated[:4] + b"TFL3" + mutated[8:]


def _mutate_archive(content: bytes, generator: np.random.Generator) -> bytes:
    """Mutate one entry and make the checksums right again, or the archive as it is."""
    if generator.random() < 0.1:
        return mutate(content, generator)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    document = generator.random() < 0.5
    name = "graph.json" if document else str(generator.choice(list(entries)))
    entries[name] = mutate(entries[name], generator)
    mutated = io.BytesIO()
    with zipfile.ZipFile(mutated, "w") as archive:
        for entry, data in entries.items():
            archive.writestr(entry, data)
    return mutated.getvalue()


def _read_tflite(content: bytes, number: int) -> object:
    return convert_tflite(content, list(PROFILES)[number % len(PROFILES)])


def _onnx_models() -> list[bytes]:
    models = [
        model(build, dtype, qoperator)
        for dtype in (np.int8, np.uint8)
        for qoperator in (False, True)
        for build in (BOTH if qoperator else {**BOTH, **QDQ}).values()
    ]
    models += [random_network(seed) for seed in range(4)]
    return [proto.SerializeToString() for proto in models]


def _qonnx_models() -> list[bytes]:
    return [path.read_bytes() for path in sorted(QONNX_EXPORTS.glob("*.onnx"))]


def _mutate_protobuf(content: bytes, generator: np.random.Generator) -> bytes:
    """Mutate bytes, or change fields of the parsed model, which bytes that do not parse hide."""
    if generator.random() < 0.4:
        return mutate(content, generator)
    proto = onnx.ModelProto.FromString(content)
    for _ in range(generator.integers(1, 4)):
        _change_field(proto, generator)
    return proto.SerializeToString()


def _change_field(proto: Any, generator: np.random.Generator) -> None:
    """Change one field, found by a random walk down a message."""
    while True:
        fields = [(field, value) for field, value in proto.ListFields()]
        if not fields:
            return
        field, value = fields[generator.integers(len(fields))]
        repeated = not isinstance(value, (str, bytes, int, float)) and not hasattr(
            value, "ListFields"
        )
        if repeated:
            if not len(value):
                return
            index = int(generator.integers(len(value)))
            item = value[index]
            if not hasattr(item, "ListFields"):
                value[index] = _changed(item, generator)
                return
            choice = generator.random()
            if choice < 0.1:
                del value[index]
                return
            if choice < 0.2:
                value.append(item)
                return
            proto = item
        elif hasattr(value, "ListFields"):
            proto = value
        else:
            with suppress(ValueError, TypeError):  # An enumeration takes few numbers.
                setattr(proto, field.name, _changed(value, generator))
            return


def _changed(value: Any, generator: np.random.Generator) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bytes):
        return mutate(value, generator) if value else b"\0"
    if isinstance(value, str):
        names = ("", "x", "Conv", "Quant", "MatMul", "Reshape", "Concat", "constant_1")
        return str(generator.choice(names))
    if isinstance(value, float):
        return float(generator.choice([0.0, -1.0, 1e-38, 1e38, float("nan"), float("inf")]))
    choices = (0, 1, -1, 2, 3, 7, 8, 127, 1 << 31, (1 << 62) + 1, -(1 << 63), value + 1)
    return int(choices[generator.integers(len(choices))])


def _read_onnx(content: bytes, number: int) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FloatingPointWarning)
        return convert_onnx(content, (None, *ONNX_PROFILES)[number % 3])


FORMATS = {
    "onnx": Format(_onnx_models, _mutate_protobuf, _read_onnx),
    "qonnx": Format(_qonnx_models, _mutate_protobuf, _read_onnx),
    "tflite": Format(
        lambda: [
            *(fixture.model() for fixture in FIXTURES.values()),
            *(make() for make in STREAMING.values()),
        ],
        _mutate_tflite,
        _read_tflite,
    ),
    "bittrue": Format(
        lambda: (
            [
                file.dumps(convert_tflite(fixture.model(1), profile))
                for fixture in FIXTURES.values()
                for profile in fixture.profiles
            ]
            + [file.dumps(convert_tflite(make())) for make in STREAMING.values()]
        ),
        _mutate_archive,
        lambda content, number: file.loads(content),
    ),
}


def _is_told_well(message: str) -> bool:
    """Return whether a message is one line, or a line with one for each kind of obstacle."""
    head, *obstacles = message.split("\n")
    return not obstacles or (
        re.fullmatch(r"\d+ obstacles of \d+ kinds", head) is not None
        and len(obstacles) > 1
        and all(line.startswith("  ") for line in obstacles)
    )


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise `TimeoutError` in what takes more seconds of a processor."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fuzz(
    name: str, files: int, seed: int, progress: bool = False
) -> tuple[Counter[str], list[str], float]:
    """Read mutated files; return the outcomes, the failures, and the longest time."""
    generator = np.random.default_rng(seed)
    chosen = FORMATS[name]
    originals = chosen.originals()
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    longest = 0.0
    numbers = range(files)
    for number in track(numbers, f"mutated .{name} files") if progress else numbers:
        original = originals[int(generator.integers(len(originals)))]
        content = chosen.mutate(original, generator)
        start = time.process_time()
        try:
            with time_limit(SECONDS):
                chosen.read(content, number)
            outcomes["taken"] += 1
        except UserError as error:
            outcomes["refused"] += 1
            if not _is_told_well(str(error)):
                failures.append(f"file {number}: several lines: {error}")
        except BaseException as error:
            outcomes["failed"] += 1
            path = Path(tempfile.gettempdir()) / f"fuzz_{seed}_{number}.{name}"
            path.write_bytes(content)
            failures.append(f"{path}: {type(error).__name__}: {error}")
            if isinstance(error, KeyboardInterrupt):
                break
        longest = max(longest, time.process_time() - start)
    return outcomes, failures, longest


def main(name: str, files: int, seed: int) -> int:
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes, failures, longest = fuzz(name, files, seed, progress=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{sum(outcomes.values())} .{name} files, seed {seed}: {dict(outcomes)}; "
        f"longest {longest:.2f} s, peak memory {peak / 1024:.0f} MB"
    )
    print("\n".join(failures))
    return int(bool(failures))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in FORMATS:
        sys.exit(f"usage: python -m tests.support.fuzz {{{','.join(FORMATS)}}} [FILES] [SEED]")
    numbers = [int(word) for word in sys.argv[2:]]
    sys.exit(main(sys.argv[1], *(numbers + [20_000, 0][len(numbers) :])))

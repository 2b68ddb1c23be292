"""What a quantized digits network depends on."""

import dataclasses
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import bittrue.golden
from bittrue.golden.digits.settings import DigitsSettings
from bittrue.golden.digits.trained import WEIGHTS_FILE, trained_file

SOURCES = (
    "certificates", "codes", "digits", "executor", "files", "frontends/obstacles.py",
    "frontends/torch", "graph", "lowering", "numbers", "quantize", "errors.py", "registry.py",
)  # fmt: skip
"""What takes part in making the network: rooms of golden, and modules beside them."""


def configuration_hash(settings: DigitsSettings) -> str:
    """Return a hash of the settings, the `SOURCES`, weights and libraries' versions."""
    digest = hashlib.sha256()
    digest.update(json.dumps(dataclasses.asdict(settings), default=str, sort_keys=True).encode())
    for library in ("numpy", "scikit-learn", "torch"):
        digest.update(version(library).encode())
    digest.update(trained_file(WEIGHTS_FILE).read_bytes())
    root = Path(bittrue.golden.__file__).parent
    for source in sorted(file for each in SOURCES for file in source_files(root / each)):
        digest.update(source.relative_to(root).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()


def source_files(path: Path) -> list[Path]:
    """Return a module's file, or those of a room."""
    return list(path.rglob("*.py")) if path.is_dir() else [path]

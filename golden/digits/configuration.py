"""What a trained digits network depends on."""

import dataclasses
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import golden
from golden.digits.settings import DigitsSettings, Training


def configuration_hash(settings: DigitsSettings | Training) -> str:
    """Return a hash of the settings, the golden model's source, and the libraries' versions."""
    digest = hashlib.sha256()
    digest.update(json.dumps(dataclasses.asdict(settings), default=str, sort_keys=True).encode())
    for library in ("numpy", "scikit-learn", "torch"):
        digest.update(version(library).encode())
    root = Path(golden.__file__).parent
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()

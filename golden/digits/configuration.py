"""What a quantized digits network depends on."""

import dataclasses
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import golden
from golden.digits.settings import DigitsSettings
from golden.digits.trained import WEIGHTS_FILE, trained_file


def configuration_hash(settings: DigitsSettings) -> str:
    """Return a hash of the settings, the golden model's source, weights and libraries' versions."""
    digest = hashlib.sha256()
    digest.update(json.dumps(dataclasses.asdict(settings), default=str, sort_keys=True).encode())
    for library in ("numpy", "scikit-learn", "torch"):
        digest.update(version(library).encode())
    digest.update(trained_file(WEIGHTS_FILE).read_bytes())
    root = Path(golden.__file__).parent
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()

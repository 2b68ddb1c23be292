"""Reports of commands as JSON."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any


def json_report(content: Any) -> bytes:
    """Return numbers, texts, mappings and sequences of them as the bytes of a JSON file.

    JSON has no infinity and no NaN; null stands for them, such as an SQNR without noise.
    """
    return (json.dumps(_finite(content), indent=1, allow_nan=False) + "\n").encode()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value

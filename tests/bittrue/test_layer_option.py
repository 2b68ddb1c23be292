"""``bittrue build --layer NAME=KIND``."""

import pytest

from bittrue.commands.build import parse_layers
from bittrue.golden.errors import UserError


def test_names_may_hold_an_equals_sign() -> None:
    assert parse_layers(["a/b=1=lut", "y=ternary"]) == {"a/b=1": "lut", "y": "ternary"}


@pytest.mark.parametrize("texts", [["lut"], ["y=lut", "y=dsp"]])
def test_anything_else_is_refused(texts: list[str]) -> None:
    with pytest.raises(UserError, match="allowed: NAME=KIND, once for each layer"):
        parse_layers(texts)

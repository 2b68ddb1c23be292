"""Engines so small that every end of their memories is met."""

from dataclasses import replace

from bittrue.golden.engine.configuration import CONFIGURATIONS

TINY = replace(
    CONFIGURATIONS["small"],
    input_words=150,
    weight_rows=40,
    records=24,
    output_words=80,
    tables=2,
)
WIDE = replace(TINY, pixels=3, lanes=8, outputs=8)

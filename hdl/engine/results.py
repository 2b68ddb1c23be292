"""Words that computations make."""

from amaranth.hdl import signed
from amaranth.lib import data

from bittrue.golden.engine.configuration import EngineConfiguration


def result_layout(engine: EngineConfiguration) -> data.StructLayout:
    """Layout of a word that is made.

    Members: ``address`` in the output memory; ``codes``; ``end``, whether it is the last of its
    instruction.
    """
    return data.StructLayout(
        {
            "address": range(engine.output_words),
            "codes": data.ArrayLayout(signed(8), engine.lanes),
            "end": 1,
        }
    )

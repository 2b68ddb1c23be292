"""Units of the engine, each for one of its configurations."""

from amaranth.lib import wiring

from bittrue.flows.units.unit import Parameter, Unit
from bittrue.golden.engine.configuration import CONFIGURATIONS, read_configuration
from bittrue.hdl.engine.window_walker import WindowWalker
from bittrue.hdl.engine.word_requantizer import WordRequantizer


def _build_requantizer(lanes: int) -> wiring.Component:
    return WordRequantizer(lanes)


def _build_walker(engine: str) -> wiring.Component:
    return WindowWalker(read_configuration(engine))


ENGINE_UNITS: dict[str, Unit] = {
    "engine_requantizer": Unit(
        "accumulators of a word to codes, by records given with them",
        _build_requantizer,
        {"lanes": Parameter("2", int, "codes of a word, at least 1")},
    ),
    "engine_walker": Unit(
        "the addresses of a window that moves over a tile",
        _build_walker,
        {
            "engine": Parameter(
                "small", str, f"one of {', '.join(CONFIGURATIONS)}, or a folder with engine.json"
            )
        },
    ),
}

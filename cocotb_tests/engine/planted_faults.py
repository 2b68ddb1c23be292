"""Faults of the kind that engines have, planted in the circuit: each must be noticed."""

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Module, Signal, Value

from bittrue.golden.engine.instruction import Matrix, Pool, Unit
from bittrue.hdl.engine import compute_unit, engine
from bittrue.hdl.engine.instruction_fields import fields_of
from bittrue.hdl.engine.memories import Memories
from bittrue.hdl.engine.sequencer import Sequencer

Plant = Callable[[pytest.MonkeyPatch], None]

_EVERY = 4
"""Tokens of which one is lost."""


def lost_token(patch: pytest.MonkeyPatch) -> None:
    """Lose one in four of the tokens that COMPUTE sends to STORE."""
    right = engine.Engine._exchange_tokens

    def exchange(self: engine.Engine, m: Module, sequencers: dict[Unit, Sequencer]) -> None:
        right(self, m, sequencers)
        sent = sequencers[Unit.COMPUTE].sends[Unit.STORE]
        number = Signal(range(_EVERY), name="tokens_until_one_is_lost")
        with m.If(sent):
            m.d.sync += number.eq(number + 1)
        with m.If(number == _EVERY - 1):
            m.d.comb += sequencers[Unit.STORE].sent[Unit.COMPUTE].eq(0)

    patch.setattr(engine.Engine, "_exchange_tokens", exchange)


def token_too_many(patch: pytest.MonkeyPatch) -> None:
    """Let COMPUTE begin before what it reads was loaded: one in four times it waits for nothing."""
    right = engine.Engine._dispatch

    def dispatch(self: engine.Engine, m: Module, fetch: Any, sequencers: Any) -> None:
        right(self, m, fetch, sequencers)
        given = sequencers[Unit.COMPUTE].i
        number = Signal(range(_EVERY), name="instructions_until_one_is_early")
        with m.If(given.valid & given.ready):
            m.d.sync += number.eq(number + 1)
        with m.If(number == _EVERY - 1):
            m.d.comb += given.payload.waits.eq(0)

    patch.setattr(engine.Engine, "_dispatch", dispatch)


def stale_double_buffer(patch: pytest.MonkeyPatch) -> None:
    """Let LOAD_0 write over what COMPUTE still reads: it never waits for it."""
    right = engine.Engine._dispatch

    def dispatch(self: engine.Engine, m: Module, fetch: Any, sequencers: Any) -> None:
        right(self, m, fetch, sequencers)
        m.d.comb += sequencers[Unit.LOAD_0].i.payload.waits[Unit.COMPUTE].eq(0)

    patch.setattr(engine.Engine, "_dispatch", dispatch)


def dropped_byte_lane(patch: pytest.MonkeyPatch) -> None:
    """Lose the last byte of the words of one pixel's tile."""
    right = Memories._tiles

    def tiles(self: Memories, m: Module, written: Any) -> None:
        right(self, m, written)
        lanes = self.engine.lanes
        m.d.comb += self.tiles[-1].data.word_select(lanes - 1, 8).eq(0)

    patch.setattr(Memories, "_tiles", tiles)


def wide_tile_edge(patch: pytest.MonkeyPatch) -> None:
    """Take the column behind a tile for one of its own."""
    right = compute_unit.given

    def given(payload: Any, kind: type, content: Value) -> list[Any]:
        statements = right(payload, kind, content)
        if kind in (Matrix, Pool):
            width = fields_of(kind, content).width
            statements.append(payload["width"].eq(width + 1))
        return statements

    patch.setattr(compute_unit, "given", given)


def early_end(patch: pytest.MonkeyPatch) -> None:
    """Tell the end of a computation while its last word is on its way."""

    def tell(self: compute_unit.ComputeUnit, m: Module, ends: Value) -> None:
        m.d.comb += self.done.eq(ends)

    patch.setattr(compute_unit.ComputeUnit, "_tell", tell)


PLANTED: dict[str, Plant] = {
    "a lost token": lost_token,
    "a token too many": token_too_many,
    "a stale double buffer": stale_double_buffer,
    "a dropped byte lane": dropped_byte_lane,
    "a tile wider by one": wide_tile_edge,
    "an end told a cycle early": early_end,
}

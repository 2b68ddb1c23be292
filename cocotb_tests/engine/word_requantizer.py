"""Scenarios for the requantizer of words: records of every kind, against golden's."""

from typing import Any

import numpy as np

from bittrue.flows.simulation.bench.payload import lanes_of
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.engine.record import Records
from bittrue.golden.numbers.arrays import Int64
from bittrue.hdl.engine.word_requantizer import WordRequantizer
from cocotb_tests.bench.streams import every_way, full_speed


def random_records(random: np.random.Generator, count: int) -> Records:
    """Return records with shifts from 0 to 62, and constants as large as they may be."""
    shift = random.integers(0, 63, count)
    half = np.int64(1) << np.maximum(shift - 1, 0)
    largest = (np.int64(1) << 62) - 1
    wild = random.random(count) < 0.3
    low, high = np.sort(random.integers(-128, 128, (2, count)), axis=0)
    return Records(
        bias=random.integers(-(1 << 31), 1 << 31, count),
        multiplier=random.integers(0, 1 << 31, count) >> random.integers(0, 31, count),
        positive=np.where(wild, random.integers(-largest, largest, count), half),
        negative=np.where(wild, random.integers(-largest, largest, count), -half),
        shift=shift,
        zero_point=random.integers(-128, 128, count),
        minimum=np.where(wild, low, -128),
        maximum=np.where(wild, high, 127),
    )


def stimulus(
    random: np.random.Generator, lanes: int, tag: int, count: int
) -> tuple[dict[str, Int64], dict[str, Int64]]:
    """Return words and what becomes of them."""
    records = random_records(random, count * lanes)
    spread = random.integers(-(1 << 31), 1 << 31, count * lanes)
    accumulators = np.where(
        random.random(count * lanes) < 0.5,
        spread >> random.integers(0, 31, count * lanes),
        spread - records.bias,
    )
    accumulators = ((accumulators + (1 << 31)) & ((1 << 32) - 1)) - (1 << 31)
    tags = random.integers(0, 1 << tag, count)
    inputs = lanes_of("accumulators", accumulators.reshape(count, lanes)) | {"tag": tags}
    for name in ("bias", "multiplier", "positive", "negative", "shift", "zero_point", "minimum",
                 "maximum"):  # fmt: skip
        values = getattr(records, name).reshape(count, lanes)
        inputs |= {f"records.{lane}.{name}": values[:, lane] for lane in range(lanes)}
    inputs |= {f"records.{lane}.unused": np.zeros(count, dtype=np.int64) for lane in range(lanes)}
    codes = records.requantize(accumulators).astype(np.int64).reshape(count, lanes)
    return inputs, lanes_of("codes", codes) | {"tag": tags}


def scenarios(
    component: WordRequantizer, parameters: dict[str, Any], seed: int, quick: bool
) -> list[Scenario]:
    """Return random records in bulk, and in every manner."""
    random = np.random.default_rng(seed)
    lanes, tag = component.lanes, component.i.payload.tag.shape().width
    bulk = stimulus(random, lanes, tag, 2_000 if quick else 100_000)
    short = stimulus(random, lanes, tag, 200)
    return [
        full_speed("random", *bulk, component.latency),
        *every_way("short", *short, component.latency, seed),
    ]

"""The ways in which every circuit with one input and one output stream is driven."""

from collections.abc import Callable, Mapping

import numpy as np

from bittrue.flows.simulation.bench.cosimulation import Run
from bittrue.flows.simulation.bench.payload import Columns
from bittrue.flows.simulation.bench.scenario import Scenario
from bittrue.golden.numbers.arrays import Int64

STALL = 96
"""Probability of a pause, in 1/256, where streams stall at random."""


def beats(columns: Columns) -> int:
    """Return the number of beats in columns."""
    return len(next(iter(columns.values())))


def every_way(
    name: str,
    inputs: Columns,
    expected: Columns,
    latency: int,
    seed: int,
    controls: Mapping[str, int] | None = None,
    describe: Callable[[int], str] = "beat {}".format,
    chunks: int | Int64 = 1,
    beside: Mapping[str, Columns] | None = None,
) -> list[Scenario]:
    """Return scenarios that stream the same beats through a circuit in every legal manner.

    At full speed, where each output must come exactly `latency` cycles after its input with no
    bubble; with pauses on the input, on the output, and on both; cut off in mid-stream; reset and
    run to the end; and once more without a reset in between.

    Parameters
    ----------
    name : str
        Of the stimulus.
    inputs, expected : Columns
        Beats of stream ``i``, and what must leave stream ``o``, each for `chunks` of them.
    latency : int
        Cycles from the last input of an output to the output.
    seed : int
        Of the pauses.
    controls : mapping, optional
        Values of plain inputs.
    describe : callable
        Beat number to a description of the element.
    chunks : int or ndarray of int64
        Inputs of an output: the same number for all, or one for each.
    beside : mapping of str to Columns, optional
        Beats of further input streams, which pause as ``i`` does.
    """
    completed = np.broadcast_to(chunks, beats(expected)).cumsum()
    return every_manner(
        name,
        {"i": inputs, **(beside or {})},
        {"o": expected},
        {"o": latency + completed},
        int(completed[-1]) // 2 + latency,
        seed,
        controls,
        describe,
    )


def every_manner(
    name: str,
    inputs: Mapping[str, Columns],
    expected: Mapping[str, Columns],
    cycles: Mapping[str, Int64],
    half: int,
    seed: int,
    controls: Mapping[str, int] | None = None,
    describe: Callable[[int], str] = "beat {}".format,
) -> list[Scenario]:
    """Return the scenarios of `every_way` for a circuit with any streams.

    Parameters
    ----------
    name : str
        Of the stimulus.
    inputs, expected : mapping of str to Columns
        Beats of each stream.
    cycles : mapping of str to ndarray of int64
        When the beats of output streams come at full speed, for those where that is known.
    half : int
        Cycles after which a run that is cut off ends.
    seed, controls, describe
        As in `every_way`.
    """

    def scenario(
        manner: str, i: int = 0, o: int = 0, reset: bool = True, stop_after: int = 0
    ) -> Scenario:
        run = Run(
            inputs=inputs,
            outputs={stream: beats(columns) for stream, columns in expected.items()},
            stall=dict.fromkeys(inputs, i) | dict.fromkeys(expected, o),
            controls=controls or {},
            seed=seed,
            reset=reset,
            stop_after=stop_after,
        )
        timed = {} if i or o else cycles
        return Scenario(f"{name}, {manner}", run, expected, timed, describe)

    return [
        scenario("full speed"),
        scenario("pauses at the input", i=STALL),
        scenario("pauses at the output", o=STALL),
        scenario("pauses at both ends", i=STALL, o=STALL),
        scenario("cut off in mid-stream", i=STALL, o=STALL, stop_after=half),
        scenario("after the reset", i=STALL, o=STALL),
        scenario("back to back without a reset", reset=False),
    ]


def full_speed(
    name: str,
    inputs: Columns,
    expected: Columns,
    latency: int,
    controls: Mapping[str, int] | None = None,
    describe: Callable[[int], str] = "beat {}".format,
    chunks: int | Int64 = 1,
) -> Scenario:
    """Return the full-speed scenario alone, for stimulus in bulk."""
    return every_way(name, inputs, expected, latency, 1, controls, describe, chunks)[0]


def in_chunks(values: Int64, lanes: int, fill: Int64) -> Int64:
    """Cut vectors into beats of so many lanes.

    Parameters
    ----------
    values : ndarray, shape (vectors, length)
    lanes : int
        Elements of a beat.
    fill : ndarray
        Numbers among which the lanes beyond the length choose, in turn.

    Returns
    -------
    ndarray, shape (vectors * chunks, lanes)
    """
    vectors, length = values.shape
    missing = -length % lanes
    filled = np.resize(fill, (vectors, missing))
    return np.concatenate([values, filled], axis=1).reshape(-1, lanes)

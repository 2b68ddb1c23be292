"""What the circuit wrote, compared word by word with golden's execution of the program."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bittrue.flows.simulation.engine.bench import Run, place_of_data
from bittrue.golden.engine.configuration import EngineConfiguration
from bittrue.golden.engine.execute import Engine, transfer_places
from bittrue.golden.engine.instruction import Instruction, Store, Unit

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Stored:
    """What one instruction stores, as golden has it.

    Parameters
    ----------
    number : int
        Of the instruction.
    instruction : Store
    places : ndarray of int64
        First byte of each word in the data region, in order.
    words : ndarray of uint8, shape (words, lanes)
    """

    number: int
    instruction: Store
    places: NDArray[np.int64]
    words: Bytes


class StoreObserver:
    """Collects what a program stores as golden executes it.

    Attributes
    ----------
    stores : list of Stored
        In order.
    """

    def __init__(self) -> None:
        self.stores: list[Stored] = []

    def __call__(self, number: int, instruction: Instruction, engine: Engine) -> None:
        """Note what an instruction has stored; an `Observer` of `Engine.run`."""
        if isinstance(instruction, Store):
            lanes = engine.configuration.lanes
            places = transfer_places(instruction, lanes)
            words = engine.data()[places[:, None] + np.arange(lanes)]
            self.stores.append(Stored(number, instruction, places, words))


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison.

    Parameters
    ----------
    compared, differing : int
        Bytes.
    problems : list of str
        What else is wrong, a line each.
    first_difference : str
        Layer, tile and instruction of the first byte that differs; empty if none does.
    """

    compared: int
    differing: int
    problems: list[str]
    first_difference: str

    @property
    def passed(self) -> bool:
        """Whether bytes were compared, all were equal, and nothing else was wrong."""
        return self.compared > 0 and not self.differing and not self.problems


def compare(
    run: Run,
    stores: Sequence[Stored],
    engine: EngineConfiguration,
    image: bytes,
    layers: Sequence[str],
) -> Verdict:
    """Compare every word that a circuit wrote, its place and the order, with golden.

    Parameters
    ----------
    run : Run
    stores : sequence of Stored
    engine : EngineConfiguration
    image : bytes
        That was executed.
    layers : sequence of str
        Names of the network's layers, by their numbers.
    """
    lanes, base = engine.lanes, place_of_data(len(image), engine.lanes)
    problems = problems_of(run)
    if not stores:
        return Verdict(0, 0, [*problems, "the program stores nothing"], "")
    places = np.array([address for address, _ in run.writes], dtype=np.int64) - base
    words = np.frombuffer(b"".join(word for _, word in run.writes), np.uint8).reshape(-1, lanes)
    wanted_places = np.concatenate([each.places for each in stores])
    wanted = np.concatenate([each.words for each in stores])
    count = min(len(words), len(wanted))
    if len(words) != len(wanted):
        problems.append(f"{len(words)} words were stored, golden stores {len(wanted)}")
    moved = places[:count] != wanted_places[:count]
    wrong = (words[:count] != wanted[:count]) | moved[:, None]
    first = ""
    if wrong.any():
        word, byte = (int(n) for n in np.argwhere(wrong)[0])
        first = _describe(stores, word, byte, words[word], int(places[word]), layers)
    return Verdict(wanted.size, int(wrong.sum()), problems, first)


def problems_of(run: Run) -> list[str]:
    """Return what is wrong with a run that should have ended well."""
    problems = []
    if not run.interrupted:
        ended = sum(len(cycles) for cycles in run.ends.values())
        problems.append(f"the engine did not end; {ended} instructions have")
    if run.registers.get("fault"):
        number = run.registers["fault_instruction"]
        problems.append(f"the engine stopped with fault {run.registers['fault']} at {number}")
    if run.outside:
        problems.append(f"{run.outside} words were read or written where there is no memory")
    return problems


def _describe(
    stores: Sequence[Stored], word: int, byte: int, got: Bytes, place: int, layers: Sequence[str]
) -> str:
    """Return where a word is: layer, tile of the layer, instruction, plane, row and column."""
    before, tiles = 0, dict[int, int]()
    for stored in stores:
        instruction = stored.instruction
        tile = tiles.get(instruction.layer, 0)
        tiles[instruction.layer] = tile + 1
        if word < before + len(stored.places):
            here = word - before
            break
        before += len(stored.places)
    name = layers[instruction.layer] if instruction.layer < len(layers) else ""
    line, column = divmod(here, instruction.run)
    plane, row = divmod(line, instruction.rows)
    where = (
        f"layer {instruction.layer} {name!r}, tile {tile}, instruction {stored.number} "
        f"(Store), plane {plane}, row {row}, word {column}, lane {byte}"
    )
    if place != stored.places[here]:
        return f"{where}: it goes to byte {place} of the data, golden's to {stored.places[here]}"
    values = got.view(np.int8)[byte], stored.words[here].view(np.int8)[byte]
    return f"{where}: it is {values[0]}, golden has {values[1]}"


def layer_ends(run: Run, instructions: Sequence[Instruction], layers: int) -> list[int]:
    """Return the cycle in which the last instruction of each layer ended, from the start on.

    Layers without an instruction end with the one before them.
    """
    queues = {unit: iter(cycles) for unit, cycles in run.ends.items()}
    ends = [0] * layers
    for instruction in instructions[:-1]:
        cycle = next(queues[Unit(instruction.unit)])
        ends[instruction.layer] = max(ends[instruction.layer], cycle - run.begin)
    return np.maximum.accumulate(ends).tolist()

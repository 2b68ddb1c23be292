"""Each instruction against its definition, written once more as plain loops over indices."""

import itertools
from typing import Any

import numpy as np
import pytest

from bittrue.golden.engine.configuration import CONFIGURATIONS
from bittrue.golden.engine.execute import Engine
from bittrue.golden.engine.instruction import (
    Buffer,
    End,
    GreatestChannel,
    Instruction,
    Load,
    Matrix,
    Operation,
    Pool,
    Region,
    Softmax,
    Store,
    Vector,
    Windowed,
)
from bittrue.golden.engine.program import Needs, Program
from bittrue.golden.engine.record import Records
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from bittrue.golden.numbers.softmax import softmax_exponential
from tests.support.exact_requantization import exact

ENGINE = CONFIGURATIONS["small"]
LANES, OUTPUTS = ENGINE.lanes, ENGINE.outputs


def executed(instruction: Instruction, seed: int = 1) -> tuple[Engine, Engine]:
    """Return engines with the same random memories, before and after an instruction."""
    engines = []
    for program in ((End(),), (instruction, End())):
        image = Program(Needs.of(ENGINE, 64), program).encode(b"")
        engine = Engine(ENGINE, image, np.zeros(64, np.uint8), np.random.default_rng(seed))
        engine.records[:] = np.frombuffer(records(seed).packed(), np.uint8).reshape(-1, 32)
        engine.run()
        engines.append(engine)
    return engines[0], engines[1]


def records(seed: int) -> Records:
    """Return records whose codes are spread over their range."""
    random = np.random.default_rng(seed)
    count = ENGINE.records
    return Records(
        bias=random.integers(-3000, 3000, count),
        multiplier=random.integers(1 << 20, 1 << 31, count),
        positive=random.integers(0, 1 << 38, count),
        negative=random.integers(-(1 << 38), 1 << 38, count),
        shift=random.integers(38, 40, count),
        zero_point=random.integers(-20, 20, count),
        minimum=random.integers(-128, -90, count),
        maximum=random.integers(90, 128, count),
    )


def code_of(record: Records, channel: int, total: int) -> int:
    """Requantize by the definition, in Python's integers."""
    total = (total + int(record.bias[channel]) + 2**31) % 2**32 - 2**31
    constant = record.negative[channel] if total < 0 else record.positive[channel]
    scaled = total * int(record.multiplier[channel]) + int(constant) >> int(record.shift[channel])
    code = scaled + int(record.zero_point[channel])
    return max(int(record.minimum[channel]), min(code, int(record.maximum[channel])))


def tap(engine: Engine, window: Windowed, place: tuple[int, ...], plane: int) -> list[int]:
    y, x, i, j = place
    row = y * window.stride_y + i * window.dilation_y + window.top
    column = x * window.stride_x + j * window.dilation_x + window.left
    if not (0 <= row < window.height and 0 <= column < window.width):
        return [window.pad] * LANES
    word = window.input + plane * window.plane + row * window.pitch + column
    return [int(code) for code in engine.input[word]]


WINDOWS: list[dict[str, Any]] = [
    {"kernel_y": 3, "kernel_x": 3, "top": -1, "left": -1, "rows": 5, "columns": 4},
    {"kernel_y": 1, "kernel_x": 2, "stride_y": 2, "stride_x": 3, "rows": 3, "columns": 1},
    {"kernel_y": 2, "kernel_x": 3, "dilation_y": 3, "dilation_x": 2, "rows": 2, "columns": 2,
     "left": -3, "top": 1},
    {"kernel_y": 2, "kernel_x": 2, "top": -9, "left": 40, "rows": 2, "columns": 3},
    {"kernel_y": 1, "kernel_x": 2, "rows": 2, "columns": 6, "height": 0},
    {"kernel_y": 2, "kernel_x": 1, "rows": 4, "columns": 2, "width": 0},
]  # fmt: skip

TILE = {
    "input": 37, "plane": 40, "pitch": 7, "height": 5, "width": 6, "planes": 2, "pad": -9,
    "output": 11,
}  # fmt: skip
STEPS = {"stride_y": 1, "stride_x": 1, "dilation_y": 1, "dilation_x": 1}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("passes", [1, 2])
def test_matrix(window: dict[str, Any], passes: int) -> None:
    fields = TILE | STEPS | window
    matrix = Matrix(**fields, words=2, passes=passes, weights=5, records=4)
    before, after = executed(matrix)
    pixels = matrix.rows * matrix.columns
    expected = before.output.copy()
    for y, x, o in itertools.product(range(matrix.rows), range(matrix.columns), range(OUTPUTS)):
        total, row = 0, matrix.weights
        for _, i, j, p in itertools.product(
            range(passes), range(matrix.kernel_y), range(matrix.kernel_x), range(matrix.planes)
        ):
            weights = before.weights[row].view(np.int8).reshape(OUTPUTS, LANES)[o]
            total += sum(
                code * int(weight)
                for code, weight in zip(tap(before, matrix, (y, x, i, j), p), weights, strict=True)
            )
            row += 1
        word = matrix.output + o // LANES * pixels + y * matrix.columns + x
        expected[word, o % LANES] = code_of(records(1), matrix.records + o, total)
    assert (after.output == expected).all()
    assert len(np.unique(expected[11 : 11 + 2 * pixels])) > 5


def test_matrix_writes_as_many_words_as_asked() -> None:
    matrix = Matrix(**(TILE | STEPS | WINDOWS[0]), words=1, passes=1)
    before, after = executed(matrix)
    changed = (before.output != after.output).any(axis=1)
    assert changed[11:31].all()
    assert not changed[31:].any()


@pytest.mark.parametrize("window", WINDOWS)
def test_pool(window: dict[str, Any]) -> None:
    pool = Pool(**(TILE | STEPS | window), minimum=-100, maximum=90)
    before, after = executed(pool)
    expected = before.output.copy()
    for p, y, x in itertools.product(range(2), range(pool.rows), range(pool.columns)):
        taps = [
            tap(before, pool, (y, x, i, j), p)
            for i, j in itertools.product(range(pool.kernel_y), range(pool.kernel_x))
        ]
        word = pool.output + (p * pool.rows + y) * pool.columns + x
        for lane in range(LANES):
            expected[word, lane] = min(max(max(t[lane] for t in taps), -100), 90)
    assert (after.output == expected).all()


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("repeat", [0, 1])
def test_vector(operation: Operation, repeat: int) -> None:
    vector = Vector(
        a=100, b=300, output=50, words=40, records=8, operation=operation, table_a=1, table_b=3,
        repeat=repeat,
    )  # fmt: skip
    before, after = executed(vector)
    tables = before.tables.view("<i4")
    expected = before.output.copy()
    for word, lane in itertools.product(range(40), range(LANES)):
        a = int(before.input[100 + word, lane])
        b = int(before.input[300 + (0 if repeat else word), lane])
        one, other = int(tables[1, a + 128]), int(tables[3, b + 128])
        short, factor = (int(np.int64(each).astype(np.int16)) for each in (one, other))
        expected[50 + word, lane] = {
            Operation.LOOK_UP: (one + 128) % 256 - 128,
            Operation.ADD: code_of(records(1), 8 + lane, one + other),
            Operation.MULTIPLY: code_of(records(1), 8 + lane, short * factor),
            Operation.MAXIMUM: max(a, b),
            Operation.MINIMUM: min(a, b),
        }[operation]
    assert (after.output == expected).all()


def test_greatest_channel() -> None:
    instruction = GreatestChannel(input=5, plane=9, output=2, pixels=8, channels=7)
    before, after = executed(instruction)
    for pixel in range(8):
        codes = [int(before.input[5 + c // LANES * 9 + pixel, c % LANES]) for c in range(7)]
        assert after.output[2 + pixel].tolist() == [codes.index(max(codes)), 0, 0, 0]


def test_softmax_sums_to_one() -> None:
    """`golden.numbers.softmax` is compared with LiteRT elsewhere; here, where codes come from."""
    engine = Engine(
        ENGINE,
        Program(
            Needs.of(ENGINE, 64),
            (Softmax(input=3, plane=10, output=1, pixels=2, channels=6, table=2), End()),
        ).encode(b""),
        np.zeros(64, np.uint8),
        np.random.default_rng(2),
    )
    engine.tables.view("<i4")[2] = softmax_exponential(0.05, 1.0, 8)
    engine.run()
    for pixel in range(2):
        codes = np.array([engine.input[3 + c // 4 * 10 + pixel, c % 4] for c in range(6)])
        made = np.array([engine.output[1 + c // 4 * 2 + pixel, c % 4] for c in range(6)])
        real = np.exp(0.05 * codes) / np.exp(0.05 * codes).sum()
        assert np.abs((made.astype(int) + 128) / 256 - real).max() <= 1 / 256


@pytest.mark.parametrize(
    ("buffer", "size"),
    [(Buffer.INPUT, 4), (Buffer.WEIGHT, 32), (Buffer.RECORD, 32), (Buffer.TABLE, 1024)],
)
@pytest.mark.parametrize("recentre", [0, 1])
def test_load(buffer: Buffer, size: int, recentre: int) -> None:
    data = np.random.default_rng(0).integers(0, 256, 8192, dtype=np.uint8)
    words = 1024 // LANES
    load = Load(
        address=40, run=words // 4, rows=2, planes=2, row_stride=1000, plane_stride=3000,
        destination=2, buffer=buffer, region=Region.DATA, recentre=recentre,
    )  # fmt: skip
    image = Program(Needs.of(ENGINE, 8192), (load, End())).encode(b"")
    engine = Engine(ENGINE, image, data, np.random.default_rng(0))
    engine.run()
    runs = [data[40 + 3000 * p + 1000 * r :][:256] for p in range(2) for r in range(2)]
    memory = {
        Buffer.INPUT: engine.input.view(np.uint8),
        Buffer.WEIGHT: engine.weights,
        Buffer.RECORD: engine.records,
        Buffer.TABLE: engine.tables,
    }[buffer]
    assert (
        memory[2 : 2 + 1024 // size].tobytes()
        == (np.concatenate(runs) ^ (128 if recentre else 0)).astype(np.uint8).tobytes()
    )


def test_store() -> None:
    data = np.zeros(4096, dtype=np.uint8)
    store = Store(
        address=16, source=9, run=3, rows=2, planes=2, row_stride=100, plane_stride=800, recentre=1
    )
    image = Program(Needs.of(ENGINE, 4096), (store, End())).encode(b"")
    engine = Engine(ENGINE, image, data, np.random.default_rng(3))
    engine.run()
    expected = np.zeros(4096, dtype=np.uint8)
    for number, (p, r) in enumerate(itertools.product(range(2), range(2))):
        words = engine.output[9 + 3 * number : 12 + 3 * number].view(np.uint8)
        expected[16 + 800 * p + 100 * r :][:12] = words.reshape(-1) ^ 128
    assert (data == expected).all()


@pytest.mark.parametrize("seed", range(3))
def test_records_requantize_as_rational_numbers_do(seed: int) -> None:
    """Single rounding half up is one constant for both signs: by unbounded rational numbers."""
    random = np.random.default_rng(seed)
    channels = RequantChannels(
        RequantSpec(roundings=(Rounding.SINGLE_HALF_UP,)),
        random.integers(1 << 30, 1 << 31, 16),
        random.integers(-14, -5, 16),
        random.integers(-60, 60, 16),
    )
    half = 1 << (channels.shift - 1)
    none = np.zeros(16, dtype=np.int64)
    packed = Records(
        none, channels.multiplier, half, half, channels.shift, channels.zero_point,
        channels.minimum, channels.maximum,
    ).packed()  # fmt: skip
    record = Records.unpacked(np.frombuffer(packed, np.uint8).reshape(-1, 32))
    accumulators = random.integers(-(1 << 22), 1 << 22, (200, 16))
    codes = record.requantize(accumulators)
    for row, channel in itertools.product(range(200), range(16)):
        accumulator = int(accumulators[row, channel])
        wanted = exact(accumulator, channels, channel, Rounding.SINGLE_HALF_UP, 0)
        assert codes[row, channel] == wanted

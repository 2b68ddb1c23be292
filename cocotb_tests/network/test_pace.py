"""Images come exactly as often as planned, whatever the network; and a shortage of room shows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bittrue.golden.graph import Encoding, Graph, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.resize_bilinear import Interpolation, ResizeBilinear
from bittrue.golden.graph.slice import Slice
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.numbers.softmax import softmax_exponential
from bittrue.hdl.layers.parts.matrix_layer import MatrixLayer
from cocotb_tests.falsified import falsify
from cocotb_tests.network.builder import INT8, Builder
from cocotb_tests.network.pace import Paced, random_paced, wrong_paces

_POINT = Window((1, 1))


def padded() -> Graph:
    """Return a border between two layers that are busy in every cycle."""
    b = Builder((4, 4, 3))
    first = b.matrix(Convolution, "x", (6, 1, 1, 3), INT8, INT8, window=_POINT)
    border = ((1, 1), (1, 1), (0, 0))
    b.add(Pad(inputs=(first,), output="padded", padding=border, code=0))
    shape = (6, 3, 3, 1)
    return b.graph(
        b.matrix(Convolution, "padded", shape, INT8, INT8, window=Window((3, 3)), groups=6)
    )


def unlike_lanes() -> Graph:
    """Return a border that passes three lanes, after a layer that passes two."""
    b = Builder((4, 4, 3))
    first = b.matrix(Convolution, "x", (6, 1, 1, 3), INT8, INT8, window=_POINT)
    border = ((0, 1), (0, 1), (0, 0))
    return b.graph(b.add(Pad(inputs=(first,), output="padded", padding=border, code=0)))


def softmax_over_pixels() -> Graph:
    """Return softmax at each pixel, which takes longer than what is before it."""
    b = Builder((1, 3, 4))
    first = b.matrix(Convolution, "x", (2, 1, 1, 4), INT8, INT8, window=_POINT)
    table = softmax_exponential(0.1, 1.0, 8)
    return b.graph(b.add(Softmax(inputs=(first,), output="p", exponential=table, type=INT8)))


def mixer() -> Graph:
    """Return a branch that holds many images while they pass its layers."""
    b = Builder((2, 6))
    inner = b.matrix(FullyConnected, "x", (4, 6), INT8, INT8)
    outer = b.matrix(FullyConnected, inner, (6, 4), INT8, INT8)
    return b.graph(b.scaled(Add, INT8, 1, inputs=("x", outer), addends=(Addend(), Addend())))


def excited() -> Graph:
    """Return a product that waits for a mean, with what the whole image decides."""
    b = Builder((4, 5, 3))
    first = b.matrix(Convolution, "x", (6, 1, 1, 3), INT8, INT8, window=_POINT)
    mean = {"axes": (0, 1), "keep_dimensions": True, "encoding": Encoding()}
    means = b.scaled(Mean, INT8, 1, inputs=(first,), **mean)
    gate = b.matrix(Convolution, means, (6, 1, 1, 6), INT8, INT8, window=_POINT)
    encodings = (Encoding(), Encoding(3))
    return b.graph(b.scaled(Multiply, INT8, 1, inputs=(gate, first), encodings=encodings))


def one_above_the_other() -> Graph:
    """Return images joined along their height: one waits until the other has passed."""
    b = Builder((3, 3, 2))
    both = [b.matrix(Convolution, "x", (2, 1, 1, 2), INT8, INT8, window=_POINT) for _ in range(2)]
    return b.graph(b.add(Concat(inputs=tuple(both), output="joined", axis=0)))


def strided_border() -> Graph:
    """Return windows of which the first and the last need few rows, those between many."""
    b = Builder((9, 4, 2))
    first = b.matrix(Convolution, "x", (2, 1, 1, 2), INT8, INT8, window=_POINT)
    window = Window((3, 1), stride=(2, 1), padding=((2, 2), (0, 0)))
    shape = (6, 3, 1, 2)
    return b.graph(b.matrix(Convolution, first, shape, INT8, INT8, window=window))


def halves() -> Graph:
    """Return halves of the channels that each go to a layer of their own, of fewer lanes."""
    b = Builder((6, 1, 32))
    made = []
    for begin in (0, 16):
        taken: dict[str, Any] = {"begin": (0, 0, begin), "size": (6, 1, 16), "stride": (1, 1, 1)}
        half = b.add(Slice(inputs=("x",), output=f"from_{begin}", **taken))
        shape, window = (16, 6, 1, 1), Window((6, 1))
        made.append(b.matrix(Convolution, half, shape, INT8, INT8, window=window, groups=16))
    joined = b.add(Concat(inputs=tuple(made), output="joined", axis=2))
    return b.graph(b.matrix(Convolution, joined, (4, 1, 1, 32), INT8, INT8, window=_POINT))


def picked() -> Graph:
    """Return every other row, and one of them twice, for a layer of fewer lanes."""
    b = Builder((10, 16, 8))
    rows = b.add(Gather(inputs=("x",), output="rows", axis=0, indices=(0, 2, 4, 4, 8)))
    return b.graph(b.matrix(Convolution, rows, (8, 1, 1, 1), INT8, INT8, window=_POINT, groups=8))


def smaller() -> Graph:
    """Return images of half the rows, for a layer of fewer lanes."""
    b = Builder((10, 16, 8))
    rows, columns = (
        Interpolation(places, (0,) * len(places)) for places in ((0, 2, 4, 4, 8), tuple(range(16)))
    )
    more: dict[str, Any] = {"rows": rows, "columns": columns, "fraction_bits": 7}
    more["encoding"] = Encoding()
    resized = b.scaled(ResizeBilinear, INT8, 1, inputs=("x",), **more)
    shape = (8, 1, 1, 1)
    return b.graph(b.matrix(Convolution, resized, shape, INT8, INT8, window=_POINT, groups=8))


CASES: dict[str, tuple[Callable[[], Graph], int]] = {
    "padded": (padded, 108),
    "unlike_lanes": (unlike_lanes, 60),
    "softmax": (softmax_over_pixels, 207),
    "mixer": (mixer, 12),
    "excited": (excited, 60),
    "concat": (one_above_the_other, 36),
    "strided": (strided_border, 72),
    "halves": (halves, 48),
    "picked": (picked, 160),
    "smaller": (smaller, 160),
}

SEEDS = (69,)
"""Of random networks; `cocotb_tests.network.every_pace` tries many."""


def paced(name: str) -> Paced:
    make, cycles = CASES[name]
    return Paced.of(name, make(), cycles)


def test_images_come_as_often_as_planned(any_simulator: str, builds: Path, tmp_path: Path) -> None:
    networks = {name: paced(name) for name in CASES}
    unlike = networks["unlike_lanes"].network
    assert [unlike.spec.lanes_of(name) for name in unlike.layers] == [2, 3]
    networks |= {f"random_{seed}": random_paced(seed) for seed in SEEDS}
    assert wrong_paces(networks, any_simulator, builds, tmp_path) == {}


@pytest.mark.regress
def test_images_that_come_late_are_noticed(
    any_simulator: str, builds: Path, tmp_path: Path
) -> None:
    """Negative control: FIFOs of a few beats, and a window that keeps a row less."""
    late = {"padded", "mixer", "excited", "concat", "strided", "halves", "picked", "smaller"}
    networks = {name: paced(name) for name in sorted(late | {"softmax"})}
    for name in sorted(late - {"strided"}):
        network = networks[name].network
        # With less than a whole image beside its mean, nothing would ever come.
        room = 4 * 5 * 6 if name == "excited" else 1
        depths = network.connections.depths
        shallow = {edge: min(depth, room) for edge, depth in depths.items()}
        falsify(network.connections, depths=shallow)
    *_, last = networks["strided"].network.layers.values()
    assert isinstance(last, MatrixLayer)
    kind = type(last.spec.window)
    fewer = type("Fewer", (kind,), {"slots": property(lambda spec: kind.slots.fget(spec) - 1)})  # type: ignore[attr-defined]
    object.__setattr__(last.spec.window, "__class__", fewer)
    assert wrong_paces(networks, any_simulator, builds, tmp_path).keys() == late

"""Networks that keep state between calls, as circuits are tested with."""

from bittrue.golden.graph import Graph, State, Window
from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.slice import Slice
from bittrue.golden.numbers.integer_type import IntegerType
from cocotb_tests.network.builder import INT8, Builder

INT16 = IntegerType(16, True)
_SUM = {"addends": (Addend(), Addend())}


def _graph(b: Builder, states: dict[str, str], *outputs: str) -> Graph:
    """Return what was built, with inputs but the first as states that become other tensors."""
    first, *kept = b.inputs
    held = tuple(
        State(
            f"{tensor.name} kept",
            tensor,
            states[tensor.name],
            b.rng.integers(tensor.minimum, tensor.maximum, tensor.shape, endpoint=True),
        )
        for tensor in kept
    )
    return Graph((first,), tuple(b.nodes), outputs, states=held)


def streaming_convolution(kept: int = 2, channels: int = 4) -> Graph:
    """Return a convolution over this call's row and those before."""
    b = Builder((1, 1, channels))
    b.add_input("before", (kept, 1, channels))
    rows = b.add(Concat(inputs=("before", "x"), output="rows", axis=0))
    part = {"begin": (1, 0, 0), "size": (kept, 1, channels), "stride": (1, 1, 1)}
    after = b.add(Slice(inputs=(rows,), output="after", **part))
    window = Window((kept + 1, 1))
    shape = (3, kept + 1, 1, channels)
    return _graph(
        b, {"before": after}, b.matrix(Convolution, rows, shape, INT8, INT8, window=window)
    )


def running_sum(kind: IntegerType, elements: int) -> Graph:
    """Return what adds to what the call before gave."""
    b = Builder((elements,), kind=kind)
    b.add_input("before", (elements,), kind)
    total = b.scaled(Add, kind, 1, inputs=("x", "before"), **_SUM)
    return _graph(b, {"before": total}, total)


def recurrent(inputs: int = 6, units: int = 4) -> Graph:
    """Return a dense layer of this call's input and of what it made in the call before."""
    b = Builder((inputs,))
    b.add_input("before", (units,))
    both = b.add(Concat(inputs=("x", "before"), output="both", axis=0))
    made = b.matrix(FullyConnected, both, (units, inputs + units), INT8, INT8)
    return _graph(b, {"before": made}, made)


def several() -> Graph:
    """Return a line of delays of two calls and a sum, with two outputs."""
    b = Builder((8,))
    for name in ("one", "two", "total"):
        b.add_input(name, (8,))
    late = b.scaled(Add, INT8, 1, inputs=("x", "two"), **_SUM)
    total = b.scaled(Add, INT8, 1, inputs=("total", late), **_SUM)
    return _graph(b, {"one": "x", "two": "one", "total": total}, late, total)

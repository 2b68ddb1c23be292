"""Networks of .tflite files that keep state between calls, against the runtimes; and refusals."""

from collections.abc import Callable

import numpy as np
import onnxruntime
import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.export import export_onnx
from bittrue.golden.frontends.tflite import convert_tflite
from bittrue.golden.graph import file
from tests.support.tflite_comparison import assert_equal, inputs_of
from tests.support.tflite_fixtures import LITERT, MICRO, XNNPACK, FixtureBuilder
from tests.support.tflite_states import (
    INT8_SVDF,
    SCALE,
    STREAMING,
    ZERO,
    call_once,
    initial_codes,
    several,
    streaming_convolution,
)

_CASES = [
    (title, profile)
    for title in STREAMING
    for profile in (LITERT, MICRO, XNNPACK)
    if profile != XNNPACK or title not in ("running sum, int16", "several")  # No 16-bit additions.
]


@pytest.mark.parametrize(("title", "profile"), _CASES)
def test_calls_equal_those_of_the_runtime_without_a_reset(title: str, profile: str) -> None:
    graph = assert_equal(STREAMING[title](), profile, samples=30)
    assert graph.states


@pytest.mark.parametrize("title", INT8_SVDF)
def test_states_of_8_bits_are_those_of_tflite_micro(title: str) -> None:
    graph = assert_equal(INT8_SVDF[title](), MICRO, samples=60)
    assert graph.states
    with pytest.raises(
        UserError, match="with a state of int8; allowed: int8, with states of int16"
    ):
        convert_tflite(INT8_SVDF[title](), LITERT)


@pytest.mark.parametrize("title", STREAMING)
def test_a_call_depends_on_those_before_it(title: str) -> None:
    """Negative control: without its state, or with another in the beginning, it is not equal."""
    graph = convert_tflite(STREAMING[title]())
    inputs = inputs_of(graph, 12)
    executor, outputs = Executor(graph), list(graph.outputs)
    calls = executor.run(inputs)
    alone = executor.run_sequences({name: array[:, None] for name, array in inputs.items()})
    for name in outputs:
        assert np.array_equal(calls[name][0], alone[name][0, 0])
    assert any(not np.array_equal(calls[name], alone[name][:, 0]) for name in outputs)


def test_sequences_begin_anew_and_are_computed_side_by_side() -> None:
    graph = convert_tflite(several())
    inputs = inputs_of(graph, 24)
    batched = {name: array.reshape(4, 6, *array.shape[1:]) for name, array in inputs.items()}
    executor, names = Executor(graph), list(graph.tensors)
    together = executor.run_sequences(batched, names)
    for sequence in range(4):
        one = executor.run({name: array[sequence] for name, array in batched.items()}, names)
        assert all(np.array_equal(one[name], together[name][sequence]) for name in names)
    with pytest.raises(UserError, match="allowed: sequences and calls first"):
        executor.run_sequences({"x": inputs["x"][0]})


def test_states_and_their_initial_codes_are_those_of_the_file() -> None:
    states = {state.name: state for state in convert_tflite(several()).states}
    assert {name: (state.tensor.name, state.assigned) for name, state in states.items()} == {
        "delay 1": ("a", "x"), "delay 2": ("b", "a"), "sum": ("s", "wide y"),
    }  # fmt: skip
    assert np.array_equal(states["delay 2"].initial, initial_codes((8,), seed=2))
    assert str(states["sum"].tensor.type) == "int16"


@pytest.mark.parametrize("title", STREAMING)
def test_files_keep_states(title: str) -> None:
    graph = convert_tflite(STREAMING[title]())
    again = file.loads(file.dumps(graph))
    assert file.dumps(again) == file.dumps(graph)
    inputs = inputs_of(graph, 9)
    expected, result = Executor(graph).run(inputs), Executor(again).run(inputs)
    assert all(np.array_equal(expected[name], result[name]) for name in graph.outputs)


@pytest.mark.parametrize("title", STREAMING)
def test_exported_states_are_inputs_and_outputs(title: str) -> None:
    """ONNX Runtime, handed in each call what the one before gave, computes what golden does."""
    graph = convert_tflite(STREAMING[title]())
    session = onnxruntime.InferenceSession(export_onnx(graph).content)
    inputs = inputs_of(graph, 9)
    expected = Executor(graph).run(inputs)
    states = {state.tensor.name: state.initial[None] for state in graph.states}
    for call in range(9):
        given = {name: array[call : call + 1] for name, array in inputs.items()} | states
        names = [*graph.outputs, *(f"{name}/next" for name in states)]
        made = dict(zip(names, session.run(names, given), strict=True))
        for name in graph.outputs:
            assert np.array_equal(made[name][0], expected[name][call])
        states = {name: made[f"{name}/next"] for name in states}


def test_a_part_keeps_what_its_states_depend_on() -> None:
    graph = convert_tflite(several(), outputs=("sum 0",))
    assert {state.name for state in graph.states} == {"delay 1", "delay 2"}
    whole, part = (convert_tflite(several(), outputs=end) for end in ((), ("sum 0",)))
    inputs = inputs_of(whole, 10)
    expected = Executor(whole).run(inputs, ["sum 0"])
    assert np.array_equal(Executor(part).run(inputs)["sum 0"], expected["sum 0"])


def _one(change: Callable[[FixtureBuilder], list[int]], initialize: bool = True) -> bytes:
    """Return a network whose variable something is wrong with; `change` reads and assigns it."""
    builder = FixtureBuilder(0)
    if initialize:
        call_once(builder).initialize("v", initial_codes((1, 4)), SCALE, ZERO)
    x, y = change(builder)
    return builder.build([x], [y])


def _kept(
    builder: FixtureBuilder,
    read_scale: float = SCALE,
    assigned: tuple[int, ...] = (1, 4),
    constant: bool = False,
) -> list[int]:
    handle = builder.variable("v")
    x = builder.activation("x", np.int8, assigned)
    read = builder.tensor("read", np.int8, (1, 4), read_scale, ZERO)
    y = builder.tensor("y", np.int8, (1, 4), read_scale, ZERO)
    builder.operator("READ_VARIABLE", [handle], [read])
    if constant:
        x_assigned = builder.constant("c", initial_codes((1, 4)), SCALE, ZERO)
        builder.operator("ASSIGN_VARIABLE", [handle, x_assigned], [])
    else:
        builder.operator("ASSIGN_VARIABLE", [handle, x], [])
    builder.operator("RELU", [read], [y])
    return [x, y]


def _late(builder: FixtureBuilder) -> list[int]:
    ends = _kept(builder)
    call_once(builder).initialize("v", initial_codes((1, 4)), SCALE, ZERO)
    return ends


def _computing(builder: FixtureBuilder) -> list[int]:
    first = call_once(builder)
    x, y = (first.tensor(name, np.int8, (1, 4), SCALE, ZERO) for name in "xy")
    first.operator("RELU", [x], [y])
    return _kept(builder)


def _no_variable(builder: FixtureBuilder) -> list[int]:
    x, y = (builder.activation(name, np.int8, (1, 4)) for name in "xy")
    builder.operator("READ_VARIABLE", [x], [y])
    return [x, y]


def _no_subgraph(builder: FixtureBuilder) -> list[int]:
    builder.operator("CALL_ONCE", [], [], "CallOnceOptions", initSubgraphIndex=7)
    return _kept(builder)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "no initialisation": (
        lambda: _one(_kept, initialize=False),
        "READ_VARIABLE 'read': variable 'v' is read before anything initialises it; allowed: an"),
    "initialised late": (
        lambda: _one(_late, initialize=False), "variable 'v' is read before anything initialises"),
    "initialised twice": (lambda: _one(_late), "initialises variable 'v', which an operator befo"),
    "of two scales": (
        lambda: _one(lambda b: _kept(b, read_scale=0.5)), "keeps codes, but they are int8 with sc"),
    "of two shapes": (
        lambda: _one(lambda b: _kept(b, assigned=(1, 5))),
        r"read with shape \(1, 4\) and assigned tensor 'x', which has shape \(1, 5\); they must"),
    "constant": (lambda: _one(lambda b: _kept(b, constant=True)), "'c', which is a constant, in"),
    "computed initialisation": (
        lambda: _one(_computing), "that it calls, operator 0, RELU 'y' computes; allowed: VAR_H"),
    "no variable": (lambda: _one(_no_variable), "'x' is no variable; allowed: what a VAR_HANDLE"),
    "no subgraph": (lambda: _one(_no_subgraph), "CALL_ONCE '': it calls subgraph 7; allowed: an"),
}  # fmt: skip


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_wrong_with_a_variable_is_said(title: str) -> None:
    make, message = REFUSED[title]
    with pytest.raises(UserError, match=message):
        convert_tflite(make())


def test_a_sound_variable_is_not_refused() -> None:
    """What the refused ones are made from is sound but for what is said of them."""
    assert len(convert_tflite(_one(_kept)).states) == 1


def test_a_variable_whose_initial_codes_are_others_is_noticed() -> None:
    """Negative control: zeros are not what the other file begins with."""
    one, other = (convert_tflite(streaming_convolution(zeros)) for zeros in (False, True))
    inputs = inputs_of(one, 3)
    first, second = (Executor(graph).run(inputs)["y"] for graph in (one, other))
    assert not np.array_equal(first[0], second[0])
    assert np.array_equal(first[2], second[2])  # Two calls later both have forgotten it.

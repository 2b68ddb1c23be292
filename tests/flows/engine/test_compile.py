"""Programs of the engine against LiteRT, and against golden's execution of random graphs."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bittrue.flows.arguments.code_files import in_model_layout
from bittrue.flows.engine.check import compare_layers
from bittrue.flows.engine.compile import Compiled, compile_graph
from bittrue.flows.engine.run import run_program
from bittrue.flows.fuzzing.random_graphs import RandomGraph
from bittrue.golden.engine.configuration import CONFIGURATIONS
from bittrue.golden.engine.instruction import Buffer, Instruction, Load, Matrix, Unit
from bittrue.golden.engine.program import Program, ProgramError, decode_program
from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.tflite import convert_tflite
from bittrue.golden.graph import Encoding, FixedPoint, Graph, Tensor
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.mean import Mean
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding
from tests.support.tflite_comparison import Codes, Runtime, inputs_of
from tests.support.tflite_fixtures import FIXTURES, LITERT, FixtureBuilder, depthwise

TIGHT = replace(
    CONFIGURATIONS["small"], input_words=160, weight_rows=160, output_words=64, records=32
)
"""Memories so small that images, channels and rows are cut."""

ENGINES = {**CONFIGURATIONS, "tight": TIGHT}


def run(compiled: Compiled, inputs: Codes, seed: int | None = None) -> Codes:
    return run_program(
        compiled.engine,
        compiled.image,
        compiled.program.needs.data_bytes,
        compiled.inputs,
        compiled.outputs,
        inputs,
        seed,
    )


OF_LITERT = [title for title, fixture in FIXTURES.items() if LITERT in fixture.profiles]

TAKEN = (
    "conv", "conv, relu6", "conv, stride 2 by 3", "conv, dilation", "conv, groups", "conv, int4",
    "conv, uint8", "residual network", "depthwise", "dense", "softmax", "average pool", "max pool",
    "add", "mul", "concat",
)  # fmt: skip
"""Fixtures that are in no case refused."""


@pytest.mark.parametrize("title", OF_LITERT)
def test_networks_compute_what_litert_computes(title: str) -> None:
    model = FIXTURES[title].model()
    graph = convert_tflite(model, LITERT)
    try:
        compiled = compile_graph(graph, CONFIGURATIONS["small"])
    except UserError as error:
        assert title not in TAKEN
        assert str(error).startswith(("layer ", "input ", "output ", "state "))  # noqa: PT017
        return
    inputs = inputs_of(graph, 3)
    outputs = run(compiled, inputs, seed=1)
    given = {name: in_model_layout(graph, name, codes) for name, codes in inputs.items()}
    expected = Runtime(model, LITERT).run(given, list(outputs))
    for name, codes in outputs.items():
        made = in_model_layout(graph, name, codes)
        assert (made == np.asarray(expected[name]).reshape(made.shape)).all(), name


def random_graph(seed: int, length: int) -> Graph:
    return RandomGraph(seed).build(length)


def inputs_for(graph: Graph, seed: int) -> Codes:
    random = np.random.default_rng(seed)
    return {
        tensor.name: random.integers(tensor.minimum, tensor.maximum + 1, (2, *tensor.shape))
        for tensor in graph.inputs
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_random_graphs_are_computed_exactly_in_any_order_of_the_units(engine: str) -> None:
    operators: Counter[str] = Counter()
    compiled_graphs = 0
    for seed in range(150):
        graph = random_graph(seed, 1 + seed % 4)
        try:
            compiled = compile_graph(graph, ENGINES[engine])
        except UserError:
            continue
        inputs = inputs_for(graph, seed)
        tensors = Executor(graph).run(inputs, list(graph.tensors))
        comparison = compare_layers(compiled, graph, tensors)
        assert comparison.passed or not compiled.layers, (seed, comparison.first)
        for name, codes in run(compiled, inputs, seed).items():
            assert (codes == tensors[name]).all(), (seed, name)
        operators.update(node.operator() for node in graph.nodes)
        compiled_graphs += 1
    assert compiled_graphs > 25
    assert len(operators) > 12


@pytest.mark.parametrize(("stride", "rows"), [(1, 4), (2, 5)])
@pytest.mark.parametrize("engine", CONFIGURATIONS)
def test_two_rows_of_depthwise_layers_are_computed_at_once(
    engine: str, stride: int, rows: int
) -> None:
    """A window holds those of both rows; the last row is alone, and planes are not full."""
    image = (1, 13, 18, 21) if stride == 1 else (1, 57, 55, 21)
    model = depthwise(FixtureBuilder(0), stride=(stride, stride), image=image)
    graph = convert_tflite(model, LITERT)
    compiled = compile_graph(graph, CONFIGURATIONS[engine])
    instructions = compiled.program.instructions
    assert {each.kernel_y for each in instructions if isinstance(each, Matrix)} == {rows}
    inputs = inputs_of(graph, 2)
    given = {name: in_model_layout(graph, name, codes) for name, codes in inputs.items()}
    outputs = run(compiled, inputs, seed=1)
    expected = Runtime(model, LITERT).run(given, list(outputs))
    for name, codes in outputs.items():
        made = in_model_layout(graph, name, codes)
        assert (made == np.asarray(expected[name]).reshape(made.shape)).all(), name


def test_constants_that_are_alike_are_in_the_image_and_loaded_once() -> None:
    spec = RequantSpec(IntegerType(32, True), IntegerType(8, True))
    scale = FixedPoint(RequantChannels(spec, [1 << 30], [-3]), Rounding.SINGLE_HALF_UP)
    node = Mean(
        inputs=("x",), output="y", axes=(0, 1), keep_dimensions=True, encoding=Encoding(),
        requantization=scale,
    )  # fmt: skip
    tensor = Tensor.of_type("x", (4, 4, 32), IntegerType(8, True))
    compiled = compile_graph(Graph((tensor,), (node,), ("y",)), CONFIGURATIONS["small"])
    loads = [each for each in compiled.program.instructions if isinstance(each, Load)]
    counts = Counter(Buffer(each.buffer) for each in loads)
    assert counts[Buffer.INPUT] >= 32 // 8
    assert counts[Buffer.WEIGHT] == counts[Buffer.RECORD] == 1


def networks(count: int) -> list[tuple[Compiled, Codes, Codes]]:
    """Return compiled networks with tiles, inputs and expected outputs."""
    found = []
    for title in ("residual network", "conv", "conv, stride 2 by 3"):
        graph = convert_tflite(FIXTURES[title].model(), LITERT)
        inputs = {name: codes[:1] for name, codes in inputs_of(graph, 2, seed=4).items()}
        expected = Executor(graph).run(inputs, list(graph.outputs))
        found.append((compile_graph(graph, TIGHT), inputs, expected))
    return found[:count]


def changed(compiled: Compiled, instructions: list[Instruction]) -> Compiled:
    program = Program(compiled.program.needs, tuple(instructions))
    constants = compiled.image[compiled.program.constants :]
    return replace(compiled, program=program, image=program.encode(constants))


def test_a_token_left_out_is_noticed() -> None:
    """Negative control: units that do not wait for each other read what is not there yet.

    Of every wait that is left out, with its signal, an order of the units shows it.
    """
    compiled, inputs, expected = networks(1)[0]
    instructions = list(compiled.program.instructions)
    tried = noticed = 0
    for number, instruction in enumerate(instructions):
        for other in (Unit.LOAD_0, Unit.LOAD_1, Unit.COMPUTE, Unit.STORE):
            if not instruction.waits >> other & 1 or tried >= 60:
                continue
            sender = sender_of(instructions, number, other)
            without = list(instructions)
            without[number] = replace(instruction, waits=instruction.waits & ~(1 << other))
            given = instructions[sender].signals & ~(1 << instruction.unit)
            without[sender] = replace(instructions[sender], signals=given)
            broken = changed(compiled, without)
            tried += 1
            noticed += any(
                any((run(broken, inputs, seed)[name] != expected[name]).any() for name in expected)
                for seed in range(30)
            )
    assert tried > 20
    # Some wait for what nearly every order has done by then.
    assert noticed > 0.8 * tried


def sender_of(instructions: list[Instruction], number: int, other: Unit) -> int:
    """Return who sends the token that an instruction takes from a unit."""
    unit = instructions[number].unit
    senders = [
        place
        for place, each in enumerate(instructions)
        if each.unit is other and each.signals >> unit & 1
    ]
    taken = [
        place
        for place, each in enumerate(instructions)
        if each.unit is unit and each.waits >> other & 1
    ]
    return senders[taken.index(number)]


def test_a_tile_that_is_off_by_one_is_named() -> None:
    """Negative control: layer, instruction and element of the first difference."""
    graph = convert_tflite(FIXTURES["residual network"].model(), LITERT)
    compiled = compile_graph(graph, TIGHT)
    inputs = inputs_of(graph, 2, seed=4)
    tensors = Executor(graph).run(inputs, list(graph.tensors))
    assert compare_layers(compiled, graph, tensors, 1).passed
    instructions = list(compiled.program.instructions)
    place = next(
        place
        for place, each in enumerate(instructions)
        if isinstance(each, Matrix) and each.layer == 1 and each.kernel_y * each.kernel_x > 1
    )
    matrix = instructions[place]
    assert isinstance(matrix, Matrix)
    instructions[place] = replace(matrix, top=matrix.top + 1)
    comparison = compare_layers(changed(compiled, instructions), graph, tensors, 1)
    assert not comparison.passed
    assert comparison.first.startswith(f"layer 1, {compiled.layers[1].name!r}, after instruction")


def test_programs_are_the_same_every_time() -> None:
    graph = convert_tflite(FIXTURES["residual network"].model(), LITERT)
    first, second = (compile_graph(graph, ENGINES["zynq7020"]).image for _ in range(2))
    assert first == second
    assert (
        decode_program(first).instructions
        == compile_graph(graph, ENGINES["zynq7020"]).program.instructions
    )


def test_a_program_does_not_run_on_another_engine() -> None:
    compiled, inputs, _ = networks(1)[0]
    with pytest.raises(ProgramError, match="for an engine with 4 lanes; this one has 8"):
        run(replace(compiled, engine=ENGINES["zynq7020"]), inputs)


def test_what_does_not_fit_is_refused_in_one_line() -> None:
    graph = convert_tflite(FIXTURES["residual network"].model(), LITERT)
    with pytest.raises(UserError) as caught:
        compile_graph(graph, replace(TIGHT, weight_rows=40))
    assert str(caught.value) == (
        "layer 'pooled' (average pool 8x8): 4 of its channels have 64 rows of weights; the "
        "engine's weight memory has 40"
    )


def test_memory_of_tensors_is_used_again() -> None:
    """A chain of tensors takes less data than all of them, and is the same in any order."""
    nodes = tuple(
        Clamp(inputs=(f"t{place}",), output=f"t{place + 1}", minimum=-128 + place, maximum=99)
        for place in range(8)
    )
    graph = Graph((Tensor.of_type("t0", (9, 5, 4), IntegerType(8, True)),), nodes, ("t8",))
    compiled = compile_graph(graph, TIGHT)
    assert compiled.program.needs.data_bytes <= 4 * (180 + 60)
    inputs = inputs_for(graph, 1)
    for seed in range(40):
        codes = run(compiled, inputs, seed)["t8"]
        assert (codes == inputs["t0"].clip(-121, 99)).all(), seed

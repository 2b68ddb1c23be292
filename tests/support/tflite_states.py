"""Small .tflite networks that keep state between calls."""

from typing import Any

import numpy as np

from tests.support.tflite_fixtures import FixtureBuilder

SCALE, ZERO = 0.07, -11
"""Of all int8 activations, those of `FixtureBuilder` with seed 0."""


def strided(builder: FixtureBuilder, x: int, y: int, begin: int, axis: int, rank: int) -> None:
    """Take all from an element of a dimension on."""
    begins, ends = [0] * rank, [0] * rank
    begins[axis] = begin
    numbers = [
        builder.constant(f"{name} of {y}", np.array(values, np.int32))
        for name, values in (("begin", begins), ("end", ends), ("stride", [1] * rank))
    ]
    whole = (1 << rank) - 1
    masks = {"beginMask": whole & ~(1 << axis), "endMask": whole}
    builder.operator("STRIDED_SLICE", [x, *numbers], [y], "StridedSliceOptions", **masks)


def call_once(builder: FixtureBuilder) -> Any:
    """Append a CALL_ONCE of a new subgraph and return its builder."""
    first = builder.subgraph()
    number = len(builder._others)
    builder.operator("CALL_ONCE", [], [], "CallOnceOptions", initSubgraphIndex=number)
    return first


def initial_codes(shape: tuple[int, ...], kind: Any = np.int8, seed: int = 7) -> Any:
    """Return codes that no two elements next to each other share."""
    limits = np.iinfo(kind)
    return np.random.default_rng(seed).integers(limits.min, limits.max, shape, dtype=kind)


def streaming_convolution(zeros: bool = False, kept: int = 2, channels: int = 4) -> bytes:
    """A convolution over this call's row and those before, kept as micro-wake-word keeps them."""
    builder = FixtureBuilder(0)
    first = call_once(builder)
    shape = (1, kept, 1, channels)
    codes = np.full(shape, ZERO, np.int8) if zeros else initial_codes(shape)
    first.initialize("ring", codes, SCALE, ZERO)
    handle = builder.variable("ring")
    x = builder.activation("x", np.int8, (1, 1, 1, channels))
    before = builder.activation("before", np.int8, shape)
    rows = builder.activation("rows", np.int8, (1, kept + 1, 1, channels))
    after = builder.activation("after", np.int8, shape)
    y = builder.activation("y", np.int8, (1, 1, 1, 3))
    w, scales = builder.weights((3, kept + 1, 1, channels))
    builder.operator("READ_VARIABLE", [handle], [before])
    builder.operator("CONCATENATION", [before, x], [rows], "ConcatenationOptions", 2, axis=1)
    strided(builder, rows, after, begin=1, axis=1, rank=4)
    builder.operator("ASSIGN_VARIABLE", [handle, after], [])
    bias = builder.constant("b", np.arange(-300, 600, 300, dtype=np.int32), SCALE * scales)
    options = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1, "padding": 1}
    builder.operator("CONV_2D", [rows, w, bias], [y], "Conv2DOptions", 3, **options)
    return builder.build([x], [y])


def running_sum(kind: Any = np.int8, elements: int = 24) -> bytes:
    """What a call adds to is what the call before gave: nothing but the state is on the way."""
    builder = FixtureBuilder(0)
    scale, zero = builder.scale(kind), builder.zero_point(kind)
    call_once(builder).initialize("sum", initial_codes((1, elements), kind), scale, zero)
    handle = builder.variable("sum")
    x, before, y = (builder.activation(name, kind, (1, elements)) for name in ("x", "before", "y"))
    builder.operator("READ_VARIABLE", [handle], [before])
    version = 1 if kind is np.int8 else 3
    builder.operator("ADD", [x, before], [y], "AddOptions", version)
    builder.operator("ASSIGN_VARIABLE", [handle, y], [])
    return builder.build([x], [y])


def recurrent(inputs: int = 6, units: int = 4) -> bytes:
    """A dense layer of this call's input and of what it made in the call before."""
    builder = FixtureBuilder(0)
    call_once(builder).initialize("hidden", initial_codes((1, units)), SCALE, ZERO)
    handle = builder.variable("hidden")
    x = builder.activation("x", np.int8, (1, inputs))
    before, after = (builder.activation(name, np.int8, (1, units)) for name in ("before", "after"))
    both = builder.activation("both", np.int8, (1, inputs + units))
    builder.operator("READ_VARIABLE", [handle], [before])
    builder.operator("CONCATENATION", [x, before], [both], "ConcatenationOptions", 2, axis=1)
    w, scales = builder.weights((units, inputs + units), per_channel=False)
    bias = builder.constant("b", np.arange(units, dtype=np.int32) * 90, SCALE * scales)
    builder.operator("FULLY_CONNECTED", [both, w, bias], [after], "FullyConnectedOptions", 4)
    builder.operator("ASSIGN_VARIABLE", [handle, after], [])
    y = builder.activation("y", np.int8, (1, units))
    builder.operator("RELU", [after], [y])
    return builder.build([x], [y])


def several() -> bytes:
    """A line of delays of two calls, an int16 sum, a variable that is only read, one read later."""
    builder = FixtureBuilder(0)
    first = call_once(builder)
    wide = builder.scale(np.int16)
    for number in (1, 2):
        first.initialize(f"delay {number}", initial_codes((1, 8), seed=number), SCALE, ZERO)
    first.initialize("sum", initial_codes((1, 8), np.int16), wide, 0)
    first.initialize("fixed", initial_codes((1, 8), seed=5), SCALE, ZERO)
    names = ("delay 1", "delay 2", "sum", "fixed")
    one, two, total, fixed = (builder.variable(name) for name in names)
    again = builder.variable("delay 1")  # Another handle of the same variable.
    kinds = {"x": np.int8, "a": np.int8, "b": np.int8, "c": np.int8, "late": np.int8, "y": np.int8}
    t = {name: builder.activation(name, kind, (1, 8)) for name, kind in kinds.items()}
    s, wide_x, wide_y = (builder.activation(n, np.int16, (1, 8)) for n in ("s", "wide x", "wide y"))
    builder.operator("READ_VARIABLE", [one], [t["a"]])
    builder.operator("READ_VARIABLE", [two], [t["b"]])
    builder.operator("READ_VARIABLE", [fixed], [t["c"]])
    builder.operator("READ_VARIABLE", [total], [s])
    builder.operator("ASSIGN_VARIABLE", [two, t["a"]], [])
    builder.operator("ASSIGN_VARIABLE", [again, t["x"]], [])
    builder.operator("READ_VARIABLE", [again], [t["late"]])
    sums = [builder.activation(f"sum {n}", np.int8, (1, 8)) for n in range(2)]
    builder.operator("ADD", [t["b"], t["c"]], [sums[0]], "AddOptions")
    builder.operator("ADD", [sums[0], t["late"]], [t["y"]], "AddOptions")
    builder.operator("QUANTIZE", [t["x"]], [wide_x])
    builder.operator("ADD", [wide_x, s], [wide_y], "AddOptions", 3)
    builder.operator("ASSIGN_VARIABLE", [total, wide_y], [])
    return builder.build([t["x"]], [t["y"], wide_y])


def svdf(kind: Any = np.int16, zero_point: int = 0, rank: int = 2, memory: int = 4) -> bytes:
    """Two filters for each unit over what a dense layer made in the last calls."""
    builder, units, inputs = FixtureBuilder(0), 3, 5
    random, filters = np.random.default_rng(2), units * rank
    x = builder.activation("x", np.int8, (1, inputs))
    features = random.integers(-127, 128, (filters, inputs)).astype(np.int8)
    times = random.integers(-127, 128, (filters, memory)).astype(kind)
    scale = 0.02 if kind is np.int8 else 0.0006
    operands = [
        x,
        builder.constant("features", features, 0.01),
        builder.constant("times", times, 0.01),
        builder.constant("bias", random.integers(-300, 300, units).astype(np.int32), 0.01 * scale),
        builder.tensor("state", kind, (1, filters * memory), scale, zero_point),
    ]
    builder._tensors[operands[-1]].isVariable = True
    y = builder.activation("y", np.int8, (1, units))
    builder.operator("SVDF", operands, [y], "SVDFOptions", 3, rank=rank, fusedActivationFunction=1)
    return builder.build([x], [y])


STREAMING = {
    "convolution": streaming_convolution,
    "convolution, zeros": lambda: streaming_convolution(zeros=True),
    "running sum": running_sum,
    "running sum, int16": lambda: running_sum(np.int16),
    "recurrent": recurrent,
    "several": several,
    "svdf": svdf,
    "svdf, one filter": lambda: svdf(rank=1, memory=3),
}
"""Networks with states, by title."""

INT8_SVDF = {
    "svdf, int8": lambda: svdf(np.int8),
    "svdf, int8, other zero": lambda: svdf(np.int8, -50),
}
"""The same, which only TensorFlow Lite Micro takes."""

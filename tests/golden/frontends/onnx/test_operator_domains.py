"""Domains and attributes of ONNX operators: understood, or refused by name."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.frontends.onnx.registry import CONVERSIONS
from bittrue.golden.graph import Graph
from cocotb_tests.bench.qonnx_runtime import run
from tests.support.onnx_comparison import run_graph
from tests.support.onnx_fixtures import BOTH, model
from tests.support.qonnx_networks import QonnxBuilder, codes_of, differences

LAST = "qonnx.custom_op.channels_last"


class ChannelsLastBuilder(QonnxBuilder):
    """Operators of qonnx on images with the channels last; `shapes` tells qonnx what it asks."""

    domains: tuple[tuple[str, int], ...] = (("", 13), ("qonnx.custom_op.general", 2), (LAST, 13))

    def __init__(self) -> None:
        super().__init__()
        self.shapes: dict[str, tuple[int, ...]] = {}

    def shaped(self, name: str, *shape: int) -> str:
        self.shapes[name] = (1, *shape)
        return name

    def convolution(self, x: str, weight: Any, pads: tuple[int, ...] = (0, 0, 0, 0)) -> str:
        size = list(weight.shape[1:3])
        kernel = self.quant(self.constant(weight.astype(np.float32)), 1, 4)
        self.shapes[kernel] = weight.shape
        return self.operator(
            "Conv", x, kernel, domain=LAST, kernel_shape=size, pads=list(pads), strides=[1, 1],
            dilations=[1, 1], group=1,
        )  # fmt: skip

    def pooled(self, x: str) -> str:
        return self.operator(
            "MaxPool", x, domain=LAST, kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0]
        )


def compare(
    builder: "ChannelsLastBuilder", output: str, shape: tuple[int, ...], made: Any
) -> Graph:
    """Compare the output with qonnx, and its shape."""
    proto = builder.model({"x": (np.float32, (1, *shape))}, [output])
    info = helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, [1, *made])
    proto.graph.output[0].CopyFrom(info)
    for name, sizes in builder.shapes.items():
        known = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sizes)
        proto.graph.value_info.append(known)
    graph = convert_onnx(proto.SerializeToString())
    samples = np.random.default_rng(0).integers(-8, 8, (5, *shape)).astype(np.float32)
    expected = run(proto, samples)[output]
    assert expected.shape[1:] == made
    assert np.ptp(expected) > 0
    (name,) = graph.outputs
    assert name == output
    results = run_graph(graph, codes_of(graph, samples))[name]
    assert results.shape == expected.shape
    assert differences(graph, name, results, expected) == 0
    return graph


def test_max_pooling_with_channels_last() -> None:
    b = ChannelsLastBuilder()
    compare(b, b.quant(b.pooled(b.shaped(b.quant("x", 1, 8), 8, 8, 8)), 1, 8), (8, 8, 8), (4, 4, 8))


def test_network_with_channels_last() -> None:
    """Convolution, batch normalization, a residual sum and pooling."""
    b, random = ChannelsLastBuilder(), np.random.default_rng(4)
    x = b.shaped(b.quant("x", 1, 4), 6, 7, 3)
    y = b.convolution(x, random.integers(-7, 8, (3, 3, 2, 3)), (1, 0, 1, 1))
    numbers = random.normal(size=3), random.normal(size=3), random.normal(size=3)
    parameters = [b.constant(v.astype(np.float32)) for v in (*numbers, np.full(3, 0.5))]
    y = b.shaped(y, 6, 7, 3)
    y = b.operator("BatchNormalization", y, *parameters, domain=LAST, epsilon=1e-5, momentum=0.9)
    y = b.quant(b.shaped(y, 6, 7, 3), 16, 4)
    y = b.shaped(b.quant(b.operator("Add", x, y), 2, 5), 6, 7, 3)
    compare(b, b.quant(b.pooled(y), 2, 5), (6, 7, 3), (3, 3, 3))


def test_channels_first_behind_last_moves_codes() -> None:
    """A channels-first convolution of what a channels-last operator makes is behind a transpose."""
    b = ChannelsLastBuilder()
    weight = b.quant(b.constant(np.ones((2, 4, 1, 1), np.float32)), 1, 4)
    y = b.shaped(b.pooled(b.shaped(b.quant("x", 1, 8), 8, 4, 6)), 4, 2, 6)
    y = b.operator("Conv", b.shaped(b.quant(y, 1, 8), 4, 2, 6), weight)
    compare(b, b.quant(y, 1, 8), (8, 4, 6), (2, 2, 6))


# Refused


def first(proto: onnx.ModelProto, kind: str) -> onnx.NodeProto:
    return next(node for node in proto.graph.node if node.op_type == kind)


@pytest.mark.parametrize("domain", ["com.microsoft", "qonnx.custom_op.other", "my.domain", LAST])
def test_operators_of_other_domains_are_refused(domain: str) -> None:
    proto = model(BOTH["convolution"], np.int8, False)
    first(proto, "QuantizeLinear").domain = "" if domain == "com.microsoft" else domain
    kind = "Conv" if domain == "com.microsoft" else "QuantizeLinear"
    first(proto, kind).domain = domain
    with pytest.raises(UserError, match="it is not supported"):
        convert_onnx(proto.SerializeToString())


@pytest.mark.parametrize("title", ["convolution", "sigmoid", "addition", "concatenation"])
@pytest.mark.parametrize("qoperator", [False, True])
def test_unknown_attributes_are_refused(title: str, qoperator: bool) -> None:
    for position in range(len(model(BOTH[title], np.int8, qoperator).graph.node)):
        proto = model(BOTH[title], np.int8, qoperator)
        node = proto.graph.node[position]
        node.attribute.append(helper.make_attribute("reversed", 1))
        with pytest.raises(UserError, match="its attribute 'reversed' is not known here"):
            convert_onnx(proto.SerializeToString())


def test_attributes_with_one_allowed_value() -> None:
    b = QonnxBuilder()
    constants = [b.constant(np.full(3, 0.5, np.float32)) for _ in range(4)]
    x = b.quant("x", 1, 8)
    y = b.operator("BatchNormalization", x, *constants, training_mode=1)
    proto = b.model({"x": (np.float32, (1, 3, 4, 4))}, [b.quant(y, 1, 8)])
    with pytest.raises(UserError, match="its attribute 'training_mode' is 1; allowed: 0"):
        convert_onnx(proto.SerializeToString())


def test_inputs_that_are_not_known_are_refused() -> None:
    proto = model(BOTH["convolution"], np.int8, False)
    node = first(proto, "Conv")
    node.input.append(node.input[0])
    with pytest.raises(UserError, match="it has 4 inputs; allowed: up to 3"):
        convert_onnx(proto.SerializeToString())


def test_attributes_are_those_of_the_definitions() -> None:
    """What is said to be understood exists: ONNX's definitions, of any operator set, have it."""
    schemas = onnx.defs.get_all_schemas_with_history()
    for (domain, operator), conversion in CONVERSIONS.items():
        if domain == "":
            known = {a for s in schemas if s.name == operator for a in s.attributes}
            named = {*conversion.attributes, *conversion.without_effect, *conversion.only}
            assert any(s.name == operator for s in schemas), operator
            # Those of operator sets before 7, which exporters still write.
            assert named - known <= {"is_test", "spatial", "seed"}, operator

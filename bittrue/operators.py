"""What a package that brings an operator of its own is made with; see CONTRIBUTING.md.

Like `bittrue` itself, this imports nothing else until a name is used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from golden.errors import UserError
    from golden.executor.code_functions import compile_function, computed, requantized
    from golden.executor.kernel import Kernel, compile_node
    from golden.export.integer import operands, write_node
    from golden.export.requantization import write_requantization
    from golden.export.writer import Writer
    from golden.frontends.onnx.arithmetic import OnnxArithmetic
    from golden.frontends.onnx.builder import Site as OnnxSite
    from golden.frontends.onnx.model import Constant as OnnxConstant
    from golden.frontends.onnx.registry import converts as converts_onnx
    from golden.frontends.onnx.values import Codes as OnnxCodes
    from golden.frontends.tflite.arithmetic import LitertArithmetic
    from golden.frontends.tflite.builder import Site as TfliteSite
    from golden.frontends.tflite.registry import converts_custom as converts_tflite
    from golden.frontends.torch.layer import Layer as FloatLayer
    from golden.frontends.torch.layer import Scaled as ScaledFloatLayer
    from golden.frontends.torch.lowering_context import LoweringContext
    from golden.frontends.torch.translation import Call as AtenCall
    from golden.frontends.torch.translation import translates as translates_aten
    from golden.graph import (
        AccumulatingNode,
        AccumulatorBounds,
        Encoding,
        FixedPoint,
        Graph,
        MatrixNode,
        Node,
        Tensor,
        Window,
    )
    from golden.graph.node import Inference, only_input
    from golden.graph.tensor import frozen_codes
    from golden.numbers.integer_type import IntegerType
    from golden.numbers.requant_spec import RequantChannels, RequantSpec
    from golden.numbers.rounding import Rounding
    from hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
    from hdl.blocks.pipeline import Pipeline
    from hdl.costs.costs import Costs
    from hdl.costs.fabric import Fabric
    from hdl.layers.layer import Layer
    from hdl.layers.layer_spec import LayerSpec, Place
    from hdl.layers.parts.codes import decoded
    from hdl.layers.parts.elementwise import Elementwise, ElementwiseSpec
    from hdl.layers.parts.lanewise import BeatwiseSpec, LanewiseSpec
    from hdl.layers.parts.position import Position
    from hdl.layers.registry import makes_layers_of

_ROOMS = {
    "golden.errors": ("UserError",),
    "golden.executor.code_functions": ("compile_function", "computed", "requantized"),
    "golden.executor.kernel": ("Kernel", "compile_node"),
    "golden.export.integer": ("operands", "write_node"),
    "golden.export.requantization": ("write_requantization",),
    "golden.export.writer": ("Writer",),
    "golden.frontends.onnx.arithmetic": ("OnnxArithmetic",),
    "golden.frontends.tflite.arithmetic": ("LitertArithmetic",),
    "golden.frontends.torch.lowering_context": ("LoweringContext",),
    "golden.graph": (
        *("AccumulatingNode", "AccumulatorBounds", "Encoding", "FixedPoint", "Graph"),
        *("MatrixNode", "Node", "Tensor", "Window"),
    ),
    "golden.graph.node": ("Inference", "only_input"),
    "golden.graph.tensor": ("frozen_codes",),
    "golden.numbers.integer_type": ("IntegerType",),
    "golden.numbers.requant_spec": ("RequantChannels", "RequantSpec"),
    "golden.numbers.rounding": ("Rounding",),
    "hdl.blocks.multiply": ("MULTIPLIER_LATENCY", "multiplier"),
    "hdl.blocks.pipeline": ("Pipeline",),
    "hdl.costs.costs": ("Costs",),
    "hdl.costs.fabric": ("Fabric",),
    "hdl.layers.layer": ("Layer",),
    "hdl.layers.layer_spec": ("LayerSpec", "Place"),
    "hdl.layers.parts.codes": ("decoded",),
    "hdl.layers.parts.elementwise": ("Elementwise", "ElementwiseSpec"),
    "hdl.layers.parts.lanewise": ("BeatwiseSpec", "LanewiseSpec"),
    "hdl.layers.parts.position": ("Position",),
    "hdl.layers.registry": ("makes_layers_of",),
}
_PLACES = {name: (room, name) for room, names in _ROOMS.items() for name in names} | {
    "OnnxSite": ("golden.frontends.onnx.builder", "Site"),
    "OnnxConstant": ("golden.frontends.onnx.model", "Constant"),
    "OnnxCodes": ("golden.frontends.onnx.values", "Codes"),
    "converts_onnx": ("golden.frontends.onnx.registry", "converts"),
    "TfliteSite": ("golden.frontends.tflite.builder", "Site"),
    "converts_tflite": ("golden.frontends.tflite.registry", "converts_custom"),
    "FloatLayer": ("golden.frontends.torch.layer", "Layer"),
    "ScaledFloatLayer": ("golden.frontends.torch.layer", "Scaled"),
    "AtenCall": ("golden.frontends.torch.translation", "Call"),
    "translates_aten": ("golden.frontends.torch.translation", "translates"),
}
"""The module that each name is defined in, and what it is called there."""

__all__ = [
    "MULTIPLIER_LATENCY",
    "AccumulatingNode",
    "AccumulatorBounds",
    "AtenCall",
    "BeatwiseSpec",
    "Costs",
    "Elementwise",
    "ElementwiseSpec",
    "Encoding",
    "Fabric",
    "FixedPoint",
    "FloatLayer",
    "Graph",
    "Inference",
    "IntegerType",
    "Kernel",
    "LanewiseSpec",
    "Layer",
    "LayerSpec",
    "LitertArithmetic",
    "LoweringContext",
    "MatrixNode",
    "Node",
    "OnnxArithmetic",
    "OnnxCodes",
    "OnnxConstant",
    "OnnxSite",
    "Pipeline",
    "Place",
    "Position",
    "RequantChannels",
    "RequantSpec",
    "Rounding",
    "ScaledFloatLayer",
    "Tensor",
    "TfliteSite",
    "UserError",
    "Window",
    "Writer",
    "compile_function",
    "compile_node",
    "computed",
    "converts_onnx",
    "converts_tflite",
    "decoded",
    "frozen_codes",
    "makes_layers_of",
    "multiplier",
    "only_input",
    "operands",
    "requantized",
    "translates_aten",
    "write_node",
    "write_requantization",
]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room, original = _PLACES[name]
    value: object = getattr(importlib.import_module(room), original)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

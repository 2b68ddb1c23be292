"""What a package that brings an operator of its own is made with; see CONTRIBUTING.md.

Like `bittrue` itself, this imports nothing else until a name is used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bittrue.golden.errors import UserError
    from bittrue.golden.executor.code_functions import compile_function, computed, requantized
    from bittrue.golden.executor.kernel import Kernel, compile_node
    from bittrue.golden.export.integer import operands, write_node
    from bittrue.golden.export.requantization import write_requantization
    from bittrue.golden.export.writer import Writer
    from bittrue.golden.frontends.onnx.arithmetic import OnnxArithmetic
    from bittrue.golden.frontends.onnx.builder import Site as OnnxSite
    from bittrue.golden.frontends.onnx.model import Constant as OnnxConstant
    from bittrue.golden.frontends.onnx.registry import converts as converts_onnx
    from bittrue.golden.frontends.onnx.values import Codes as OnnxCodes
    from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
    from bittrue.golden.frontends.tflite.builder import Site as TfliteSite
    from bittrue.golden.frontends.tflite.registry import converts_custom as converts_tflite
    from bittrue.golden.frontends.torch.layer import Layer as FloatLayer
    from bittrue.golden.frontends.torch.layer import Scaled as ScaledFloatLayer
    from bittrue.golden.frontends.torch.lowering_context import LoweringContext
    from bittrue.golden.frontends.torch.translation import Call as AtenCall
    from bittrue.golden.frontends.torch.translation import translates as translates_aten
    from bittrue.golden.graph import (
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
    from bittrue.golden.graph.node import Inference, only_input
    from bittrue.golden.graph.tensor import frozen_codes
    from bittrue.golden.numbers.integer_type import IntegerType
    from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
    from bittrue.golden.numbers.rounding import Rounding
    from bittrue.hdl.blocks.multiply import MULTIPLIER_LATENCY, multiplier
    from bittrue.hdl.blocks.pipeline import Pipeline
    from bittrue.hdl.costs.costs import Costs
    from bittrue.hdl.costs.fabric import Fabric
    from bittrue.hdl.layers.layer import Layer
    from bittrue.hdl.layers.layer_spec import LayerSpec, Place
    from bittrue.hdl.layers.parts.codes import decoded
    from bittrue.hdl.layers.parts.elementwise import Elementwise, ElementwiseSpec
    from bittrue.hdl.layers.parts.lanewise import BeatwiseSpec, LanewiseSpec
    from bittrue.hdl.layers.parts.position import Position
    from bittrue.hdl.layers.registry import makes_layers_of

_ROOMS = {
    "bittrue.golden.errors": ("UserError",),
    "bittrue.golden.executor.code_functions": ("compile_function", "computed", "requantized"),
    "bittrue.golden.executor.kernel": ("Kernel", "compile_node"),
    "bittrue.golden.export.integer": ("operands", "write_node"),
    "bittrue.golden.export.requantization": ("write_requantization",),
    "bittrue.golden.export.writer": ("Writer",),
    "bittrue.golden.frontends.onnx.arithmetic": ("OnnxArithmetic",),
    "bittrue.golden.frontends.tflite.arithmetic": ("LitertArithmetic",),
    "bittrue.golden.frontends.torch.lowering_context": ("LoweringContext",),
    "bittrue.golden.graph": (
        *("AccumulatingNode", "AccumulatorBounds", "Encoding", "FixedPoint", "Graph"),
        *("MatrixNode", "Node", "Tensor", "Window"),
    ),
    "bittrue.golden.graph.node": ("Inference", "only_input"),
    "bittrue.golden.graph.tensor": ("frozen_codes",),
    "bittrue.golden.numbers.integer_type": ("IntegerType",),
    "bittrue.golden.numbers.requant_spec": ("RequantChannels", "RequantSpec"),
    "bittrue.golden.numbers.rounding": ("Rounding",),
    "bittrue.hdl.blocks.multiply": ("MULTIPLIER_LATENCY", "multiplier"),
    "bittrue.hdl.blocks.pipeline": ("Pipeline",),
    "bittrue.hdl.costs.costs": ("Costs",),
    "bittrue.hdl.costs.fabric": ("Fabric",),
    "bittrue.hdl.layers.layer": ("Layer",),
    "bittrue.hdl.layers.layer_spec": ("LayerSpec", "Place"),
    "bittrue.hdl.layers.parts.codes": ("decoded",),
    "bittrue.hdl.layers.parts.elementwise": ("Elementwise", "ElementwiseSpec"),
    "bittrue.hdl.layers.parts.lanewise": ("BeatwiseSpec", "LanewiseSpec"),
    "bittrue.hdl.layers.parts.position": ("Position",),
    "bittrue.hdl.layers.registry": ("makes_layers_of",),
}
_PLACES = {name: (room, name) for room, names in _ROOMS.items() for name in names} | {
    "OnnxSite": ("bittrue.golden.frontends.onnx.builder", "Site"),
    "OnnxConstant": ("bittrue.golden.frontends.onnx.model", "Constant"),
    "OnnxCodes": ("bittrue.golden.frontends.onnx.values", "Codes"),
    "converts_onnx": ("bittrue.golden.frontends.onnx.registry", "converts"),
    "TfliteSite": ("bittrue.golden.frontends.tflite.builder", "Site"),
    "converts_tflite": ("bittrue.golden.frontends.tflite.registry", "converts_custom"),
    "FloatLayer": ("bittrue.golden.frontends.torch.layer", "Layer"),
    "ScaledFloatLayer": ("bittrue.golden.frontends.torch.layer", "Scaled"),
    "AtenCall": ("bittrue.golden.frontends.torch.translation", "Call"),
    "translates_aten": ("bittrue.golden.frontends.torch.translation", "translates"),
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

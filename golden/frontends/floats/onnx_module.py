"""A float .onnx file as a torch module."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bittrue.golden.errors import UserError
from bittrue.golden.files.bounded_file import read_bounded
from bittrue.golden.frontends.floats import onnx_functions, onnx_layers, onnx_movements
from bittrue.golden.frontends.floats.onnx_call import COMPUTES, OnnxCall
from bittrue.golden.frontends.obstacles import Obstacles
from bittrue.golden.frontends.onnx.builder import GraphBuilder, Site
from bittrue.golden.frontends.onnx.folding import FOLDABLE, fold, literal
from bittrue.golden.frontends.onnx.model import Constant, OnnxNode, read_model
from bittrue.golden.numbers.integer_type import IntegerType

_OPERATORS = (onnx_functions, onnx_layers, onnx_movements)  # Which register what they compute.

_INT64 = IntegerType(64, True)

_QUANTIZERS = frozenset(
    ("QuantizeLinear", "DequantizeLinear", "Quant", "BipolarQuant", "QLinearConv", "QLinearMatMul")
)


def onnx_module(path: Path) -> nn.Module:
    """Return a module that computes what a float .onnx file says.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UserError
        Naming the file, and all operators that no function of torch computes here.
    """
    try:
        return OnnxModule(read_bounded(path), path.parent)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


class OnnxModule(nn.Module):
    """Computes the operators of a model one after another.

    What does not depend on elements of the inputs, as what they are reshaped to, is computed by
    ONNX's reference implementation.

    Parameters
    ----------
    content : bytes
        Of the file.
    folder : Path
        Where constants beside the file are.
    """

    def __init__(self, content: bytes, folder: Path) -> None:
        super().__init__()
        model = read_model(content, folder, halves=True)
        quantizers = [node for node in model.nodes if node.operator in _QUANTIZERS]
        if quantizers:
            raise UserError(
                f"it has {quantizers[0].title}, as a quantized network has; bittrue build and run "
                "take it as it is"
            )
        integers = [info.name for info in model.inputs if info.type is not None]
        if integers:
            raise UserError(f"its input {integers[0]!r} holds integers; allowed: real numbers")
        self._model = model
        self._builder = GraphBuilder(model)
        self._fixed = dict(model.constants)
        self._nodes = self._unfolded()
        self._names: dict[str, str] = {}
        read = {name for node in self._nodes for name in node.inputs}
        for number, (name, constant) in enumerate(self._fixed.items()):
            if name in read and constant.type is None and constant.values.dtype.kind == "f":
                self._names[name] = f"constant_{number}"
                self.register_buffer(
                    self._names[name], torch.from_numpy(constant.values.astype(np.float32))
                )

    def _unfolded(self) -> list[OnnxNode]:
        """Compute what is constant, and return the other operators."""
        left, obstacles = [], Obstacles()
        shaped: set[str] = set()  # What follows from shapes, in forward.
        for node in self._model.nodes:
            place = f"operator {node.position}, {node.title}"
            with obstacles.at(node.title, place, makes=node.outputs):
                given = {name for name in node.inputs if name}
                if node.operator == "Constant":
                    self._fixed[node.outputs[0]] = literal(node)
                elif given <= self._fixed.keys():
                    self._fixed |= self._folded(node, self._fixed)
                else:
                    left.append(node)
                    known = node.operator in COMPUTES and node.domain == ""
                    if node.operator == "Shape" or given <= self._fixed.keys() | shaped:
                        shaped.update(node.outputs)
                    elif not known:
                        raise UserError("it is not supported in floating point")
        obstacles.refuse()
        return left

    def _folded(self, node: OnnxNode, constants: dict[str, Constant]) -> dict[str, Constant]:
        if node.operator not in FOLDABLE:
            raise UserError("it has constants only, and is not computed of them here")
        builder = GraphBuilder(self._model)
        builder.values.update(constants)
        return dict(zip(node.outputs, fold(Site(node, builder)), strict=True))

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Compute the model's outputs of its inputs, in their order."""
        tensors = dict(zip((info.name for info in self._model.inputs), inputs, strict=True))
        constants = dict(self._fixed)
        weights = {name: self.get_buffer(buffer) for name, buffer in self._names.items()}
        for node in self._nodes:
            given = [name for name in node.inputs if name]
            if node.operator == "Shape":
                shape = [int(size) for size in tensors[given[0]].shape]
                start, end = node.attributes.get("start", 0), node.attributes.get("end", len(shape))
                constants[node.outputs[0]] = Constant(np.array([1, *shape[1:]][start:end]), _INT64)
            elif all(name in constants for name in given):
                constants |= self._folded(node, constants)
            else:
                call = OnnxCall(node, tensors, constants, weights, self._model.opset)
                try:
                    made = COMPUTES[node.operator](call)
                except UserError as error:
                    place = f"operator {node.position}, {node.title}"
                    raise UserError(f"{place} {node.outputs[0]!r}: {error}") from error
                results = (made,) if isinstance(made, Tensor) else made
                tensors |= dict(zip(node.outputs, results, strict=False))
        given = [name for name in self._model.outputs if name in tensors]
        if len(given) != len(self._model.outputs):
            raise UserError("an output is constant; allowed: what depends on the inputs")
        outputs = tuple(tensors[name] for name in given)
        return outputs if len(outputs) > 1 else outputs[0]

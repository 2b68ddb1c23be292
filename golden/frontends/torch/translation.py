"""Calls of ATen operators, and who translates them into layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.channels_last import Shape
from bittrue.golden.frontends.torch.layer import Layer


@dataclass(frozen=True)
class Call:
    """One operator call of an exported program, and what is known before it.

    Parameters
    ----------
    node : Node
    names : mapping of Node to str
        The tensors computed so far.
    shapes : mapping of str to tuple of int
        Their shapes, without the batch.
    constants : mapping of str to Tensor
        Parameters and buffers by the name of their placeholder.
    line : bool
        Whether the result, (samples, channels, length), is an image of width 1 here.
    stacked : bool
        Whether operands, (samples, heads, rows, columns), are matrices above each other here.
    """

    node: Node
    names: Mapping[Node, str]
    shapes: Mapping[str, Shape]
    constants: Mapping[str, Tensor]
    line: bool = False
    stacked: bool = False

    @property
    def operator(self) -> str:
        """Name of the ATen operator, without its overload."""
        return str(self.node.target).removeprefix("aten.").split(".")[0]

    @property
    def moves(self) -> bool:
        """Whether the result is values of the one computed operand in other places."""
        copies = self.operator == "pad" and self.arguments["mode"] != "constant"
        return copies or self.operator in MOVING

    @property
    def place(self) -> str:
        """Path of the innermost module that makes the call."""
        stack = self.node.meta.get("nn_module_stack") or {}
        return str([path for path, _ in stack.values()][-1]) if stack else ""

    @property
    def description(self) -> str:
        """Operator and place, for messages."""
        where = f"module {self.place!r}" if self.place else "the module's forward"
        return f"operator {self.node.target} in {where}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the computed tensors among the arguments, each once."""
        return tuple(self.names[node] for node in self.node.all_input_nodes if node in self.names)

    @property
    def input_shape(self) -> Shape:
        """Shape of the first computed tensor, without the batch."""
        return self.shapes[self.inputs[0]]

    @property
    def output_shape(self) -> Shape:
        """Shape of the result, without the batch."""
        shape = tuple(int(size) for size in result_of(self.node).shape[1:])
        return (*shape, 1) if self.line else shape

    @property
    def arguments(self) -> dict[str, Any]:
        """Every argument by name, defaults included."""
        schema = self.node.target._schema.arguments  # type: ignore[union-attr]
        defaults = {each.name: each.default_value for each in schema if each.has_default_value()}
        given = zip((each.name for each in schema), self.node.args, strict=False)
        return defaults | dict(given) | self.node.kwargs

    def computes(self, argument: object) -> bool:
        """Whether an argument is a tensor that depends on the module's input."""
        return isinstance(argument, Node) and argument in self.names

    def axis(self, dimension: int) -> int:
        """Return a dimension of torch's first computed operand, counted without the batch.

        Raises
        ------
        UserError
            If it is the batch.
        """
        operand = next(node for node in self.node.all_input_nodes if node in self.names)
        axis = dimension % len(result_of(operand).shape) - 1
        if axis < 0:
            raise self.refusal("is along the batch; allowed: another dimension")
        if self.stacked and axis < 2:
            raise self.refusal("is along heads or their rows; allowed: along their columns")
        return axis - self.stacked

    def constant(self, argument: object) -> Tensor:
        """Return a parameter or buffer in float32."""
        if not isinstance(argument, Node) or argument.name not in self.constants:
            raise self.refusal("has a weight that the module computes; weights must be constant")
        return self.constants[argument.name].to(torch.float32)

    @property
    def operands(self) -> tuple[str, str] | None:
        """Names of two computed operands; None where one of them is constant."""
        operands = [self.arguments["self"], self.arguments["other"]]
        if not all(self.computes(operand) for operand in operands):
            return None
        first, second = (self.names[operand] for operand in operands)
        if len(self.shapes[first]) != len(self.shapes[second]):
            raise self.refusal(
                f"has operands of shapes {self.shapes[first]} and {self.shapes[second]}; allowed: "
                "as many dimensions in both"
            )
        return first, second

    def bias(self, outputs: int) -> Tensor:
        """Return the argument that is the bias; zeros where it is none."""
        bias = self.arguments["bias"]
        return torch.zeros(outputs) if bias is None else self.constant(bias)

    def require_image(self) -> None:
        """Refuse an input that is no image."""
        if len(self.input_shape) != 3:
            raise self.refusal(
                f"has an input of shape {('samples', *self.input_shape)}; allowed: (samples, "
                "channels, height, width), and (samples, channels, length) where the module's "
                "input or what comes before is one"
            )

    @property
    def spatial(self) -> int:
        """Dimensions of the first computed operand beside batch and channels, as torch has it."""
        operand = next(node for node in self.node.all_input_nodes if node in self.names)
        return len(result_of(operand).shape) - 2

    def refusal(self, what: str) -> UserError:
        """Return the error that says what the operator does that is not supported."""
        return UserError(f"it {what}")


def result_of(node: Node) -> Tensor:
    """Return what is known of a result; of several, of the first."""
    value = node.meta["val"]
    # Batch normalization also returns its statistics, pooling its places.
    first: Tensor = value[0] if isinstance(value, tuple | list) else value
    return first


Translate = Callable[[Call, str], Layer]
"""Makes the layer of a call, given the name of its output."""

TRANSLATIONS: dict[str, Translate] = {}
"""By name of the ATen operator, without its overload."""

SAME = frozenset(("alias", "clone", "contiguous", "detach", "dropout", "lift_fresh_copy"))
"""Operators that return their input, in evaluation mode."""


TURNING = frozenset(("permute", "transpose"))
"""Operators that order the dimensions of their input."""

RESHAPING = frozenset(
    ("flatten", "reshape", "squeeze", "unflatten", "unsqueeze", "view", "_unsafe_view")
)
"""Operators that give the values of their input other dimensions, in the same order."""

MATRIX_PRODUCTS = frozenset(("bmm", "matmul"))
"""Operators that multiply matrices, of which each sample has its own."""

MOVING = (
    TURNING
    | RESHAPING
    | frozenset(
        (
            *("expand", "expand_as", "fliplr", "flipud", "flip", "index", "index_select"),
            *("moveaxis", "movedim", "narrow", "repeat", "repeat_interleave", "roll", "rot90"),
            *("select", "slice", "swapaxes", "swapdims", "tile"),
        )
    )
)
"""Operators whose result is values of their input in other places."""

PARTING = frozenset(("split", "split_with_sizes"))
"""Operators that make several parts of their input, each of which is taken by itself."""


def translates(*names: str) -> Callable[[Translate], Translate]:
    """Register the translation of ATen operators, named without overload."""

    def register(translate: Translate) -> Translate:
        TRANSLATIONS.update(dict.fromkeys(names, translate))
        return translate

    return register

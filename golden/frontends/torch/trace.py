"""A torch module as a float network, by way of ``torch.export``."""

import io
import logging
import math
import operator
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch._decomp import get_decompositions
from torch.export import ExportedProgram
from torch.fx import Node
from torch.fx.node import map_arg

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.obstacles import Obstacles
from bittrue.golden.frontends.torch import operators
from bittrue.golden.frontends.torch.attention import DECOMPOSED_ATTENTION, with_samples_first
from bittrue.golden.frontends.torch.channels_last import Shape, torch_order
from bittrue.golden.frontends.torch.einsum import DECOMPOSED_EINSUM
from bittrue.golden.frontends.torch.evaluation import evaluation_copy, outputs_of
from bittrue.golden.frontends.torch.float_network import FloatNetwork
from bittrue.golden.frontends.torch.layer import Layer
from bittrue.golden.frontends.torch.operators.constant import Constant, spread_constant
from bittrue.golden.frontends.torch.operators.line import image_of_line, line_of_image
from bittrue.golden.frontends.torch.operators.mat_mul import MatMul
from bittrue.golden.frontends.torch.operators.rearrangement import (
    Rearrangement,
    numbered,
    places_of,
)
from bittrue.golden.frontends.torch.translation import (
    MATRIX_PRODUCTS,
    PARTING,
    RESHAPING,
    SAME,
    TRANSLATIONS,
    TURNING,
    Call,
    result_of,
)
from bittrue.golden.registry import import_modules, import_users_operators

import_modules(operators)

_MATRICES = frozenset(("linear", "matmul"))
"""Operators that read the last dimension of a sequence."""

_DECOMPOSED = get_decompositions(
    [torch.ops.aten.addcmul, torch.ops.aten.glu, torch.ops.aten.stack, torch.ops.aten.unbind]
) | {**DECOMPOSED_ATTENTION, **DECOMPOSED_EINSUM}
"""Operators made of others that are translated."""

_BATCH = 2  # torch.export treats sizes 0 and 1 specially.


def trace(module: nn.Module, samples: tuple[Tensor, ...]) -> FloatNetwork:
    """Return the layers that a module computes in evaluation mode.

    Parameters
    ----------
    module : Module
        Left as it is; a copy is traced.
    samples : tuple of Tensor
        One for each input of the module, with at least one sample.

    Raises
    ------
    UserError
        If ``torch.export`` refuses the module, or an operator or its use is not supported.
    """
    example = tuple(
        values[:1].to(torch.float32).expand(_BATCH, *values.shape[1:]).contiguous()
        for values in samples
    )
    evaluated = evaluation_copy(module)
    with_samples_first(evaluated)
    outputs_of(evaluated, example)  # What fails here is no matter of torch.export.
    try:
        with _quiet():
            # What is not in the table stays; in-place operators become functional.
            program = torch.export.export(evaluated, example).run_decompositions(_DECOMPOSED)
    except Exception as error:  # torch.export raises dozens of kinds.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        advice = "its forward must take tensors and have no data-dependent control flow"
        if any("meta" in name.split(".") for name, _ in evaluated.named_modules()):
            advice = "it fails on submodules named 'meta': rename it"
        raise UserError(f"torch.export cannot trace the module: {reason[0]}; {advice}") from error
    return _Translation(program).network


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide deprecations within torch, and the graphs that it prints when it fails."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


class _Translation:
    """Translates an exported program node by node."""

    def __init__(self, program: ExportedProgram) -> None:
        self._constants = _constants(program)
        self._names: dict[Node, str] = {}
        self._wholes: set[Node] = set()  # Of which parts are taken.
        self._shapes: dict[str, Shape] = {}
        self._layers: list[Layer] = []
        self._moved: dict[Node, tuple[Node, Tensor]] = {}  # What is moved, and numbers of places.
        self._stacks: set[Node] = set()  # Matrices of several heads, above each other here.
        self._lines: set[Node] = set()  # Of shape (samples, channels, length), images here.
        self._ends: set[str] = set()  # Inputs and outputs that are lines.
        user_inputs = program.graph_signature.user_inputs
        self._depending: set[Node] = set()  # On an input, whether it can be translated or not.
        obstacles = Obstacles()
        for node in program.graph.nodes:
            if node.op == "placeholder" and node.name in user_inputs:
                self._depending.add(node)
                self._define(node, node.name)
                if _is_read_as_line(node):
                    self._open_line(node)
            elif node.op == "call_function":
                call = Call(node, self._names, self._shapes, self._constants)
                with obstacles.at(call.operator, call.description, makes=[node.name]):
                    self._translate(call, obstacles)
        obstacles.refuse()
        # Inputs that the module changes in place are among the outputs of the graph alone.
        wanted = program.graph_signature.user_outputs
        outputs = program.graph.output_node().args[0]
        assert isinstance(outputs, tuple | list)
        names = tuple(
            self._output(node) for node in outputs if isinstance(node, Node) and node.name in wanted
        )
        self.network = FloatNetwork(
            tuple(name for name in user_inputs if isinstance(name, str)),
            tuple(self._layers),
            names,
            self._shapes,
            frozenset(self._ends),
        )

    def _open_line(self, node: Node) -> None:
        """Make an image of an input that is a line."""
        name = self._names[node]
        self._lines.add(node)
        self._ends.add(name)
        layer = image_of_line(name, self._unique(f"{name}_line"), self._shapes[name])
        self._define(node, layer.output)
        self._layers.append(layer)

    def _translate(self, call: Call, obstacles: Obstacles) -> None:
        node = call.node
        depends = not self._depending.isdisjoint(node.all_input_nodes)
        if depends:
            self._depending.add(node)
        if node.target is operator.getitem:
            obstacles.require(each.name for each in node.all_input_nodes)
        item = node.target is operator.getitem
        parted = item and node.all_input_nodes[0] in self._wholes
        first = item and depends and not parted and node.args[1] == 0
        name = "getitem" if parted else call.operator
        if name not in TRANSLATIONS.keys() | SAME | PARTING:
            import_users_operators()
        known = name in TRANSLATIONS.keys() | SAME | PARTING or call.moves
        if depends and not first and not known:
            raise call.refusal("is not supported; docs/torch.md lists what is")
        obstacles.require(each.name for each in node.all_input_nodes)
        if depends and self._is_moved(call):
            return
        if self._multiplies_heads(call):
            return
        self._lay_rows_above_each_other(call)
        for each in node.all_input_nodes:
            self._settle(each)
        if name in SAME and not depends:
            self._constants[node.name] = self._constants[node.all_input_nodes[0].name]
            return
        if name in SAME or first or (depends and name in PARTING):
            self._names[node] = self._names[node.all_input_nodes[0]]
            if node.all_input_nodes[0] in self._lines:
                self._lines.add(node)
            if node.all_input_nodes[0] in self._stacks:
                self._stacks.add(node)
            if name in PARTING:
                self._wholes.add(node)
            return
        if not call.inputs:
            self._constants[node.name] = self._evaluate(node)
            return
        call = self._without_lines(call)
        call = replace(call, line=self._makes_line(call), stacked=self._is_stacked(call))
        if call.line:
            self._lines.add(node)
        call = self._with_constant(call)
        output = self._unique(call.place or node.name)
        layer = self._rowwise_layer(call, output) if call.stacked else None
        if layer is None:
            layer = TRANSLATIONS[name](self._without_stacks(call), output)
        elif layer.treats_rows_alike:
            self._stacks.add(node)
        self._define(node, layer.output)
        self._layers.append(layer)

    def _is_moved(self, call: Call) -> bool:
        """Keep what an operator only moves for those that read it, unless a layer is made of it.

        So a chain of reshapes and transposes, of any number of dimensions, is one movement.
        """
        node = call.node
        sources = [each for each in node.all_input_nodes if each in self._depending]
        if len(sources) != 1:
            return False
        (source,) = sources
        if call.operator in SAME and source in self._moved:
            self._moved[node] = self._moved[source]
            return True
        if not call.moves:
            return False
        rank = result_of(node).ndim
        if source not in self._moved and source not in self._stacks:
            if call.operator in TURNING and rank == 3 and _exchanges_the_last(call):
                return False  # A line becomes a sequence, or a sequence a line.
            if call.operator in RESHAPING and rank <= 4 and not _makes_heads(call):
                return False
            if (
                call.operator in TRANSLATIONS.keys() - TURNING - RESHAPING
                and call.operator != "pad"
            ):
                return False
        shape = tuple(int(size) for size in result_of(source).shape[1:])
        base, numbers = self._moved.get(source, (source, numbered(shape, _BATCH)))
        args, kwargs = map_arg(
            (node.args, node.kwargs),
            lambda each: numbers if each is source else self._constants[each.name],
        )
        assert callable(node.target)
        self._moved[node] = base, node.target(*args, **kwargs).contiguous()
        return True

    def _settle(self, node: Node) -> None:
        """Make a layer of movements that another operator reads."""
        if node not in self._moved or node in self._names:
            return
        base, numbers = self._moved[node]
        shape = tuple(int(size) for size in result_of(base).shape[1:])
        places = places_of(numbers, math.prod(shape))
        if places.ndim not in (1, 2, 3):
            raise UserError(
                f"it reads a tensor of shape {('samples', *places.shape)}; allowed: up to 3 "
                "dimensions beside the samples"
            )
        if places.ndim == 2 and base in self._lines:
            self._lines.add(node)
        self._rearrange(self._names[base], places, node)

    def _multiplies_heads(self, call: Call) -> bool:
        """Append the product of two stacks of matrices, (samples, heads, rows, columns) each."""
        node = call.node
        if call.operator not in MATRIX_PRODUCTS:
            return False
        operands = [each for each in node.args if isinstance(each, Node)]
        shapes = [tuple(result_of(each).shape[1:]) for each in operands]
        computed = all(each in self._names or each in self._moved for each in operands)
        if not computed or [len(shape) for shape in shapes] != [3, 3]:
            return False
        (heads, rows, _), (others, _, columns) = shapes
        if heads != others:
            raise call.refusal(f"multiplies {heads} matrices by {others}; allowed: as many")
        first = self._stack(operands[0], turned=False)
        second = self._stack(operands[1], turned=True)
        output = self._unique(call.place or node.name)
        self._layers.append(
            MatMul(inputs=(first, second), output=output, turned=False, stacked=heads)
        )
        self._stacks.add(node)
        self._names[node], self._shapes[output] = output, (heads * rows, columns)
        return True

    def _stack(self, node: Node, turned: bool) -> str:
        """Return matrices of several heads above each other, each one transposed if asked for."""
        if node in self._stacks and not turned:
            return self._names[node]
        shape = tuple(int(size) for size in result_of(node).shape[1:])
        base, places = node, numbered(shape, 1)[0].to(torch.int64)
        if node in self._moved and node not in self._names:
            base, numbers = self._moved[node]
            places = places_of(numbers, math.prod(result_of(base).shape[1:]))
        places = places.transpose(-1, -2) if turned else places
        stack = places.flatten(0, 1).contiguous()
        return self._rearranged(self._names[base], stack, f"{node.name}_heads")

    def _lay_rows_above_each_other(self, call: Call) -> None:
        """Have an operator along the last of three dimensions read one matrix.

        As a layer for the pixels of an image does whose dimensions are ordered as (samples, height,
        width, channels): the graph's images are such matrices. What meets such matrices becomes
        one, too, unless it is something else already.
        """
        given = call.node.all_input_nodes
        wanted = _is_along_the_last(call)
        if not wanted and self._stacks.isdisjoint(given):
            return
        for each in given:
            known = wanted if each in self._names else each in self._moved
            if known and result_of(each).ndim == 4 and each not in self._stacks:
                self._names[each] = self._stack(each, turned=False)
                self._stacks.add(each)

    def _with_constant(self, call: Call) -> Call:
        """Return a call that reads a constant of many values as if it were computed."""
        read = next(each for each in call.node.all_input_nodes if each in self._names)
        found = spread_constant(call, tuple(int(size) for size in result_of(read).shape[1:]))
        if found is None:
            return call
        constant, values = found
        if call.stacked:
            values = values.expand(result_of(read).shape[1:]).flatten(0, 1)
        values = values[..., None] if call.line else values
        layer = Constant(inputs=call.inputs, output=self._unique(constant.name), values=values)
        self._layers.append(layer)
        self._shapes[layer.output] = tuple(values.shape)
        return replace(call, names={**call.names, constant: layer.output})

    def _is_stacked(self, call: Call) -> bool:
        """Return whether an operator reads matrices above each other, all of its operands."""
        given = [each for each in call.node.all_input_nodes if each in self._names]
        return bool(given) and all(each in self._stacks for each in given)

    def _rowwise_layer(self, call: Call, output: str) -> Layer | None:
        """Return the layer that computes on matrices above each other; None if there is none."""
        with suppress(UserError):
            layer = TRANSLATIONS[call.operator](call, output)
            return layer if layer.treats_rows_alike or layer.joins_rows else None
        return None

    def _without_stacks(self, call: Call) -> Call:
        """Return a call that reads matrices above each other as the tensors that they are."""
        stacks = [each for each in call.node.all_input_nodes if each in self._stacks]
        return replace(
            call,
            names={**call.names, **{each: self._unstacked(each) for each in stacks}},
            stacked=False,
        )

    def _unstacked(self, node: Node) -> str:
        """Return the tensor of three dimensions that matrices above each other are."""
        shape = tuple(int(size) for size in result_of(node).shape[1:])
        places = numbered(shape, 1)[0].to(torch.int64)
        return self._rearranged(self._names[node], places, f"{node.name}_parted")

    def _rearrange(self, source: str, places: Tensor, node: Node) -> None:
        """Append the layer that moves values, and define what a node is."""
        places = places[..., None] if node in self._lines else places
        self._names[node] = self._rearranged(source, places, node.name)

    def _rearranged(self, source: str, places: Tensor, name: str) -> str:
        """Append the layer that moves values, and return the name of what it makes."""
        output = self._unique(name)
        self._layers.append(Rearrangement(inputs=(source,), output=output, places=places))
        self._shapes[output] = tuple(places.shape)
        return output

    def _without_lines(self, call: Call) -> Call:
        """Return a call that reads sequences in place of lines, where it treats them as such.

        As a matrix does, which reads the last dimension, and what has one of each as operands. What
        works along lines reads lines in place of sequences.
        """
        given = [each for each in call.node.all_input_nodes if each in self._names]
        lines = [each for each in given if each in self._lines]
        if "1d" in call.operator:
            for each in given:
                if result_of(each).ndim == 3 and each not in self._lines:
                    self._lines.add(each)
                    places = numbered(self._shapes[self._names[each]], 1)[0].to(torch.int64)
                    self._rearrange(self._names[each], places, each)
            return replace(call, names=self._names)
        mixed = any(result_of(each).ndim == 3 for each in given if each not in self._lines)
        if not lines or not (mixed or call.operator in _MATRICES):
            return call
        names = dict(self._names)
        for line in lines:
            shape = tuple(int(size) for size in result_of(line).shape[1:])
            places = numbered(shape, 1)[0].to(torch.int64)
            name = self._names[line]
            names[line] = self._rearranged(name, places, f"{name}_sequence")
        return replace(call, names=names)

    def _makes_line(self, call: Call) -> bool:
        """Return whether what an operator makes is a line, which is an image of width 1 here."""
        shape = tuple(int(size) for size in result_of(call.node).shape[1:])
        if len(shape) != 2 or call.operator in MATRIX_PRODUCTS:
            return False
        if call.operator in TURNING:
            return len(call.input_shape) == 2
        if call.operator in RESHAPING:  # What is held in a line's order is one.
            source = call.input_shape
            return len(source) == 3 and np.array_equal(
                torch_order(source), torch_order((*shape, 1))
            )
        return any(
            node in self._lines and call.names[node] == self._names[node]
            for node in call.node.all_input_nodes
        )

    def _output(self, node: Node) -> str:
        self._settle(node)
        if node not in self._names:
            raise UserError(f"output {node.name!r} is constant; outputs must depend on the input")
        if node in self._stacks:
            return self._unstacked(node)
        if node not in self._lines:
            return self._names[node]
        image = self._names[node]
        layer = line_of_image(image, self._unique(f"{image}_line"), self._shapes[image])
        self._layers.append(layer)
        self._shapes[layer.output] = layer.shape
        self._ends.add(layer.output)
        return layer.output

    def _evaluate(self, node: Node) -> Tensor:
        """Compute a weight that follows from parameters alone, as parametrizations do."""
        args, kwargs = map_arg(
            (node.args, node.kwargs), lambda argument: self._constants[argument.name]
        )
        assert callable(node.target)
        result: Tensor = node.target(*args, **kwargs)
        return result

    def _define(self, node: Node, name: str) -> None:
        shape = tuple(int(size) for size in result_of(node).shape)
        if len(shape) < 2 or shape[0] != _BATCH:
            raise UserError(
                f"tensor {name!r} has shape {shape} for a batch of {_BATCH}; the first dimension "
                "must be the batch, and there must be another"
            )
        shape = (*shape, 1) if node in self._lines else shape
        if node in self._stacks:
            shape = (shape[0], shape[1] * shape[2], *shape[3:])
        self._names[node], self._shapes[name] = name, shape[1:]

    def _unique(self, name: str) -> str:
        count, unique = 1, name
        while unique in self._shapes:
            count, unique = count + 1, f"{name}_{count}"
        return unique


def _makes_heads(call: Call) -> bool:
    """Return whether features are parted into heads, whose order is changed next."""
    node = call.node
    (source,) = (each for each in node.all_input_nodes if isinstance(each.meta.get("val"), Tensor))
    readers = [str(reader.target).removeprefix("aten.").split(".")[0] for reader in node.users]
    return (
        (result_of(source).ndim, result_of(node).ndim) == (3, 4)
        and set(readers) <= TURNING
        and bool(readers)
    )


def _is_along_the_last(call: Call) -> bool:
    """Return whether an operator works along the last of three dimensions beside the samples."""
    match call.operator:
        case "linear":
            return True
        case "layer_norm" | "rms_norm":
            return len(call.arguments["normalized_shape"]) == 1
        case "softmax":
            return int(call.arguments["dim"]) in (-1, 3)
    return False


def _exchanges_the_last(call: Call) -> bool:
    """Return whether an operator exchanges the last two of three dimensions."""
    places = numbered((2, 3), 1)
    assert callable(call.node.target)
    moved = call.node.target(places, *call.node.args[1:], **call.node.kwargs)
    return bool(torch.equal(moved, places.transpose(1, 2)) if moved.shape == (1, 3, 2) else False)


def _is_read_as_line(placeholder: Node) -> bool:
    """Return whether an input, or what has its dimensions, is read as (channels, length)."""
    reached, seen = [placeholder], {placeholder}
    while reached:
        node = reached.pop()
        if not isinstance(node.meta.get("val"), Tensor) or node.meta["val"].ndim != 3:
            continue
        for reader in node.users:
            name = str(reader.target).removeprefix("aten.").split(".")[0]
            if name.removesuffix("1d") != name or "batch_norm" in name:
                return True
            if (
                name not in TURNING | RESHAPING | {"linear", *MATRIX_PRODUCTS}
                and reader not in seen
            ):
                seen.add(reader)
                reached.append(reader)
    return False


def _constants(program: ExportedProgram) -> dict[str, Tensor]:
    """Return parameters, buffers and constants by the name of their placeholder."""
    signature = program.graph_signature
    sources = (
        signature.inputs_to_parameters
        | signature.inputs_to_buffers
        | signature.inputs_to_lifted_tensor_constants
    )
    values = program.constants | program.state_dict
    return {name: values[source].detach() for name, source in sources.items()}

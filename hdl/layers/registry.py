"""The circuit of each operator: every file of `hdl.layers` enters what it makes of its node."""

from collections.abc import Callable
from typing import TypeVar

from bittrue.golden.errors import UserError
from bittrue.golden.graph import Node
from bittrue.golden.registry import import_modules
from bittrue.hdl.layers.layer_spec import LayerSpec, Place

SpecOf = Callable[[Node, Place], LayerSpec]
"""Makes the specification of a node's layer from the node and its place."""

LAYERS: dict[type[Node], SpecOf] = {}
"""By operator."""

WIRES: set[type[Node]] = set()
"""Operators without a circuit: the codes pass in the same order."""

NodeT = TypeVar("NodeT", bound=Node)
_Maker = TypeVar("_Maker", bound=Callable[..., LayerSpec])


def makes_layers_of(node: type[Node]) -> Callable[[_Maker], _Maker]:
    """Enter a function, which takes a node and its place, as what makes layers of an operator.

    Raises
    ------
    TypeError
        If the operator has one.
    """

    def enter(make: _Maker) -> _Maker:
        if node in LAYERS or node in WIRES:
            raise TypeError(f"{node.operator()} has a circuit already")
        LAYERS[node] = make
        return make

    return enter


def is_wire(node: Node) -> bool:
    """Return whether a node has no circuit: the codes pass in the same order."""
    _find(type(node))
    return type(node) in WIRES


def layer_spec(node: Node, place: Place) -> LayerSpec:
    """Return the specification of a node's layer.

    Raises
    ------
    UserError
        If the operator has none, or a parameter is out of range.
    """
    _find(type(node))
    if type(node) not in LAYERS:
        known = sorted(kind.__name__ for kind in LAYERS)
        raise UserError(f"there is no circuit for this operator; there are for {', '.join(known)}")
    return LAYERS[type(node)](node, place)


def _find(operator: type[Node]) -> None:
    """Import the files of all operators, unless this one has entered itself already."""
    if operator not in LAYERS and operator not in WIRES:
        import_modules("bittrue.hdl.layers")

"""New shapes, which take no circuit: the codes pass in the same order."""

from bittrue.golden.graph.reshape import Reshape as ReshapeNode
from bittrue.hdl.layers.registry import WIRES

WIRES.add(ReshapeNode)

"""The integer graph: the one contract between golden model, circuits and user.

A `Graph` is immutable and made of integers only; numpy is all it needs. Its nodes,
each in the file of its name, from which it is imported:

============  ==============================================================
Convolution   also grouped and depthwise, with padding, stride and dilation
FullyConnected
MatMul        product of two matrices that both are computed
Add           also subtraction; each operand is scaled first
Multiply
MinMax        the lesser or the greater of two codes
Requantize    change of scale, zero point or width
Table         any function of a code
Clamp         relu, relu6
MaxPool, AveragePool, SumPool, Mean
Softmax, Softmax16, ArgMax
ResizeBilinear
Reshape, Broadcast, Concat, Slice, Gather, Transpose, Pad
Constant
============  ==============================================================
"""

from bittrue.golden.graph.graph import Graph, GraphError
from bittrue.golden.graph.matrix import MatrixNode
from bittrue.golden.graph.node import OPERATORS, AccumulatingNode, AccumulatorBounds, Node
from bittrue.golden.graph.requantization import Certified, FixedPoint, Requantization
from bittrue.golden.graph.state import State
from bittrue.golden.graph.tensor import Encoding, Quantization, Tensor, storage_dtype
from bittrue.golden.graph.window import Window
from bittrue.golden.registry import import_modules

__all__ = [
    "OPERATORS",
    "AccumulatingNode",
    "AccumulatorBounds",
    "Certified",
    "Encoding",
    "FixedPoint",
    "Graph",
    "GraphError",
    "MatrixNode",
    "Node",
    "Quantization",
    "Requantization",
    "State",
    "Tensor",
    "Window",
    "storage_dtype",
]

import_modules(__name__)  # Each operator enters itself into `OPERATORS`.

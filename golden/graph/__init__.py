"""The integer graph: the one contract between golden model, circuits and user.

A `Graph` is immutable and made of integers only; numpy is all it needs. Its nodes:

============  ==============================================================
Convolution   also grouped and depthwise, with padding, stride and dilation
FullyConnected
Add           also subtraction; each operand is scaled first
Multiply
Requantize    change of scale, zero point or width
Table         any function of a code
Clamp         relu, relu6
MaxPool, AveragePool, SumPool, Mean
Softmax, Softmax16, ArgMax
Reshape, Broadcast, Concat, Pad, Constant
============  ==============================================================
"""

from golden.graph.arrangement import Broadcast, Concat, Constant, Pad, Reshape
from golden.graph.classification import ArgMax, Softmax, Softmax16
from golden.graph.elementwise import Add, Addend, Clamp, Multiply, Requantize, Table
from golden.graph.graph import Graph, GraphError
from golden.graph.matrix import Convolution, FullyConnected
from golden.graph.node import AccumulatingNode, AccumulatorBounds, Node
from golden.graph.pooling import AveragePool, MaxPool, Mean, SumPool
from golden.graph.requantization import Certified, FixedPoint, Requantization
from golden.graph.tensor import Encoding, Quantization, Tensor, storage_dtype
from golden.graph.window import Window

__all__ = [
    "AccumulatingNode",
    "AccumulatorBounds",
    "Add",
    "Addend",
    "ArgMax",
    "AveragePool",
    "Broadcast",
    "Certified",
    "Clamp",
    "Concat",
    "Constant",
    "Convolution",
    "Encoding",
    "FixedPoint",
    "FullyConnected",
    "Graph",
    "GraphError",
    "MaxPool",
    "Mean",
    "Multiply",
    "Node",
    "Pad",
    "Quantization",
    "Requantization",
    "Requantize",
    "Reshape",
    "Softmax",
    "Softmax16",
    "SumPool",
    "Table",
    "Tensor",
    "Window",
    "storage_dtype",
]

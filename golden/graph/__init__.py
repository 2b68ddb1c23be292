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
Reshape, Broadcast, Concat, Slice, Pad
Constant
============  ==============================================================
"""

from golden.graph.add import Add, Addend
from golden.graph.arg_max import ArgMax
from golden.graph.average_pool import AveragePool
from golden.graph.broadcast import Broadcast
from golden.graph.clamp import Clamp
from golden.graph.concat import Concat
from golden.graph.constant import Constant
from golden.graph.convolution import Convolution
from golden.graph.fully_connected import FullyConnected
from golden.graph.graph import Graph, GraphError
from golden.graph.matrix import MatrixNode
from golden.graph.max_pool import MaxPool
from golden.graph.mean import Mean
from golden.graph.multiply import Multiply
from golden.graph.node import OPERATORS, AccumulatingNode, AccumulatorBounds, Node
from golden.graph.pad import Pad
from golden.graph.requantization import Certified, FixedPoint, Requantization
from golden.graph.requantize import Requantize
from golden.graph.reshape import Reshape
from golden.graph.slice import Slice
from golden.graph.softmax import Softmax
from golden.graph.softmax16 import Softmax16
from golden.graph.sum_pool import SumPool
from golden.graph.table import Table
from golden.graph.tensor import Encoding, Quantization, Tensor, storage_dtype
from golden.graph.window import Window

__all__ = [
    "OPERATORS",
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
    "MatrixNode",
    "MaxPool",
    "Mean",
    "Multiply",
    "Node",
    "Pad",
    "Quantization",
    "Requantization",
    "Requantize",
    "Reshape",
    "Slice",
    "Softmax",
    "Softmax16",
    "SumPool",
    "Table",
    "Tensor",
    "Window",
    "storage_dtype",
]

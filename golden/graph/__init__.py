"""The integer graph: the one contract between golden model, circuits and user.

A `Graph` is immutable and made of integers only; numpy is all it needs. Its nodes:

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

from bittrue.golden.graph.add import Add, Addend
from bittrue.golden.graph.arg_max import ArgMax
from bittrue.golden.graph.average_pool import AveragePool
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.graph.clamp import Clamp
from bittrue.golden.graph.concat import Concat
from bittrue.golden.graph.constant import Constant
from bittrue.golden.graph.convolution import Convolution
from bittrue.golden.graph.fully_connected import FullyConnected
from bittrue.golden.graph.gather import Gather
from bittrue.golden.graph.graph import Graph, GraphError
from bittrue.golden.graph.mat_mul import MatMul
from bittrue.golden.graph.matrix import MatrixNode
from bittrue.golden.graph.max_pool import MaxPool
from bittrue.golden.graph.mean import Mean
from bittrue.golden.graph.min_max import MinMax
from bittrue.golden.graph.multiply import Multiply
from bittrue.golden.graph.node import OPERATORS, AccumulatingNode, AccumulatorBounds, Node
from bittrue.golden.graph.pad import Pad
from bittrue.golden.graph.requantization import Certified, FixedPoint, Requantization
from bittrue.golden.graph.requantize import Requantize
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.graph.resize_bilinear import Interpolation, ResizeBilinear
from bittrue.golden.graph.slice import Slice
from bittrue.golden.graph.softmax import Softmax
from bittrue.golden.graph.softmax16 import Softmax16
from bittrue.golden.graph.state import State
from bittrue.golden.graph.sum_pool import SumPool
from bittrue.golden.graph.table import Table
from bittrue.golden.graph.tensor import Encoding, Quantization, Tensor, storage_dtype
from bittrue.golden.graph.transpose import Transpose
from bittrue.golden.graph.window import Window

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
    "Gather",
    "Graph",
    "GraphError",
    "Interpolation",
    "MatMul",
    "MatrixNode",
    "MaxPool",
    "Mean",
    "MinMax",
    "Multiply",
    "Node",
    "Pad",
    "Quantization",
    "Requantization",
    "Requantize",
    "Reshape",
    "ResizeBilinear",
    "Slice",
    "Softmax",
    "Softmax16",
    "State",
    "SumPool",
    "Table",
    "Tensor",
    "Transpose",
    "Window",
    "storage_dtype",
]

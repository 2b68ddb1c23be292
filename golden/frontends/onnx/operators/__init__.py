"""Operators of ONNX files, one module for each operator of the graph that they become."""

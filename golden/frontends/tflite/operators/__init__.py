"""Each operator of a .tflite file as nodes of the graph, one module for each operator of that."""

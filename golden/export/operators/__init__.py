"""Each operator as operators of ONNX."""

"""Networks from outside: files of TensorFlow Lite and ONNX, and torch modules."""

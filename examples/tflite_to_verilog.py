# %% [markdown]
# # A .tflite file as Verilog
#
# Cells of a notebook (Jupytext's percent format), and a program:
# `python tflite_to_verilog.py MODEL.tflite FOLDER`. The tensors of the file are integers of 8 or 16
# bits, as TensorFlow Lite's converter writes them with full integer quantization.

# %%
import sys
from pathlib import Path

import numpy as np

import bittrue

model = sys.argv[1] if len(sys.argv) > 1 else "model.tflite"
folder = Path(sys.argv[2] if len(sys.argv) > 2 else "tflite_to_verilog")

# %% [markdown]
# ## The network
#
# What is read computes what TensorFlow Lite's reference kernels compute, to the last bit.

# %%
graph = bittrue.load(model)
for tensor in graph.inputs:
    print(f"input {tensor.name}: {tensor.shape}, codes {tensor.minimum} to {tensor.maximum}")
print(f"{len(graph.nodes)} layers")

# %% [markdown]
# ## Images
#
# Random codes here, in the layout of the model; real values are quantized by the file's own scale.

# %%
rng = np.random.default_rng(1)
images = {
    each.name: rng.integers(each.minimum, each.maximum, (3, *each.shape), endpoint=True)
    for each in graph.inputs
}
codes = bittrue.predict(graph, images)

# %% [markdown]
# ## A circuit, Verilog, and proof

# %%
plan = bittrue.plan(graph, "zynq7020", cycles=20_000)
print(f"one image in {plan.cycles:,} cycles")
bittrue.build(plan, folder, name="example", images=images)
result = bittrue.simulate(plan, images, simulator="icarus")
print(result.verdict)
assert result.passed, result.first_difference
for name, made in result.codes.items():
    assert np.array_equal(made, codes[name])

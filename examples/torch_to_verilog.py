# %% [markdown]
# # A torch module as Verilog
#
# Cells of a notebook (Jupytext's percent format), and a program:
# `python torch_to_verilog.py FOLDER`.

# %%
import sys
from pathlib import Path

import numpy as np
import torch

import bittrue

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "torch_to_verilog")

# %% [markdown]
# ## A float network
#
# Untrained here; one of your own has weights that mean something.

# %%
torch.manual_seed(1)
module = torch.nn.Sequential(
    torch.nn.Conv2d(1, 4, 3, stride=2),
    torch.nn.ReLU(),
    torch.nn.Flatten(),
    torch.nn.Linear(36, 10),
)
samples = torch.rand(64, 1, 8, 8)

# %% [markdown]
# ## Integers
#
# Eight bits, or what a scheme says. `predict` computes what the circuit will, to the last bit.

# %%
scheme = bittrue.Scheme.from_toml("weight.bits = 4\n")
graph = bittrue.quantize(module, samples, scheme)
codes = bittrue.predict(graph, samples.numpy())[graph.outputs[0]]
agree = (codes.argmax(1) == module(samples).argmax(1).numpy()).mean()
print(f"{agree:.0%} of {len(codes)} samples have the same greatest output as in floating point")

# %% [markdown]
# ## A circuit for every layer
#
# As slow as one image in 500 cycles, so it is small.

# %%
plan = bittrue.plan(graph, "ecp5-25f", cycles=500)
for layer in plan.layers:
    print(f"{layer.operator}: {layer.multipliers} multipliers, {layer.cycles} cycles an image")

# %% [markdown]
# ## Verilog, with testbench, drivers and scripts

# %%
bittrue.build(plan, folder, name="example", images=samples.numpy()[:2])
print(f"{folder}/manifest.json describes the folder")

# %% [markdown]
# ## Proof
#
# The Verilog in a simulator, between random pauses, compared with golden, code by code.

# %%
result = bittrue.simulate(plan, samples.numpy()[:8], simulator="icarus", stall=40)
print(result.verdict)
assert result.passed, result.first_difference
assert np.array_equal(result.outputs, codes[:8])

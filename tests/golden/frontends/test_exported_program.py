"""Quantized programs of torch.export, against what torch computes of them itself."""

import importlib
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.exported_program import import_program

importlib.import_module("torch.ao.quantization.fx._decomposed")  # Registers the quantizers.
OPERATORS = torch.ops.quantized_decomposed


class Quantized(nn.Module):
    """As ``convert_pt2e`` leaves a module: quantizers of tensors, and of weights per channel.

    Scales are powers of two, so that float32 rounds nothing but in the quantizers.
    """

    kernel: Tensor
    matrix: Tensor
    bias: Tensor
    scales: Tensor

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(3)
        self.register_buffer("kernel", self._codes(rng, 6, 3, 3, 3))
        self.register_buffer("matrix", self._codes(rng, 5, 6 * 4))
        self.register_buffer("bias", torch.from_numpy(rng.integers(-64, 64, 6) / 64).float())
        scales = 2.0 ** rng.integers(-7, -4, 6)
        self.register_buffer("scales", torch.from_numpy(scales).float())

    @staticmethod
    def _codes(rng: np.random.Generator, *shape: int) -> Tensor:
        return torch.from_numpy(rng.integers(-127, 128, shape).astype(np.int8))

    @staticmethod
    def _coded(x: Tensor, scale: float, zero_point: int) -> Tensor:
        given = (scale, zero_point, -128, 127, torch.int8)
        codes = OPERATORS.quantize_per_tensor.default(x, *given)
        made: Tensor = OPERATORS.dequantize_per_tensor.default(codes, *given)
        return made

    def forward(self, x: Tensor) -> Tensor:
        x = self._coded(x, 2.0**-6, -3)
        kernel = OPERATORS.dequantize_per_channel.default(
            self.kernel, self.scales, torch.zeros(6, dtype=torch.int64), 0, -127, 127, torch.int8
        )
        x = functional.relu(functional.conv2d(x, kernel, self.bias))
        x = self._coded(x, 2.0**-2, -128)
        x = self._coded(functional.max_pool2d(x, 2), 2.0**-2, -128)
        matrix = OPERATORS.dequantize_per_tensor.default(
            self.matrix, 2.0**-7, 0, -127, 127, torch.int8
        )
        return self._coded(functional.linear(x.flatten(1), matrix), 2.0**1, 10)


@pytest.fixture(scope="module")
def program() -> torch.export.ExportedProgram:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(Quantized().eval(), (torch.zeros(1, 3, 6, 6),))


def test_codes_are_those_of_torch(program: torch.export.ExportedProgram) -> None:
    graph = import_program(program)
    codes = np.random.default_rng(1).integers(-128, 128, (50, 3, 6, 6))
    samples = torch.from_numpy((codes + 3) / 64).float()
    expected = Quantized()(samples).numpy() / 2 + 10
    (output,) = graph.outputs
    made = Executor(graph).run(codes.transpose(0, 2, 3, 1))[output]
    assert len(np.unique(expected)) > 10
    assert np.array_equal(made, expected)


def test_a_program_of_real_numbers_is_refused() -> None:
    program = torch.export.export(nn.ReLU(), (torch.zeros(1, 4),))
    with pytest.raises(UserError, match="the program has no quantizers; quantize it by"):
        import_program(program)

"""Images of torch modules with their channels last, (samples, height, width, channels)."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes
from bittrue.golden.quantize import quantize
from tests.support.torch_modules import assert_float_layers_are, assert_quantized_is_near

SHAPE = (3, 6, 5)


class Pixels(nn.Module):
    """Matrices for every pixel between two orders of the dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.wide, self.narrow = nn.Linear(8, 16), nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        image = self.first(x)
        pixels = functional.relu(self.wide(image.permute(0, 2, 3, 1)))
        return image + self.narrow(pixels).permute(0, 3, 1, 2)


class Block(Pixels):
    """A block of ConvNeXt."""

    def __init__(self) -> None:
        super().__init__()
        self.normalization = nn.LayerNorm(8)
        self.scale = nn.Parameter(torch.linspace(0.5, 1.5, 8)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        image = self.first(x)
        pixels = self.wide(self.normalization(image.permute(0, 2, 3, 1)))
        return image + self.scale * self.narrow(functional.gelu(pixels)).permute(0, 3, 1, 2)


class Throughout(Pixels):
    """Channels last from the first layer to an output of three dimensions, with a residual."""

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.first(x).permute(0, 2, 3, 1)
        result: Tensor = pixels + self.narrow(functional.relu(self.wide(pixels)))
        return result


class Mean(Throughout):
    """What reads pixels otherwise than one by one: a mean over both dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).mean(dim=(1, 2))


class KeptMean(Throughout):
    """The same, whose dimensions stay, and a layer for the one pixel left."""

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.wide(super().forward(x).mean(dim=(1, 2), keepdim=True))
        return result


class Columns(nn.Module):
    """A matrix along the width of an image, whose channels come first."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix, self.last = nn.Linear(5, 4), nn.Conv2d(3, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.last(functional.relu(self.matrix(x)))
        return result


class Softmax(Pixels):
    """Softmax over the channels, which are last."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.softmax(self.first(x).permute(0, 2, 3, 1), dim=-1)


class Convolved(nn.Module):
    """The same as `Pixels`, by convolutions."""

    def __init__(self, module: Pixels) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        image = self.module.first(x)
        wide, narrow = self.module.wide, self.module.narrow
        pixels = functional.conv2d(image, wide.weight[:, :, None, None], wide.bias)
        pixels = functional.conv2d(
            functional.relu(pixels), narrow.weight[:, :, None, None], narrow.bias
        )
        result: Tensor = image + pixels
        return result


MODULES = [Pixels, Block, Throughout, Mean, KeptMean, Columns, Softmax]


@pytest.mark.parametrize("kind", MODULES)
def test_float_layers_compute_what_the_module_does(kind: type[nn.Module]) -> None:
    torch.manual_seed(1)
    module, samples = kind().eval(), torch.randn(3, *SHAPE)
    assert_float_layers_are(module, samples)


@pytest.mark.parametrize("kind", MODULES)
def test_quantized_images_are_near_the_module(kind: type[nn.Module]) -> None:
    torch.manual_seed(2)
    module, samples = kind().eval(), torch.randn(64, *SHAPE)
    assert_quantized_is_near(module, samples)


def test_an_image_with_its_channels_last_is_the_graphs_own() -> None:
    """Nothing is moved: the order of the dimensions changes by reshapes alone."""
    graph = quantize(Pixels().eval(), torch.randn(16, *SHAPE)).graph
    made = [node.operator() for node in graph.nodes]
    products = ["fully_connected", "fully_connected"]
    assert made == ["convolution", "reshape", *products, "reshape", "add"]


def test_a_matrix_for_every_pixel_is_a_convolution_of_one_pixel() -> None:
    """The same network with convolutions in place of matrices has the same codes."""
    torch.manual_seed(3)
    module, samples = Pixels().eval(), torch.randn(32, *SHAPE)
    graphs = [quantize(each.eval(), samples).graph for each in (module, Convolved(module))]
    codes = to_codes(graphs[0], samples)
    first, second = (Executor(graph).run(codes)[graph.outputs[0]] for graph in graphs)
    assert np.array_equal(first, second)

"""Imported torch modules against fake-quantized torch models, layer by layer.

The reference is the module itself in float64, with torch's own batch-norm folding and fake
quantization of weights and biases. Hooks feed every layer what the integer graph computed before
it, so that each layer is judged alone.
"""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from bittrue.golden.errors import UserError
from bittrue.golden.executor.execute import Executor
from bittrue.golden.frontends.torch import to_codes, to_real
from bittrue.golden.graph import Certified, FixedPoint, Graph
from bittrue.golden.graph.reshape import Reshape
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.quantize import ActivationScheme, Scheme, WeightScheme, quantize
from bittrue.golden.quantize.agreement import compare_layers


class Binary(nn.Module):
    """An operation on two branches of one input, with names for the hooks."""

    def __init__(
        self, first: nn.Module, second: nn.Module, join: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.first, self.second, self.joined = first, second, Join(join)

    def forward(self, x: Tensor) -> Tensor:
        return self.joined(self.first(x), self.second(x))


class Join(nn.Module):
    def __init__(self, join: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.join = join

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return self.join(one, other)


def conv(inputs: int, outputs: int, size: int = 3, **options: int) -> nn.Sequential:
    """Return a convolution with batch normalization."""
    options = {"padding": size // 2} | options
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, bias=False, **options), nn.BatchNorm2d(outputs)
    )


def join_channels(one: Tensor, other: Tensor) -> Tensor:
    return torch.cat([one, other], dim=1)


MODULES: dict[str, Callable[[], nn.Module]] = {
    "plain": lambda: nn.Sequential(
        conv(3, 8), nn.ReLU(), conv(8, 12, stride=2), nn.ReLU6(), nn.Flatten(), nn.Linear(192, 10)
    ),
    "residual": lambda: nn.Sequential(
        conv(3, 8),
        nn.ReLU(),
        Binary(nn.Sequential(conv(8, 8), nn.ReLU(), conv(8, 8)), nn.Identity(), torch.add),
        nn.ReLU(),
        Binary(conv(8, 16, stride=2), conv(8, 16, 1, stride=2), torch.add),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 5),
    ),
    "depthwise": lambda: nn.Sequential(
        conv(3, 6, padding=0),
        nn.Hardtanh(-0.5, 0.7),
        conv(6, 12, groups=6, stride=2),
        nn.ReLU(),
        conv(12, 8, 1),
        nn.Conv2d(8, 4, 3, padding="same", dilation=2, groups=2),
    ),
    "concat": lambda: nn.Sequential(
        Binary(conv(3, 4), nn.Sequential(conv(3, 6), nn.ReLU()), join_channels),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(10, 4, 1),
    ),
    "pooling": lambda: nn.Sequential(
        nn.AvgPool2d(2, 1, padding=1, count_include_pad=False),
        nn.MaxPool2d(2, ceil_mode=True),
        conv(3, 4),
        nn.AvgPool2d(2, stride=1),
        nn.AvgPool2d(3, 1, padding=1),
        nn.ReLU(),
        nn.ZeroPad2d((1, 1, 2, 0)),
        nn.AdaptiveAvgPool2d((3, 2)),
    ),
    "borders": lambda: nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(3, 4, 3, stride=2),
        nn.ReLU(),
        nn.ZeroPad2d((1, 0, 2, 1)),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, dilation=2),
        nn.ZeroPad2d(2),  # Windows of one pixel would lie in the border alone.
        nn.Conv2d(4, 5, 1),
    ),
    "tables": lambda: nn.Sequential(
        conv(3, 6),
        nn.Hardswish(),
        Binary(nn.Identity(), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Sigmoid()), torch.mul),
        Binary(nn.Tanh(), nn.GELU(), torch.sub),
        nn.LeakyReLU(0.1),
    ),
    "weight norm": lambda: nn.Sequential(weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU()),
    "batch norm alone": lambda: nn.Sequential(
        nn.BatchNorm2d(3), nn.ReLU(), conv(3, 4), nn.Flatten(), nn.Linear(256, 6), nn.BatchNorm1d(6)
    ),
}


def trained(make: Callable[[], nn.Module], seed: int = 0) -> tuple[nn.Module, Tensor]:
    """Return a module with lively batch statistics, and samples for it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module, samples = make(), torch.randn(40, 3, 8, 8) * 1.3 + 0.2
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                nn.init.uniform_(layer.weight, 0.5, 2.0)
                nn.init.normal_(layer.bias)
        module.train()
        module(samples)
        return module.eval(), samples


def folded(module: nn.Module) -> nn.Module:
    """Return a float64 copy whose batch normalizations are folded by torch."""
    module = copy.deepcopy(module).double()
    for layer in list(module.modules()):
        if is_parametrized(layer):
            remove_parametrizations(layer, "weight")
    for parent in [each for each in module.modules() if isinstance(each, nn.Sequential)]:
        for index in range(len(parent) - 1):
            first, second = parent[index], parent[index + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                parent[index] = fuse_conv_bn_eval(first, second)
                parent[index + 1] = nn.Identity()
            if isinstance(first, nn.Linear) and isinstance(second, nn.BatchNorm1d):
                scale = second.weight / (second.running_var + second.eps).sqrt()
                first.bias.data = (first.bias - second.running_mean) * scale + second.bias
                first.weight.data = first.weight * scale[:, None]
                parent[index + 1] = nn.Identity()
    return module


def without_fused_activations(module: nn.Module, graph: Graph) -> nn.Module:
    """Return the module without activations that the layers before them apply to their codes."""
    for name, layer in list(module.named_modules()):
        if isinstance(layer, nn.ReLU | nn.ReLU6 | nn.Hardtanh) and name not in graph.tensors:
            parent, _, child = name.rpartition(".")
            setattr(module.get_submodule(parent), child, nn.Identity())
    return module


def fake_quantize(layer: nn.Module, input_scale: float, bias: bool) -> None:
    """Round weights to per-channel int8 and biases to the accumulator's scale, as real numbers."""
    if isinstance(layer, nn.BatchNorm2d) and bias:  # Its own weight is its largest: 127.
        factor = layer.weight.data / (layer.running_var + layer.eps).sqrt()
        step = (factor.abs().float() / 127).double() * input_scale
        shift = layer.running_mean * factor
        layer.bias.data = ((layer.bias.data - shift) / step).round() * step + shift
    if isinstance(layer, nn.Conv2d | nn.Linear):
        weight = layer.weight.data
        scale = weight.flatten(1).abs().amax(1).float() / 127
        zero = torch.zeros(len(scale), dtype=torch.int32)
        layer.weight.data = torch.fake_quantize_per_channel_affine(
            weight, scale, zero, 0, -127, 127
        )
        if layer.bias is not None and bias:
            step = scale.double() * input_scale
            layer.bias.data = (layer.bias.data / step).round() * step


def differences(
    module: nn.Module, graph: Graph, tensors: dict[str, np.ndarray]
) -> dict[str, float]:
    """Return by how many codes each layer differs from the fake-quantized one, at most.

    Half a code is what rounding to the nearest code leaves. Biases are real numbers where
    requantization is certified to equal real arithmetic.
    """
    found: dict[str, float] = {}
    reference = without_fused_activations(folded(module), graph)

    def judge(name: str) -> Callable[..., Tensor | None]:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...], result: Tensor) -> Tensor | None:
            quantization, node = graph.quantization[name], graph.producer(name)
            if isinstance(node, Reshape):
                found[name] = 0.0  # Same values, maybe in another order.
                return None
            actual = to_real(graph, name, tensors[name]).double()
            scale = float(quantization.scale)
            tensor, zero = graph.tensors[name], quantization.encoding.zero_point
            limits = (tensor.type.minimum, tensor.type.maximum)
            if isinstance(getattr(node, "requantization", None), FixedPoint):
                channels = node.requantization.channels
                limits = (int(channels.minimum.min()), int(channels.maximum.max()))
            if isinstance(getattr(node, "requantization", None), Certified):
                certificate = node.requantization.certificate
                limits = (int(certificate.minimum.min()), int(certificate.maximum.max()))
            expected = (result / scale + zero).clamp(*limits)
            found[name] = float((actual / scale + zero - expected).abs().max())
            return actual

        return hook

    for name, layer in reference.named_modules():
        if name not in graph.tensors:
            continue
        source = graph.producer(name).inputs[0]
        rounded = not isinstance(getattr(graph.producer(name), "requantization", None), Certified)
        fake_quantize(layer, float(graph.quantization[source].scale), rounded)
        layer.register_forward_hook(judge(name))
    (source,) = graph.inputs
    with torch.no_grad():
        reference(to_real(graph, source.name, tensors[source.name]).double())
    return found


def run_all(graph: Graph, samples: Tensor) -> dict[str, np.ndarray]:
    return Executor(graph).run(to_codes(graph, samples), keep=list(graph.tensors))


def tolerance(graph: Graph, name: str) -> float:
    """Return how far from the real value a code may be: half, and what a first rounding adds."""
    requantization = getattr(graph.producer(name), "requantization", None)
    if isinstance(requantization, Certified):
        return 0.5 + 1e-9  # Real arithmetic in float64, in another order.
    slack = 1e-4  # Operands of additions have 20 fraction bits; tables are made in float32.
    if isinstance(requantization, FixedPoint) and requantization.rounding.rounds_twice:
        slack += 2.0 ** (int(requantization.channels.exponent.max()) - 1)
    return 0.5 + slack


def test_borders_of_zeros_are_padding_where_every_window_meets_the_image() -> None:
    module, samples = trained(MODULES["borders"])
    operators = [node.operator() for node in quantize(module, samples).graph.nodes]
    assert operators == ["convolution", "convolution", "pad", "convolution"]


@pytest.mark.parametrize("requantization", ["exact", "single_half_even", "tflite_double"])
@pytest.mark.parametrize("name", MODULES)
def test_every_layer_equals_the_fake_quantized_one(name: str, requantization: str) -> None:
    module, samples = trained(MODULES[name])
    graph = quantize(module, samples, Scheme(requantization=requantization)).graph
    found = differences(module, graph, run_all(graph, samples))
    assert set(found) == {node.output for node in graph.nodes}
    for layer, difference in found.items():
        assert difference <= tolerance(graph, layer), layer


@pytest.mark.parametrize("name", MODULES)
def test_the_whole_network_stays_close_to_the_float_module(name: str) -> None:
    module, samples = trained(MODULES[name])
    graph = quantize(module, samples).graph
    codes = Executor(graph).run(to_codes(graph, samples))
    (output,) = graph.outputs
    with torch.no_grad():
        exact = module(samples)
    error = to_real(graph, output, codes[output]) - exact
    assert exact.square().mean() / error.square().mean() > 10**2  # 20 dB


def test_flattened_images_and_features_are_joined_in_any_order() -> None:
    def make() -> nn.Module:
        image = nn.Sequential(conv(3, 4, stride=2), nn.ReLU(), nn.Flatten())
        columns = nn.Sequential(nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten())
        features = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 5))
        joined = Binary(Binary(features, image, join_channels), columns, join_channels)
        return nn.Sequential(joined, nn.Tanh(), nn.Linear(5 + 4 * 16 + 3 * 2, 6))

    module, samples = trained(make)
    quantized = quantize(module, samples)
    assert not any(
        each.differing for each in compare_layers(quantized.fake, quantized.graph, samples)
    )
    graph = quantized.graph
    codes = Executor(graph).run(to_codes(graph, samples))
    (output,) = graph.outputs
    with torch.no_grad():
        exact = module(samples)
    error = to_real(graph, output, codes[output]) - exact
    assert exact.square().mean() / error.square().mean() > 10**2  # 20 dB


def test_a_weight_off_by_one_code_is_noticed() -> None:
    """Negative control of the layer-wise comparison."""
    module, samples = trained(MODULES["plain"])
    scheme = Scheme(requantization="single_half_even")
    graph = quantize(module, samples, scheme).graph
    with torch.no_grad():
        weight = module[2][0].weight
        weight[0, :, 1, 1] += 1.2 * weight[0].abs().max() / 127
    found = differences(module, graph, run_all(graph, samples))
    wrong = [layer for layer, difference in found.items() if difference > tolerance(graph, layer)]
    assert wrong == ["2.0"]


class Functional(nn.Module):
    """Everything that has no module: functions, in-place operators, reshapes, two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4 * 8 * 8, 6)
        self.factor = nn.Parameter(torch.tensor(0.5))

    def forward(self, image: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.conv(image))
        y = x
        y = y + x  # Not x itself any more,
        y += self.conv(image)  # and shared weights are used twice.
        y = 1.0 - y.clamp(min=-2, max=3) * self.factor
        y = torch.dropout(y.contiguous(), 0.3, self.training)
        z = self.head(torch.sigmoid(y).view(y.size(0), -1)) - features
        gate = torch.nn.functional.pad(x, (1, 1)).mean((2, 3)).reshape(-1, 4, 1, 1)
        return torch.softmax(z, dim=-1), (y * gate).mean(dim=[2, 3])


def functional() -> tuple[nn.Module, tuple[Tensor, Tensor]]:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Functional().eval(), (torch.randn(30, 3, 8, 8), torch.randn(30, 6))


def test_functions_and_several_inputs_and_outputs() -> None:
    module, samples = functional()
    graph = quantize(module, samples).graph
    assert [tensor.shape for tensor in graph.inputs] == [(8, 8, 3), (6,)]
    codes = Executor(graph).run(to_codes(graph, *samples))
    with torch.no_grad():
        exact = module(*samples)
    for name, real in zip(graph.outputs, exact, strict=True):
        error = to_real(graph, name, codes[name]) - real
        assert real.square().mean() / error.square().mean() > 10**2.5


@pytest.mark.parametrize(
    ("activation", "weight", "decibels"), [(8, 4, 12), (8, 8, 28), (16, 8, 35), (16, 16, 60)]
)
def test_other_widths(activation: int, weight: int, decibels: float) -> None:
    module, samples = trained(MODULES["residual"])
    values = ActivationScheme(bits=activation)
    scheme = Scheme(WeightScheme(bits=weight), values, values, values)
    graph = quantize(module, samples, scheme).graph
    codes = Executor(graph).run(to_codes(graph, samples))
    (output,) = graph.outputs
    assert graph.tensors[output].type == IntegerType(activation, True)
    with torch.no_grad():
        exact = module(samples)
    error = to_real(graph, output, codes[output]) - exact
    noise = 10 * (exact.square().mean() / error.square().mean()).log10()
    assert noise > decibels


def test_channels_without_weights_keep_their_bias() -> None:
    module = nn.Conv2d(3, 4, 1)
    with torch.no_grad():
        module.weight[0] = 0
        module.weight[1] = 1e-12
        module.bias.copy_(torch.tensor([1.5, -1.5, 0.0, 0.25]))
    samples = torch.linspace(-1, 1, 3 * 8 * 8).reshape(1, 3, 8, 8)
    graph = quantize(module, samples).graph
    codes = Executor(graph).run(to_codes(graph, samples))
    (output,) = graph.outputs
    with torch.no_grad():
        error = (to_real(graph, output, codes[output]) - module(samples)).abs().max()
    assert error < float(graph.quantization[output].scale)


def test_the_module_is_left_as_it_was() -> None:
    module, samples = trained(MODULES["plain"])
    module[1].train()
    before = {name: values.clone() for name, values in module.state_dict().items()}
    quantize(module, samples)
    assert [layer.training for layer in module] == [False, True, False, False, False, False]
    assert all(torch.equal(values, before[name]) for name, values in module.state_dict().items())


class Forward(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function, self.table = function, nn.Parameter(torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Changes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        x -= 0.5
        return self.dense(x)


def test_an_input_that_is_changed_in_place_is_no_output() -> None:
    """The codes are those of the same module without the change in place."""
    module, samples = Changes(), torch.rand(20, 6)
    graph = quantize(module, samples.clone()).graph
    assert graph.outputs == ("dense",)
    codes = Executor(graph).run(to_codes(graph, samples))["dense"]
    exact = module.dense(samples - 0.5)
    step = float(graph.quantization["dense"].scale)
    assert (to_real(graph, "dense", codes) - exact).abs().max() < 3 * step


class Sum(nn.Module):
    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return sum(part(x) for part in self.parts)


def test_all_operators_without_a_translation_are_told_at_once() -> None:
    """What is wrong with a supported one is told, too; the sum that reads them is not."""
    module = Sum(nn.Softmax(2), *(Forward(lambda x: x.cumsum(1)) for _ in range(2)))
    with pytest.raises(UserError) as caught:
        quantize(module, torch.ones(1, 3, 8, 8))
    head, softmax, running = str(caught.value).splitlines()
    assert head == "3 obstacles of 2 kinds"
    assert "aten.softmax.int in" in softmax
    assert "is over another dimension" in softmax
    assert "aten.cumsum.default in" in running
    assert ", and 1 more: it is not supported; docs/torch.md lists what is" in running


def test_the_results_of_an_operator_without_a_translation_are_not_told_as_well() -> None:
    module = nn.Sequential(nn.LSTM(8, 8), Forward(lambda pair: pair[0].relu()))
    with pytest.raises(UserError, match=r"^operator aten\.lstm\.input in module '0': it is not"):
        quantize(module, torch.ones(1, 8, 8))


REFUSED: dict[str, tuple[nn.Module, str]] = {
    "unknown operator": (
        nn.Sequential(nn.ReLU(), nn.Upsample(scale_factor=2, mode="bicubic")),
        r"operator aten.upsample_bicubic2d.vec in module .1.: it is not supported; docs.torch.md l",
    ),
    "control flow": (
        Forward(lambda x: x if x.sum() > 0 else -x),
        "torch.export cannot trace the module: .*; its forward must take tensors and have no data-",
    ),
    "computed weight": (
        Forward(lambda x: torch.nn.functional.conv2d(x, x)),
        "conv2d.* has a weight that the module computes; weights must be constant",
    ),
    "batch": (Forward(lambda x: x.flatten(0, 1)), "the first dimension must be the batch"),
    "mean over batch": (Forward(lambda x: x.mean((0, 1), keepdim=True)), "averages over the batch"),
    "constant output": (
        Forward(lambda x: torch.ones(2, 3)),
        "output 'ones' is constant; outputs must depend",
    ),
    "alpha": (Forward(lambda x: torch.add(x, torch.relu(x), alpha=2)), "has alpha 2; allowed: 1"),
    "ranks": (
        Forward(lambda x: x.mean(1, keepdim=True) + x.mean(1)),
        r"has operands of shapes \(1, 8, 8\) and \(8, 8\); allowed: as many dimensions in both",
    ),
    "flattened output": (nn.Flatten(), "output '.*' is a flattened image, whose features"),
    "softmax": (nn.Softmax(dim=2), "is over another dimension; allowed: channels"),
    "softmax joined": (
        Forward(lambda x: join_channels(torch.softmax(x, 1), x)),
        r"tensors cat, softmax, x share one scale, which softmax fixes to 0 to 1, and reach -",
    ),
    "overflow": (
        Forward(lambda x: x.exp().exp().exp()),
        "has values that are not finite during calibration; check",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_imported_is_named(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    module, message = REFUSED[name]
    with pytest.raises(UserError, match=message) as caught:
        quantize(module, torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(2)))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "samples",
    [
        torch.zeros(0, 3, 8, 8),
        (torch.zeros(2, 3), torch.zeros(3)),
        torch.tensor(1.0),
        torch.zeros(2, 0, 3),
        (),
    ],
)
def test_calibration_data_that_does_not_fit(samples: Tensor | tuple[Tensor, ...]) -> None:
    with pytest.raises(UserError, match=r"calibration has .* the same number of samples, at least"):
        quantize(nn.ReLU(), samples)


@pytest.mark.parametrize("samples", [np.zeros((2, 3)), 3, [torch.zeros(2, 3, dtype=torch.cfloat)]])
def test_calibration_data_of_other_types(samples: object) -> None:
    with pytest.raises(UserError, match=r"calibration has a .*; allowed: tensors of real numbers"):
        quantize(nn.ReLU(), samples)


def test_only_modules_are_imported() -> None:
    with pytest.raises(UserError, match="module is a builtin_function_or_method; allowed"):
        quantize(torch.relu, torch.zeros(2, 3))

"""Each trained quantizer against the formulas of its paper."""

import math

import pytest
import torch
from torch import Tensor

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.quantization import QuantType
from bittrue.golden.quantize.distribution import Distribution
from bittrue.golden.quantize.ranges import RANGES, Grid
from bittrue.golden.quantize.scheme import WeightScheme
from bittrue.golden.quantize.trained import TRAINED_ACTIVATIONS, TRAINED_WEIGHTS
from bittrue.golden.quantize.training.gradients import quantize_gradient
from bittrue.golden.quantize.training.loss import distillation_loss
from bittrue.golden.quantize.training_scheme import TrainingScheme
from bittrue.golden.quantize.weight_quantizer import WeightQuantizer
from bittrue.golden.quantize.weight_types import WEIGHT_TYPES

UINT2, INT3 = IntegerType(2, False), IntegerType(3, True)
VALUES = torch.tensor([[-0.7, 0.2, 0.9], [1.3, 2.6, 7.0]])


def weights(seed: int = 3, rows: int = 4, columns: int = 30) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def weight_quantizer(type: str, bits: int, weight: Tensor) -> WeightQuantizer:
    scheme = WeightScheme(type=type, bits=bits)
    return WEIGHT_TYPES[type](weight.detach(), scheme, torch.zeros(len(weight)))


def test_lsq_activation_is_equations_1_to_5() -> None:
    """Of Esser et al.: with step 1 and three steps, and each value's gradient of the step."""
    quantizer = TRAINED_ACTIVATIONS["lsq"](QuantType.affine(UINT2, 1.0), Grid(UINT2, "symmetric"))
    values = VALUES.clone().requires_grad_()
    result = quantizer(values)
    assert result.tolist() == [[0, 0, 1], [1, 3, 3]]
    result.sum().backward()
    assert values.grad.tolist() == [[0, 1, 1], [1, 1, 0]]
    (step,) = quantizer.parameters()  # Relative to the first, which is 1.
    per_value = [0, -0.2, 1 - 0.9, 1 - 1.3, 3 - 2.6, 3]
    assert step.grad.item() == pytest.approx(sum(per_value) / math.sqrt(3 * 3), rel=1e-6)


def test_lsq_weight_gradients_are_scaled_for_each_channel() -> None:
    weight = weights()
    scheme = WeightScheme(bits=3, range="lsq")
    start = WEIGHT_TYPES["symmetric"](weight, scheme, torch.zeros(4))
    expected = 2 * weight.abs().mean(dim=1) / math.sqrt(3)
    assert torch.allclose(start.scale, expected, rtol=1e-6)
    quantizer = TRAINED_WEIGHTS["lsq"](start, scheme)
    quantizer(weight).sum().backward()
    (ratio,) = quantizer.parameters()
    v = weight / start.scale[:, None]
    terms = torch.where(v <= -4, -4.0, torch.where(v >= 3, 3.0, v.round() - v))
    gradient = ratio.grad / start.scale
    assert torch.allclose(gradient, terms.sum(dim=1) / math.sqrt(30 * 3), rtol=1e-5)


@pytest.mark.parametrize("type", ["symmetric", "power_of_two"])
def test_lsq_steps_stay_positive(type: str) -> None:
    scheme = WeightScheme(type=type, bits=3, range="lsq")
    quantizer = TRAINED_WEIGHTS["lsq"](
        WEIGHT_TYPES[type](weights(), scheme, torch.zeros(4)), scheme
    )
    with torch.no_grad():
        quantizer.learned.ratio.fill_(-1.0)
    scale = quantizer.integers(weights()).scale
    assert (scale > 0).all()
    if type == "power_of_two":
        assert torch.equal(torch.frexp(torch.from_numpy(scale)).mantissa, torch.full((4,), 0.5))
    quantizer(weights()).sum().backward()
    assert quantizer.learned.ratio.grad.abs().min() > 0


def test_pact_is_equations_1_to_3() -> None:
    """Of Choi et al.: alpha's gradient is one for every value above it, and L2 decays it."""
    quantizer = TRAINED_ACTIVATIONS["pact"](QuantType.affine(UINT2, 1.0), Grid(UINT2, "symmetric"))
    values = VALUES.clone().requires_grad_()
    result = quantizer(values)
    assert result.tolist() == [[0, 0, 1], [1, 3, 3]]
    result.sum().backward()
    (alpha,) = quantizer.parameters()
    assert (alpha.item(), alpha.grad.item()) == (3, 1)
    assert values.grad.tolist() == [[0, 1, 1], [1, 1, 0]]
    assert torch.autograd.grad(quantizer.penalty(), alpha)[0].item() == 3


def test_pact_is_refused_where_nothing_is_positive() -> None:
    grid = Grid(INT3, "asymmetric")
    with pytest.raises(
        UserError, match=r"activation\.range is 'pact', which clips positive values"
    ):
        TRAINED_ACTIVATIONS["pact"](grid.map(-2.0, 0.0), grid)


def test_dorefa_weights_are_equation_9() -> None:
    weight = weights().requires_grad_()
    quantizer = weight_quantizer("dorefa", 2, weight)
    squeezed = torch.tanh(weight.detach().double())
    expected = 2 * torch.round((squeezed / (2 * squeezed.abs().max()) + 0.5) * 3) / 3 - 1
    assert torch.allclose(quantizer(weight).double(), expected, atol=1e-7)
    assert torch.equal(quantizer(weight), quantizer.integers(weight).real())
    assert quantizer.integers(weight).bits == 2


def test_dorefa_weights_of_one_bit_are_equation_7() -> None:
    weight = weights()
    quantizer = weight_quantizer("dorefa", 1, weight)
    assert torch.equal(quantizer(weight), weight.sign() * weight.abs().mean())
    assert quantizer.integers(weight).type == IntegerType(1, False)


def test_dorefa_activations_are_zero_to_one() -> None:
    grid = Grid(UINT2, "symmetric")
    mapping = grid.map(*RANGES["dorefa"](Distribution.of(VALUES), grid))
    assert mapping.scale == pytest.approx(1 / 3)


@pytest.mark.parametrize("bits", [1, 2, 6])
def test_gradients_in_few_bits_have_the_levels_and_no_bias(bits: int) -> None:
    gradient = torch.tensor([[0.3, -1.0, 0.05], [2.0, 4.0, -0.5]])
    torch.manual_seed(0)
    samples = torch.stack([quantize_gradient(gradient, bits) for _ in range(4000)])
    largest = torch.tensor([[1.0], [4.0]])
    codes = (samples / largest + 1) / 2 * ((1 << bits) - 1)
    assert torch.allclose(codes, codes.round(), atol=1e-4)
    assert samples.abs().amax(dim=(0, 2)).tolist() == pytest.approx([1, 4])
    step = 2 * largest / ((1 << bits) - 1)
    deviation = (samples.mean(dim=0) - gradient).abs() / step
    assert deviation.max() < 5 * 0.5 / math.sqrt(4000)  # Five standard errors.


def test_trained_ternary_is_equations_6_to_9() -> None:
    weight = torch.tensor([[2.0, 0.05, -1.0], [1.0, -0.5, 0.2]], requires_grad=True)
    quantizer = weight_quantizer("trained_ternary", 2, weight)
    positive, negative = quantizer.scales.detach()
    assert positive.item() == pytest.approx((2 + 1 + 0.2) / 3)
    assert negative.item() == pytest.approx(0.75)
    result = quantizer(weight)
    assert torch.equal(result, quantizer.integers(weight).real())
    step = positive.item() / 127
    exact = torch.tensor([[1, 0, 0], [1, 0, 1]]) * positive - (
        torch.tensor([[0, 0, 1], [0, 1, 0]]) * negative
    )
    assert (result - exact).abs().max() <= step / 2
    upstream = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    result.backward(upstream)
    sums = torch.tensor([1.0 + 4 + 6, -(3.0 + 5)])
    assert torch.allclose(quantizer.ratio.grad, sums * torch.stack([positive, negative]))
    p, n = positive.item(), negative.item()
    factors = torch.tensor([[p, 1, n], [p, n, p]])
    assert torch.allclose(weight.grad, upstream * factors)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_balanced_codes_occur_equally_often(bits: int) -> None:
    weight = weights(columns=32).exp()  # Far from uniform.
    quantizer = weight_quantizer("balanced", bits, weight)
    values, counts = quantizer.integers(weight).values.reshape(-1), 4 * 32 / (1 << bits)
    levels = torch.from_numpy(values).unique(return_counts=True)
    assert levels[0].tolist() == list(range(1 - (1 << bits), 1 << bits, 2))
    assert (levels[1] == counts).all()
    assert torch.equal(quantizer(weight), quantizer.integers(weight).real())
    order = weight.reshape(-1).argsort()
    assert (torch.from_numpy(values)[order].diff() >= 0).all()


def test_distillation_is_the_divergence_at_a_temperature() -> None:
    student, teacher = weights(1, 3, 5), weights(2, 3, 5)
    p, q = ((each / 4).double().softmax(dim=1) for each in (teacher, student))
    expected = 16 * (p * (p / q).log()).sum(dim=1).mean()
    loss = distillation_loss(student, teacher, TrainingScheme(temperature=4.0))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)

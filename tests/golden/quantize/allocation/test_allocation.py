"""Bits for every layer: sensitivities, costs, and the choice, against exhaustive enumeration."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.torch.layer import Matrix
from bittrue.golden.frontends.torch.operators.convolution import Convolution
from bittrue.golden.frontends.torch.simplify import simplify
from bittrue.golden.frontends.torch.trace import trace
from bittrue.golden.graph import MatrixNode
from bittrue.golden.graph.passes.cost import graph_cost, node_cost
from bittrue.golden.quantize import ActivationScheme, LayerScheme, Scheme, quantize
from bittrue.golden.quantize.allocation import (
    Allocation,
    Candidates,
    Option,
    Problem,
    bit_operations,
    greedy_path,
    hessian_sensitivity,
    ilp_front,
    noise_sensitivity,
    pareto_front,
    problem_of,
    solve_greedy,
    solve_ilp,
    weight_bytes,
)
from bittrue.golden.quantize.allocation.hessian import hessian_traces
from bittrue.golden.quantize.power import power


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear(inputs: int, outputs: int, seed: int = 1) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        for values in layer.parameters():
            values.copy_(torch.randn(values.shape, generator=generator(seed)))
    return layer


class Branches(nn.Module):
    """A residual network whose sum two layers read."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.body = nn.Conv2d(4, 4, 3, padding=1)
        self.left, self.right = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.stem(x).relu()
        y = (y + self.body(y)).relu()
        y = torch.cat([self.left(y), self.right(y)], dim=1).relu()
        return self.head(y.mean((2, 3)))


def branches() -> tuple[nn.Module, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return Branches().eval(), torch.randn(40, 2, 6, 6, generator=generator())


@pytest.fixture(scope="module")
def candidates() -> Candidates:
    module, images = branches()
    return Candidates.of(module, images, Scheme(), (2, 4, 8), (3, 8))


def test_trace_of_a_quadratic_is_its_closed_form() -> None:
    """Squared distance of W x: the Hessian is 2 mean(x x') for each output; of x it is 2 W' W."""
    module, samples = linear(5, 3), torch.randn(30, 5, generator=generator(4))
    network = simplify(trace(module, (samples,)))
    traces = hessian_traces(network, (samples,), probes=100)
    moments = 2 * samples.T @ samples / len(samples)
    exact = 3 * float(moments.trace())
    # Variance of Hutchinson's estimate with entries of -1 and +1.
    off_diagonal = 3 * (moments.square().sum() - moments.diagonal().square().sum())
    assert (
        abs(traces.weights[network.outputs[0]] - exact) < 5 * float(2 * off_diagonal / 100) ** 0.5
    )
    gram = 2 * module.weight.detach().T @ module.weight.detach()
    spread = float(2 * (gram.square().sum() - gram.diagonal().square().sum()) / 100 / 30) ** 0.5
    assert abs(traces.activations[network.inputs[0]] - float(gram.trace())) < 5 * spread
    assert abs(traces.activations[network.inputs[0]] - 1.5 * float(gram.trace())) > 5 * spread


def test_trace_of_a_diagonal_hessian_needs_one_probe() -> None:
    module, samples = linear(1, 4), torch.randn(30, 1, generator=generator(4))
    network = simplify(trace(module, (samples,)))
    traces = hessian_traces(network, (samples,), probes=1)
    assert traces.weights[network.outputs[0]] == pytest.approx(
        8 * float(samples.square().mean()), rel=1e-5
    )


def test_trace_of_a_logistic_model_is_that_of_its_exact_hessian() -> None:
    module, samples = linear(4, 3), torch.randn(25, 4, generator=generator(4))
    labels = torch.arange(25) % 3
    network = simplify(trace(module, (samples,)))

    def loss(weight: Tensor) -> Tensor:
        return functional.cross_entropy(functional.linear(samples, weight, module.bias), labels)

    hessian = torch.autograd.functional.hessian(loss, module.weight.detach()).reshape(12, 12)
    estimate = hessian_traces(network, (samples,), labels, probes=100).weights[network.outputs[0]]
    spread = float(2 * (hessian.square().sum() - hessian.diagonal().square().sum()) / 100) ** 0.5
    assert abs(estimate - float(hessian.trace())) < 5 * spread
    assert abs(estimate - 2 * float(hessian.trace())) > 5 * spread


def test_curvature_sensitivity_is_trace_times_squared_error(candidates: Candidates) -> None:
    _, images = branches()
    found = hessian_sensitivity(candidates, (images,), probes=4)
    traces = hessian_traces(candidates.network, (images,), probes=4)
    body = next(each for each in candidates.network.layers if each.output == "body")
    assert isinstance(body, Matrix)
    weight = body.weight
    scale = weight.flatten(1).abs().amax(1).reshape(-1, 1, 1, 1)  # 2 bits: codes -1, 0, 1
    error = (weight / scale).round() * scale - weight
    expected = traces.weights["body"] / weight.numel() * power(error)
    assert found.weights["body", 2] == pytest.approx(expected, rel=1e-5)
    for layer in candidates.bits:
        assert found.weights[layer, 2] > found.weights[layer, 8] > 0
    for group in candidates.groups:
        if not group.fixed:
            assert found.activations[group.name, 3] > found.activations[group.name, 8] > 0


def test_labels_that_do_not_fit_are_refused(candidates: Candidates) -> None:
    _, images = branches()
    with pytest.raises(UserError, match="allowed: one for each of 40 samples, from 0 to 2"):
        hessian_sensitivity(candidates, (images,), torch.full((40,), 3))
    with pytest.raises(UserError, match="probes is 0"):
        hessian_sensitivity(candidates, (images,), probes=0)


def test_measured_noise_is_that_of_torch_with_one_layer_quantized(candidates: Candidates) -> None:
    module, images = branches()
    found = noise_sensitivity(candidates, [images[:15], images[15:]])
    with torch.no_grad():
        exact = module(images)
        weight = module.body.weight
        scale = weight.flatten(1).abs().amax(1) / 7
        weight.copy_(
            torch.fake_quantize_per_channel_affine(
                weight, scale, torch.zeros(4, dtype=torch.int32), 0, -7, 7
            )
        )
        noise = module(images) - exact
    expected = float(noise.square().sum() / exact.square().sum())
    assert found.weights["body", 4] == pytest.approx(expected, rel=1e-3)
    assert found.weights["right", 4] != pytest.approx(expected, rel=1e-3)


def test_measured_noise_of_activations(candidates: Candidates) -> None:
    module, images = branches()
    found = noise_sensitivity(candidates, images)
    stem = {}

    def quantized(layer: nn.Module, inputs: object, result: Tensor) -> Tensor:
        positive = result.relu()
        scale = float(positive.max()) / 7
        stem["codes"] = (positive / scale).round().unique().numel()
        return (positive / scale).round() * scale

    with torch.no_grad():
        exact = module(images)
        module.stem.register_forward_hook(quantized)
        noise = module(images) - exact
    assert stem["codes"] == 8
    assert found.activations["stem", 3] == pytest.approx(
        float(noise.square().sum() / exact.square().sum()), rel=1e-3
    )


def test_costs_are_those_of_the_integer_graph(candidates: Candidates) -> None:
    module, images = branches()
    bits = {layer: (4, group.widths[0]) for group in candidates.groups for layer in group.readers}
    graph = quantize(module, images, candidates.scheme_of(bits)).graph
    operations = bit_operations(candidates.network, candidates.bits)
    size = weight_bytes(candidates.network, candidates.bits)
    for layer, chosen in bits.items():
        node = graph.producer(layer)
        assert node is not None
        cost = node_cost(graph, node)
        assert operations[layer, chosen] == cost.bit_operations
        assert size[layer, chosen] == cost.weight_bits / 8


def test_layers_that_read_one_tensor_choose_together(candidates: Candidates) -> None:
    by_name = {group.name: group for group in candidates.groups}
    (shared,) = (group for group in candidates.groups if "left" in group.readers)
    assert shared.readers == ("left", "right")
    assert candidates.bits["left"] == tuple(itertools.product((2, 4, 8), (3, 8)))
    assert candidates.bits["stem"] == ((2, 8), (4, 8), (8, 8))  # The network's input.
    assert by_name["x"].fixed


def all_allocations(problem: Problem) -> Iterator[Allocation]:
    """Yield every allowed choice, by brute force."""
    layers = list(problem.options)
    for chosen in itertools.product(*(problem.options[layer] for layer in layers)):
        bits = {layer: option.bits for layer, option in zip(layers, chosen, strict=True)}
        if all(len({bits[layer][1] for layer in group}) == 1 for group in problem.readers):
            yield problem.allocation(bits)


def random_problem(seed: int) -> Problem:
    random = np.random.default_rng(seed)
    options = {
        layer: tuple(
            Option(
                (weight, values),
                float(random.exponential() * 4.0 ** -min(weight, values)),
                {
                    "area": float(weight * values * random.uniform(0.5, 2)),
                    "bytes": float(weight * random.integers(1, 50)),
                },
            )
            for weight, values in itertools.product((2, 4, 8), (3, 6))
        )
        for layer in ("a", "b", "c", "d")
    }
    return Problem(options, (("a",), ("b", "c"), ("d",)))


@pytest.mark.parametrize("seed", range(12))
def test_the_linear_program_finds_the_best_of_all(seed: int) -> None:
    problem = random_problem(seed)
    everything = list(all_allocations(problem))
    assert len(everything) == (3 * 2) * (3 * 3 * 2) * (3 * 2)
    costs = {name: sorted(each.costs[name] for each in everything) for name in ("area", "bytes")}
    for share in (0.2, 0.6):
        budgets = {name: values[int(share * len(values))] for name, values in costs.items()}
        allowed = [
            each
            for each in everything
            if all(each.costs[name] <= limit for name, limit in budgets.items())
        ]
        best = min(each.sensitivity for each in allowed)
        found = solve_ilp(problem, budgets)
        assert found.sensitivity == pytest.approx(best, rel=1e-9)
        assert found in allowed
        greedy = solve_greedy(problem, budgets)
        assert greedy in allowed
        assert greedy.sensitivity >= best * (1 - 1e-9)


def test_greedy_is_not_always_the_best() -> None:
    """Negative control: the comparison with all allocations does tell a worse one."""
    worse = 0
    for seed in range(12):
        problem = random_problem(seed)
        budget = {"area": sorted(a.costs["area"] for a in all_allocations(problem))[200]}
        best, greedy = solve_ilp(problem, budget), solve_greedy(problem, budget)
        worse += greedy.sensitivity > best.sensitivity * 1.001
    assert worse > 0


@pytest.mark.parametrize("seed", range(4))
def test_no_allocation_is_below_the_front(seed: int) -> None:
    problem = random_problem(seed)
    everything = list(all_allocations(problem))
    front = pareto_front(ilp_front(problem, "area", points=8), "area")
    assert len(front) > 3
    assert front[0].costs["area"] == pytest.approx(min(each.costs["area"] for each in everything))
    assert front[-1].sensitivity == pytest.approx(min(each.sensitivity for each in everything))
    for point in front:
        cheaper = [each for each in everything if each.costs["area"] <= point.costs["area"]]
        assert point.sensitivity == pytest.approx(min(each.sensitivity for each in cheaper))
    path = list(greedy_path(problem, "area"))
    assert all(
        before.costs["area"] > after.costs["area"] for before, after in itertools.pairwise(path)
    )
    assert set(path[0].bits.values()) == {(8, 6)}


def test_front_of_points() -> None:
    points = [
        Allocation({}, s, {"c": c}) for c, s in ((1, 9), (2, 9), (2, 5), (3, 6), (4, 1), (1, 9.5))
    ]
    assert [(each.costs["c"], each.sensitivity) for each in pareto_front(points, "c")] == [
        (1, 9), (2, 5), (4, 1),
    ]  # fmt: skip


def test_budgets_that_cannot_be_met() -> None:
    problem = random_problem(1)
    least = min(each.costs["bytes"] for each in all_allocations(problem))
    with pytest.raises(UserError, match=f"within bytes of 1; the least is {least:g} of bytes$"):
        solve_ilp(problem, {"bytes": 1})
    with pytest.raises(UserError, match=r"ends at .* of bytes, above the budget of 1"):
        solve_greedy(problem, {"bytes": 1})
    with pytest.raises(UserError, match="no cost is named 'watts'; choose from area, bytes"):
        solve_ilp(problem, {"watts": 1})
    with pytest.raises(UserError, match="the budget of area is 0; allowed: above 0"):
        solve_ilp(problem, {"area": 0})


def test_the_chosen_scheme_has_the_chosen_widths_and_cost(candidates: Candidates) -> None:
    module, images = branches()
    sensitivity = noise_sensitivity(candidates, images)
    costs = {
        "bit_operations": bit_operations(candidates.network, candidates.bits),
        "weight_bytes": weight_bytes(candidates.network, candidates.bits),
    }
    problem = problem_of(candidates, sensitivity, costs)
    every = [each.costs["bit_operations"] for each in all_allocations(problem)]
    chosen = solve_ilp(problem, {"bit_operations": float(np.median(every))})
    graph = quantize(module, images, candidates.scheme_of(chosen.bits)).graph
    for layer, (weight, values) in chosen.bits.items():
        node = graph.producer(layer)
        assert isinstance(node, MatrixNode)
        assert (node.weight_type.width, graph.tensors[node.inputs[0]].type.width) == (
            weight,
            values,
        )
    assert len(set(chosen.bits.values())) > 1  # Mixed indeed.
    assert graph_cost(graph).bit_operations == chosen.costs["bit_operations"]
    assert graph_cost(graph).weight_bits == 8 * chosen.costs["weight_bytes"]


def test_no_candidates() -> None:
    module, images = branches()
    with pytest.raises(UserError, match="there are no candidate bits"):
        Candidates.of(module, images, Scheme(), (), (8,))


def test_input_bits_of_the_scheme_are_kept() -> None:
    module, images = branches()
    scheme = Scheme(input=ActivationScheme(bits=6))
    found = Candidates.of(module, images, scheme, (4, 8), (4,))
    assert {group.widths for group in found.groups if not group.fixed} == {(4,)}
    bits = {layer: options[0] for layer, options in found.bits.items()}
    graph = quantize(module, images, found.scheme_of(bits)).graph
    assert graph.tensors["x"].type.width == 6
    assert graph.tensors["stem"].type.width == 4


def test_an_input_that_the_scheme_gives_is_kept() -> None:
    module, images = branches()
    scheme = Scheme(layers={"body": LayerScheme(input={"bits": 5})})
    found = Candidates.of(module, images, scheme, (4, 8), (4, 8))
    assert found.bits["body"] == ((4, 5), (8, 5))
    sensitivity = noise_sensitivity(found, images)
    plain = noise_sensitivity(Candidates.of(module, images, Scheme(), (4, 8), (4, 8)), images)
    assert sensitivity.weights["body", 4] == plain.weights["body", 4]
    bits = {layer: options[0] for layer, options in found.bits.items()}
    quantized = quantize(module, images, found.scheme_of(bits))
    assert [each.output for each in quantized.precision.conversions] == ["body.input"]
    assert quantized.graph.tensors["body.input"].type.width == 5


def test_other_options_of_a_layer_are_kept() -> None:
    """Of several layers that share a scale, the one that the scheme says something of gets bits."""

    class Pooled(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Conv2d(2, 4, 1), nn.MaxPool2d(2), nn.Conv2d(4, 3, 1))

    _, images = branches()
    for named in ("0", "1", "[01]"):
        kind = LayerScheme(activation={"type": "power_of_two", "bits": 6})
        found = Candidates.of(Pooled().eval(), images, Scheme(layers={named: kind}), (8,), (4, 8))
        graph = quantize(Pooled().eval(), images, found.scheme_of({"0": (8, 8), "2": (8, 4)})).graph
        assert [graph.tensors[name].type.width for name in ("0", "1")] == [4, 4]
        scale = graph.quantization["0"].scale
        assert scale.numerator == 1 or scale.denominator == 1  # A power of two.


def test_layers_that_pad_binary_codes_have_a_sensitivity() -> None:
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.Flatten(),
        nn.Linear(4 * 16, 3),
    )  # fmt: skip
    samples = torch.randn(20, 1, 4, 4, generator=generator())
    scheme = Scheme(layers={"0": LayerScheme(activation={"type": "binary"})})
    candidates = Candidates.of(module, samples, scheme, (2, 8), (4, 8))
    layer = candidates.layer("2", 8)
    assert isinstance(layer, Convolution)
    assert layer.window.padding == ((1, 1), (1, 1))
    sensitivity = noise_sensitivity(candidates, samples)
    assert 0 < sensitivity.weights["2", 8] < sensitivity.weights["2", 2]

"""What quantizing each part of a network harms."""

from collections.abc import Mapping
from dataclasses import dataclass

from bittrue.golden.quantize.allocation.candidates import Candidates
from bittrue.golden.quantize.allocation.costs import CostTable
from bittrue.golden.quantize.allocation.problem import Option, Problem


@dataclass(frozen=True)
class Sensitivity:
    """Harm of quantizing one part, everything else in floating point; sums over the parts.

    Parameters
    ----------
    method : str
        How it was found, and in which unit.
    weights : mapping of (str, int) to float
        By layer and bits.
    activations : mapping of (str, int) to float
        By the name of a group of tensors and bits.
    """

    method: str
    weights: Mapping[tuple[str, int], float]
    activations: Mapping[tuple[str, int], float]


def problem_of(
    candidates: Candidates, sensitivity: Sensitivity, costs: Mapping[str, CostTable]
) -> Problem:
    """Return the problem of choosing bits for every layer.

    The harm of a group of tensors is shared out among the layers that read it.

    Parameters
    ----------
    candidates : Candidates
    sensitivity : Sensitivity
    costs : mapping of str to CostTable
        By name.
    """
    options = {}
    for group in candidates.groups:
        for layer in group.readers:
            options[layer] = tuple(
                Option(
                    (weight, values),
                    sensitivity.weights[layer, weight]
                    + sensitivity.activations[group.name, values] / len(group.readers),
                    {name: float(table[layer, (weight, values)]) for name, table in costs.items()},
                )
                for weight, values in candidates.bits[layer]
            )
    return Problem(options, tuple(group.readers for group in candidates.groups))

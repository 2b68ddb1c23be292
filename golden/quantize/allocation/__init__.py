"""Mixed precision: bits for every layer, from what they cost and what fewer of them harm."""

from bittrue.golden.quantize.allocation.candidates import Candidates
from bittrue.golden.quantize.allocation.costs import CostTable, bit_operations, weight_bytes
from bittrue.golden.quantize.allocation.greedy import greedy_path, most_bits, solve_greedy
from bittrue.golden.quantize.allocation.hessian import hessian_sensitivity
from bittrue.golden.quantize.allocation.ilp import solve_ilp
from bittrue.golden.quantize.allocation.noise import noise_sensitivity
from bittrue.golden.quantize.allocation.pareto import ilp_front, pareto_front
from bittrue.golden.quantize.allocation.problem import Allocation, Option, Problem
from bittrue.golden.quantize.allocation.sensitivity import Sensitivity, problem_of
from bittrue.golden.quantize.allocation.untrained import untrained

__all__ = [
    "Allocation",
    "Candidates",
    "CostTable",
    "Option",
    "Problem",
    "Sensitivity",
    "bit_operations",
    "greedy_path",
    "hessian_sensitivity",
    "ilp_front",
    "most_bits",
    "noise_sensitivity",
    "pareto_front",
    "problem_of",
    "solve_greedy",
    "solve_ilp",
    "untrained",
    "weight_bytes",
]

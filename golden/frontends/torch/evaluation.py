"""Running a float module as it is evaluated: in float32, on the CPU."""

import copy

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from bittrue.golden.errors import UserError


def evaluation_copy(module: nn.Module) -> nn.Module:
    """Return a copy of a module in evaluation mode, in float32, on the CPU.

    Raises
    ------
    UserError
        If it is compiled by ``torch.jit``, or has parameters without values.
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise UserError(
            "module is a torch.jit.ScriptModule, which cannot be traced; give the torch.nn.Module "
            "that it was made from"
        )
    require_values(module)
    return copy.deepcopy(module).to("cpu", torch.float32).eval()


def require_values(module: nn.Module) -> None:
    """Refuse a module with parameters or buffers that have no values.

    Raises
    ------
    UserError
        Naming the first one.
    """
    for name, values in [*module.named_parameters(), *module.named_buffers()]:
        if values.is_meta:
            raise UserError(
                f"{name!r} is on torch's device 'meta' and has no values; make the module on the "
                "CPU, or call its to_empty(device='cpu') before weights are loaded"
            )


def outputs_of(module: nn.Module, samples: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return the tensors that a module makes, whether alone, in tuples, lists or dicts.

    Raises
    ------
    UserError
        Naming the shapes of the samples, if the module does not take them; or if it returns no
        tensor.
    """
    try:
        with torch.no_grad():
            outputs = module(*samples)
    except Exception as error:  # Whatever the user's code and torch raise.
        shapes = " and ".join(
            f"({', '.join(['N', *map(str, values.shape[1:])])})" for values in samples
        )
        reason = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
        raise UserError(
            f"the module does not take inputs of shape {shapes}, N counting samples: {reason}"
        ) from error
    tensors = tuple(each for each in _pytree.tree_leaves(outputs) if isinstance(each, Tensor))
    if not tensors:
        raise UserError(
            f"the module returns a {type(outputs).__name__}; allowed: tensors, alone or in tuples, "
            "lists or dicts"
        )
    return tensors

"""A module with fresh weights, to train from scratch."""

import copy

import torch
from torch import nn

from bittrue.golden.errors import UserError
from bittrue.golden.quantize.calibrate import CalibrationData
from bittrue.golden.quantize.reproducible import reproducible


def fresh(module: nn.Module, data: CalibrationData, seed: int) -> nn.Module:
    """Return a copy of a module whose every part is initialised anew.

    Statistics of batch normalization are those of the calibration data, since ranges are found with
    them.

    Raises
    ------
    UserError
        Naming a part that has parameters and no ``reset_parameters``, or if the calibration data
        has too few samples for batch normalization.
    """
    module = copy.deepcopy(module).to(torch.float32)
    with reproducible(seed):
        for name, part in module.named_modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
            elif next(part.parameters(recurse=False), None) is not None:
                raise UserError(
                    f"training.start is 'scratch'; module {name or 'itself'!r} "
                    f"({type(part).__name__}) has parameters and no reset_parameters(); give it "
                    "one, or start from 'float'"
                )
        _estimate_statistics(module, data)
    return module.eval()


@torch.no_grad()
def _estimate_statistics(module: nn.Module, data: CalibrationData) -> None:
    norms = [each for each in module.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = None  # The average over all batches.
    module.train()
    for batch in data:
        try:
            module(*batch)
        except ValueError as error:
            raise UserError(
                f"training.start is 'scratch' and calibration has a batch of {len(batch[0])} "
                f"samples: {error}; give larger batches"
            ) from None
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum

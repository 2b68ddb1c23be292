"""The state of a training in a file, from which it goes on to the last bit.

The format is safetensors: numbers and JSON, nothing that runs when it is read.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.quantize.scheme import Scheme

_MODEL, _OPTIMIZER, _RANDOM = "model.", "optimizer.", "random"


class Checkpoint:
    """A file with weights, optimizer, schedule and random numbers after some epochs.

    Parameters
    ----------
    path : Path, optional
        None keeps nothing.
    network : Module
        As training starts, which is part of what a checkpoint belongs to.
    optimizer : Optimizer
    schedule : LRScheduler
    scheme : Scheme
    """

    def __init__(
        self,
        path: Path | None,
        network: nn.Module,
        optimizer: Optimizer,
        schedule: LRScheduler,
        scheme: Scheme,
    ) -> None:
        self._path = path
        self._network, self._optimizer, self._schedule = network, optimizer, schedule
        options = json.dumps(dataclasses.asdict(scheme), sort_keys=True, default=str)
        start = json.dumps([options, schedule.state_dict(), torch.__version__], default=str)
        self._training = _digest(network.state_dict(), start) if path else ""

    def save(self, epoch: int) -> None:
        """Write the state after an epoch, whole or not at all."""
        if self._path is None:
            return
        optimizer = self._optimizer.state_dict()
        tensors = {_MODEL + name: values for name, values in self._network.state_dict().items()}
        for number, state in optimizer["state"].items():
            for name, values in state.items():
                tensors[f"{_OPTIMIZER}{number}.{name}"] = values
        tensors[_RANDOM] = torch.get_rng_state()
        # Tensors that share memory are refused, and views are written whole.
        tensors = {name: values.detach().clone().contiguous() for name, values in tensors.items()}
        state = json.dumps(
            {
                "epoch": epoch,
                "groups": optimizer["param_groups"],
                "schedule": self._schedule.state_dict(),
            }
        )
        metadata = {
            "training": self._training,
            "state": state,
            "digest": _digest(tensors, state),
        }
        write_atomically(self._path, save(tensors, metadata))

    def restore(self) -> int:
        """Take over the state of the file and return the epochs done; 0 without a file.

        Raises
        ------
        UserError
            If the file is damaged, no checkpoint, or that of another training.
        """
        if self._path is None or not self._path.exists():
            return 0
        tensors, metadata = _read(self._path)
        if metadata["training"] != self._training:
            raise UserError(
                f"{self._path} is the checkpoint of another training (scheme, starting weights, "
                "number of batches or version of torch); remove it, or name another file"
            )
        state = json.loads(metadata["state"])
        self._network.load_state_dict(_with_prefix(_MODEL, tensors))
        optimizer: dict[int, dict[str, Tensor]] = {}
        for name, values in _with_prefix(_OPTIMIZER, tensors).items():
            number, key = name.split(".", 1)
            optimizer.setdefault(int(number), {})[key] = values
        self._optimizer.load_state_dict({"state": optimizer, "param_groups": state["groups"]})
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(tensors[_RANDOM])
        return int(state["epoch"])


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return tensors and metadata of a file that is what was written."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} is no checkpoint or damaged: {reason}; remove it") from None
    if not {"training", "state", "digest"} <= metadata.keys():
        raise UserError(f"{path} holds tensors, but no checkpoint of a training; name another file")
    if _digest(tensors, metadata["state"]) != metadata["digest"]:
        raise UserError(f"{path} is damaged: its content is not what was written; remove it")
    return tensors, metadata


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): values
        for name, values in tensors.items()
        if name.startswith(prefix)
    }


def _digest(tensors: dict[str, Tensor], *more: str) -> str:
    digest = hashlib.sha256()
    for part in _parts(tensors, more):
        digest.update(part)
    return digest.hexdigest()


def _parts(tensors: dict[str, Tensor], more: tuple[str, ...]) -> Iterable[bytes]:
    for name in sorted(tensors):
        values = tensors[name].detach().contiguous()
        yield f"{name} {values.dtype} {tuple(values.shape)}".encode()
        yield values.reshape(-1).view(torch.uint8).numpy().tobytes()
    yield from (text.encode() for text in more)

"""Torch modules and data that a user names on the command line."""

import importlib
import importlib.util
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model
from torch import Tensor, nn

from bittrue.flows.arguments.npy_files import check_samples, read_npy
from bittrue.golden.errors import UserError
from bittrue.golden.frontends.floats.onnx_module import onnx_module
from bittrue.golden.frontends.floats.tflite_module import TfliteModule, tflite_module
from bittrue.golden.frontends.torch.evaluation import require_values

_FILES = {".onnx": onnx_module, ".tflite": tflite_module}


def has_channels_last(module: nn.Module) -> bool:
    """Return whether images of the file that a module is made of have the channels last."""
    return isinstance(module, TfliteModule)


def load_module(spec: str, weights: Path | None = None) -> nn.Module:
    """Return a torch module by the place of the Python code that makes it.

    The code is run, as ``python FILE.py`` runs it: modules beside it, or in the current folder,
    can be imported.

    Parameters
    ----------
    spec : str
        A float .onnx or .tflite file, or ``file.py:name`` or ``package.module:name``. The name is a
        `torch.nn.Module`, or something that returns one when called without arguments: a class or
        a factory.
    weights : Path, optional
        A .safetensors file with the module's state.

    Returns
    -------
    Module
        In evaluation mode.

    Raises
    ------
    UserError
        If there is no such file or name, it makes no module, or the weights are not the module's.
    """
    if Path(spec).suffix in _FILES:
        if weights is not None:
            raise UserError(f"--weights is given, and {spec} holds its own")
        return _FILES[Path(spec).suffix](Path(spec)).eval()
    place, colon, name = spec.rpartition(":")
    if not (colon and place and name):
        raise UserError(
            f"model is {spec!r}; allowed: FILE.onnx, FILE.tflite, FILE.py:NAME or "
            "PACKAGE.MODULE:NAME, where NAME makes a torch.nn.Module"
        )
    code = _import(place)
    if not hasattr(code, name):
        raise UserError(f"{place} has no {name!r}; it has: {', '.join(_public_names(code))}")
    made = getattr(code, name)
    if not isinstance(made, nn.Module):
        made = _call(made, spec)
    if not isinstance(made, nn.Module):
        raise UserError(f"{spec} makes a {type(made).__name__}; allowed: a torch.nn.Module")
    require_values(made)
    if weights is not None:
        _load_weights(made, spec, weights)
    return made.eval()


def read_samples(path: Path) -> Tensor:
    """Return the samples of a .npy file as float32, the first dimension counting them.

    Raises
    ------
    UserError
        Naming the file, if it holds something else, or no sample.
    """
    array = read_npy(path)
    check_samples(path, array)
    return torch.from_numpy(array.astype("float32"))


def read_labels(path: Path, samples: int) -> Tensor:
    """Return the class of each sample, from a .npy file.

    Raises
    ------
    UserError
        Naming the file, if it holds something else, or another number of them.
    """
    array = read_npy(path)
    if array.dtype.kind not in "iu" or array.shape != (samples,):
        raise UserError(
            f"{path}: it has shape {array.shape} and type {array.dtype}; allowed: integers of "
            f"shape ({samples},), one for each sample"
        )
    if samples and int(array.min()) < 0:
        raise UserError(f"{path}: it has class {int(array.min())}; allowed: 0 or more")
    return torch.from_numpy(array.astype("int64"))


def _import(place: str) -> ModuleType:
    file = Path(place)
    is_file = file.suffix == ".py"
    if is_file and not file.is_file():
        raise UserError(f"{place}: there is no such file")
    try:
        with _importable(file.parent if is_file else Path()):
            return _run_file(file) if is_file else importlib.import_module(place)
    except Exception as error:  # Whatever the user's code raises.
        raise UserError(f"{place}: {_one_line(error)}") from error


def _run_file(file: Path) -> ModuleType:
    name = f"user_model_{file.stem}"  # Hides no package of the file's name.
    found = importlib.util.spec_from_file_location(name, file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # Dataclasses and torch.export look modules up.
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield
    finally:
        sys.path.pop(0)


def _call(make: object, spec: str) -> object:
    if not callable(make):
        raise UserError(
            f"{spec} is a {type(make).__name__}; allowed: a torch.nn.Module, or what makes one"
        )
    try:
        return make()
    except Exception as error:  # Whatever the user's code raises.
        raise UserError(f"{spec}(): {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _public_names(code: ModuleType) -> list[str]:
    """Return the names of what a module itself defines."""
    return sorted(
        name
        for name, value in vars(code).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == code.__name__
    ) or ["nothing that could be one"]


def _load_weights(module: nn.Module, spec: str, path: Path) -> None:
    _refuse_pickle(path)
    try:
        given = {name: tuple(tensor.shape) for name, tensor in load_file(path).items()}
        own = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        for name in given.keys() & own.keys():
            if given[name] != own[name]:
                raise UserError(
                    f"{path}: {name} has shape {given[name]}; {spec} has one of {own[name]}"
                )
        missing, unexpected = load_model(module, path, strict=False)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except SafetensorError as error:
        raise UserError(
            f"{path}: it is no .safetensors file ({error}); allowed: what "
            "safetensors.torch.save_file writes"
        ) from None
    problems = [
        f"{what} {', '.join(sorted(names))}"
        for what, names in (("it lacks", missing), (f"{spec} has no", unexpected))
        if names
    ]
    if problems:
        raise UserError(f"{path}: {'; '.join(problems)}")


def _refuse_pickle(path: Path) -> None:
    """Refuse what ``torch.save`` writes, and say how it is converted."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(2)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    if start in (b"PK", b"\x80\x02"):
        converted = path.with_suffix(".safetensors")
        raise UserError(
            f"{path}: torch.save wrote it, and such a file can run code; if it holds a state "
            f"dictionary, convert it: {_convert_command(path, converted)}"
        )


def _convert_command(source: Path, target: Path) -> str:
    """Return a shell command that writes a state dictionary of ``torch.save`` as safetensors."""
    program = (
        "import sys, torch; from safetensors.torch import save_file; "
        'state = torch.load(sys.argv[1], map_location="cpu", weights_only=True); '
        "save_file({name: each.clone() for name, each in state.items()}, sys.argv[2])"
    )
    return shlex.join(["python", "-c", program, str(source), str(target)])


def warn_of_untrained_weights(model: str, module: nn.Module, weights: Path | None) -> None:
    """Say on standard error that a module is taken with the weights that its code gives it."""
    if weights is None and next(module.parameters(), None) is not None:
        print(
            f"warning: no --weights: {model} is taken with the weights that its code gives it, "
            "which are random unless the code loads trained ones",
            file=sys.stderr,
        )

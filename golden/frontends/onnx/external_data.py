"""Constants that lie in files beside a model, as torch's exporter writes them."""

from pathlib import Path

import onnx
from onnx import TensorProto

from bittrue.golden.errors import UserError
from bittrue.golden.files.bounded_file import read_bounded


def take_in(model: onnx.ModelProto, folder: Path) -> None:
    """Put the data of files in the model's folder into its constants.

    A file's name comes from the model, which anybody may have written: it must be one of the
    folder itself, and no link to another place.

    Parameters
    ----------
    model : ModelProto
        Changed in place.
    folder : Path

    Raises
    ------
    UserError
        Naming the constant, if its file is not there, not allowed, or too short.
    """
    files: dict[str, bytes] = {}
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        place = f"constant {tensor.name!r}"
        said = {entry.key: entry.value for entry in tensor.external_data}
        name = said.get("location", "")
        path = folder / name
        if not name.isprintable() or path.name != name or path.is_symlink():
            raise UserError(f"{place} lies in the file {name!r}; allowed: one beside the model")
        if name not in files:
            files[name] = read_bounded(path)
        whole = len(files[name])
        try:
            begin = int(said.get("offset", 0))
            length = int(said["length"]) if "length" in said else whole - begin
        except ValueError:
            raise UserError(f"{place} has an offset or length that is no number") from None
        if not 0 <= begin <= begin + length <= whole:
            raise UserError(
                f"{place} lies at {begin} to {begin + length} of {path.name}, which has {whole} "
                "bytes; is it the file that was written with the model?"
            )
        tensor.raw_data = files[name][begin : begin + length]
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]

"""Quantized programs of ``torch.export``, as PT2E makes them."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import torch
from torch.export import ExportedProgram

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.onnx import convert_onnx
from bittrue.golden.graph import Graph


def import_program(program: ExportedProgram, profile: str | None = None) -> Graph:
    """Read a quantized program as an integer graph.

    By way of ONNX: torch's own exporter writes the quantizers of PT2E as QuantizeLinear and
    DequantizeLinear. Files of ``torch.export.save`` are not read here, because loading one can run
    code; who trusts a file loads it.

    Parameters
    ----------
    program : ExportedProgram
        ``torch.export.export(convert_pt2e(prepared), samples)``, with a batch of 1.
    profile : str, optional
        As of .onnx files.

    Returns
    -------
    Graph

    Raises
    ------
    UserError
        If torch's exporter refuses the program or is not installed, or what it writes cannot be
        imported.
    """
    quantizers = [
        node
        for node in program.graph.nodes
        if str(node.target).startswith("quantized_decomposed.quantize")
    ]
    if not quantizers:
        raise UserError(
            "the program has no quantizers; quantize it by torchao.quantization.pt2e, or its "
            "module by bittrue.quantize"
        )
    try:
        with _quiet():
            exported = torch.onnx.export(program, (), dynamo=True, verbose=False)
    except ImportError as error:
        raise UserError(f"torch's exporter to ONNX needs {error.name}; pip install it") from None
    except Exception as error:  # Whatever the exporter raises.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"torch cannot export the program to ONNX: {reason}") from error
    assert exported is not None
    return convert_onnx(exported.model_proto.SerializeToString(), profile)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the exporter prints and logs of its steps."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)

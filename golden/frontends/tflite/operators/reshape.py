"""RESHAPE, SQUEEZE, EXPAND_DIMS, and TRANSPOSE where it moves no code."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape, constant
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph import Reshape


@converts(RESHAPE=1, SQUEEZE=2, EXPAND_DIMS=1)
def _reshape(site: Site, arithmetic: LitertArithmetic) -> None:
    _reshape_to_output(site)


@converts(TRANSPOSE=9)
def _transpose(site: Site, arithmetic: LitertArithmetic) -> None:
    shape = site.input(0).shape
    permutation = constant(site.input(1), "INT32").reshape(-1).tolist()
    if sorted(permutation) != list(range(len(shape))):
        raise UserError(f"permutation is {permutation}; allowed: one of the input's dimensions")
    moved = [axis for axis in permutation if shape[axis] > 1]
    if moved != sorted(moved):
        raise UserError(
            f"it reorders the dimensions of {shape} by {permutation}; allowed: moving dimensions "
            "of size 1 only; export the model channels-last"
        )
    _reshape_to_output(site)


def _reshape_to_output(site: Site) -> None:
    if site.input(0).quantized:
        require_equal(site.source(), site.target)
    shape = activation_shape(site.output)
    site.emit(Reshape(inputs=(site.input(0).name,), output=site.output.name, shape=shape))

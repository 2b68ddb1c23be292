"""TILE and BROADCAST_TO."""

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site, activation_shape
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.broadcast import Broadcast
from bittrue.golden.lowering.movements import tiled


@converts(TILE=3)
def _tile(site: Site, arithmetic: LitertArithmetic) -> None:
    require_equal(site.source(), site.target)
    times = constant(site.input(1), "INT32", "INT64").reshape(-1).tolist()
    shape = site.input(0).shape
    if len(times) != len(shape) or min(times, default=1) < 1 or times[:1] != [1]:
        raise UserError(
            f"it repeats {shape} {times} times; allowed: at least once each, the batch once"
        )
    *nodes, last = tiled(site.input(0).name, shape[1:], times[1:], site.output.name)
    for node in nodes:
        site.builder.add(node)
    site.emit(last)


@converts(BROADCAST_TO=4)
def _broadcast_to(site: Site, arithmetic: LitertArithmetic) -> None:
    require_equal(site.source(), site.target)
    if len(site.input(0).shape) > len(site.output.shape):
        raise UserError(f"it makes shape {site.output.shape} of {site.input(0).shape}")
    node = Broadcast(
        inputs=(site.input(0).name,),
        output=site.output.name,
        shape=activation_shape(site.output),
    )
    site.emit(node)

"""PAD and PADV2."""

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.tflite.affine import Affine, require_equal
from bittrue.golden.frontends.tflite.arithmetic import LitertArithmetic
from bittrue.golden.frontends.tflite.builder import Site
from bittrue.golden.frontends.tflite.constants import constant
from bittrue.golden.frontends.tflite.registry import converts
from bittrue.golden.graph.pad import Pad


@converts(PAD=6, PADV2=6)
def _pad(site: Site, arithmetic: LitertArithmetic) -> None:
    require_equal(site.source(), site.target)
    padding = constant(site.input(1), "INT32", "INT64").tolist()
    if np.shape(padding) != (len(site.input(0).shape), 2) or any(padding[0]):
        raise UserError(f"padding is {padding}; allowed: two sizes a dimension, none of the batch")
    code = site.target.zero_point
    if site.operator.name == "PADV2":
        filling = site.input(2)
        require_equal(Affine.of(filling), site.target)
        values = constant(filling, filling.type_name)
        if values.size != 1:
            raise UserError(f"{filling} has {values.size} elements; allowed: 1")
        code = int(values.reshape(-1)[0])
    pairs = tuple((before, after) for before, after in padding[1:])
    site.emit(Pad(inputs=(site.input(0).name,), output=site.output.name, padding=pairs, code=code))

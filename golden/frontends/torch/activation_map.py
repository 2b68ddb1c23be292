"""What the codes between layers stand for."""

from bittrue.golden.codes.affine import AffineMap
from bittrue.golden.codes.bipolar import BipolarMap
from bittrue.golden.graph import Encoding

ActivationMap = AffineMap | BipolarMap


def encoding_of(mapping: ActivationMap) -> Encoding:
    """Return how codes become the integers that arithmetic uses."""
    if isinstance(mapping, BipolarMap):
        return Encoding(bipolar=True)
    return Encoding(int(mapping.zero_point[0]))


def steps_of(mapping: AffineMap) -> tuple[int, int]:
    """Return the lowest and the highest value of a tensor's codes, in steps of its scale."""
    zero_point = encoding_of(mapping).zero_point
    return mapping.minimum - zero_point, mapping.maximum - zero_point


def scale_of(mapping: ActivationMap) -> float:
    """Return what one step of those integers stands for."""
    return mapping.scale if isinstance(mapping, BipolarMap) else float(mapping.scale[0])

"""Zero points of both sides against the affine definition, written out."""

import numpy as np
import pytest
import torch

from bittrue.golden.errors import UserError
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.units.dot import dot, fold_input_zero_point
from bittrue.golden.units.dot_spec import DotSpec
from bittrue.golden.units.matmul import matmul

INT8, UINT8 = IntegerType(8, True), IntegerType(8, False)


@pytest.mark.parametrize("kinds", [(INT8, INT8), (UINT8, INT8), (UINT8, UINT8)])
def test_folded_zero_points_equal_the_affine_sum(kinds: tuple[IntegerType, IntegerType]) -> None:
    rng = np.random.default_rng(3)
    x, w = (
        rng.integers(kind.minimum, kind.maximum, (5, 37), endpoint=True).tolist() for kind in kinds
    )
    bias = rng.integers(-(2**30), 2**30, 5).tolist()
    zero_x = 7
    zero_w = rng.integers(kinds[1].minimum, kinds[1].maximum, 5, endpoint=True).tolist()
    expected = [
        [
            bias[p] + sum((a - zero_x) * (b - zero_w[p]) for a, b in zip(row, w[p], strict=True))
            for p in range(5)
        ]
        for row in x
    ]
    spec = DotSpec(*kinds, weight_zero_point=True)
    tensors = [torch.tensor(values) for values in (x, w, bias, zero_w)]
    folded = fold_input_zero_point(tensors[2], tensors[1], zero_x, tensors[3])
    assert dot(tensors[0], tensors[1], folded, tensors[3], spec).tolist() == expected


def test_output_type_holds_the_extremes_and_no_narrower_type_does() -> None:
    spec = DotSpec(UINT8, UINT8, length=64, weight_zero_point=True, bias=IntegerType(20, True))
    # All products at 255 * 255 and no zero point; and no products with the largest zero point.
    high, low = 64 * 255 * 255 + 2**19 - 1, -64 * 255 * 255 - 2**19
    assert high in spec.output_type
    assert low in spec.output_type
    assert high not in IntegerType(spec.output_type.width - 1, True)


def test_values_outside_their_type_are_refused() -> None:
    with pytest.raises(UserError, match=r"a spans -129 to 0, outside int8"):
        matmul(torch.tensor([[-129, 0]]), torch.tensor([[1], [1]]), INT8, INT8)
    with pytest.raises(UserError, match=r"b is torch\.float32"):
        matmul(torch.tensor([[1]]), torch.tensor([[1.0]]), INT8, INT8)

"""Products of two matrices that both are computed, as attention has them."""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.errors import UserError
from bittrue.golden.graph.draw import Draw
from bittrue.golden.graph.node import AccumulatingNode, Inference
from bittrue.golden.graph.operands import check_operand
from bittrue.golden.graph.tensor import Tensor
from bittrue.golden.numbers.quantization import Encoding


@dataclass(frozen=True, eq=False, kw_only=True)
class MatMul(AccumulatingNode):
    """Every row of one matrix times every row of another, for each pair of matrices.

        accumulator[..., i, j] = sum over k of value of a[..., i, k] * value of b[..., j, k]

    Rows are multiplied with rows because they are what a tensor holds side by side: queries with
    keys. A matrix that is to be multiplied by its columns is transposed before.

    Parameters
    ----------
    encodings : (Encoding, Encoding)
        How the codes of each input become values.
    """

    encodings: tuple[Encoding, Encoding]

    @property
    def title(self) -> str:
        """See `Node.title`."""
        return "matmul"

    def products(self, *inputs: Tensor) -> int:
        """See `Node.products`."""
        return inputs[0].channels

    def infer(self, *inputs: Tensor) -> Inference:
        """Derive the output; see `Node.infer`."""
        if len(inputs) != 2:
            raise UserError(f"it has {len(inputs)} inputs; allowed: 2")
        first, second = (tensor.shape for tensor in inputs)
        alike = len(first) == len(second) >= 2 and first[:-2] == second[:-2]
        if not alike or first[-1] != second[-1]:
            raise UserError(
                f"its inputs have shapes {first} and {second}; allowed: two dimensions or more, "
                "equal but for the rows of each, the last but one"
            )
        ends = []
        for tensor, encoding in zip(inputs, self.encodings, strict=True):
            check_operand(tensor, encoding)
            ends.append(encoding.decode([tensor.minimum, tensor.maximum]))
        corners = np.outer(*ends).reshape(-1) * first[-1]
        # Zero is included because partial sums lack some of the products.
        low, high = (np.array([end(0, end(corners))]) for end in (min, max))
        return self._requantized((*first[:-1], second[-2]), low, high)

    @classmethod
    def drawn(cls, x: Tensor, draw: Draw) -> "MatMul":
        """See `Node.drawn`."""
        # Rows times rows: of the tensor itself, or of one whose rows are as long.
        fits = [t for t in draw.images() if (t.shape[0], t.shape[2]) == (x.shape[0], x.shape[2])]
        other = fits[draw.random.integers(len(fits))]
        encodings = draw.encoding(x), draw.encoding(other)
        return cls(inputs=(x.name, other.name), output=draw.name(), encodings=encodings)

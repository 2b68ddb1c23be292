"""Averages that ONNX Runtime adds up in float32.

QLinearAveragePool (contrib_ops/cpu/quantization/qlinear_pool.cc) adds the dequantized codes of a
window one after another, row by row, divides by their count, and quantizes. A sum that float32
rounds on the way depends on the order of its terms, so it is no function of the exact sum. The code
is one where the least and the greatest float32 sum of such terms have the same code, which is
looked at for every sum that can be reached.
"""

from dataclasses import dataclass

import numpy as np

from bittrue.golden.certificates.certificate import Reference
from bittrue.golden.frontends.onnx.no_integer_kernel import refuse
from bittrue.golden.frontends.onnx.quantizer import Quantizer
from bittrue.golden.frontends.onnx.values import Kernel
from bittrue.golden.numbers.arrays import Float32, Int64

_LARGEST_SUM = 1 << 22
"""Sums looked at one by one."""

_MOST_ADDITIONS = 1 << 31
"""Additions of which the least and the greatest sums in order are found."""

_UNIT = 2.0**-24
"""Half the distance of float32 numbers next to 1."""


def float_average(
    kernel: Kernel, quantizer: Quantizer, clamp: tuple[int, int], in_order: bool
) -> Reference:
    """Return the codes of sums, times a common multiple of the counts over their own.

    Parameters
    ----------
    kernel : Kernel
        Of an average or mean.
    quantizer : Quantizer
        Of the output.
    clamp : (int, int)
        Least and greatest code of the output.
    in_order : bool
        Whether numbers are known to be added one after another.

    Raises
    ------
    NoIntegerKernelError
        If codes depend on more than the sum.
    """
    sums, codes = [], []
    for terms, divisor in kernel.windows:
        window = _Window(kernel, terms, divisor, quantizer, clamp)
        if len(window.sums) > _LARGEST_SUM:
            refuse(f"it adds {terms} numbers in float32")
        sums.append(window.sums * (kernel.count // divisor))
        codes.append(window.codes(in_order))
    return _through(np.concatenate(sums), np.concatenate(codes), kernel, quantizer, clamp)


@dataclass(frozen=True)
class _Window:
    """The sums that a window of so many terms can have, divided by a number of its own."""

    kernel: Kernel
    terms: int
    divisor: int
    quantizer: Quantizer
    clamp: tuple[int, int]

    @property
    def scale(self) -> np.float32:
        return np.float32(self.kernel.scales[0].item())

    @property
    def output_scale(self) -> np.float32:
        return np.float32(float(self.quantizer.scale))

    @property
    def sums(self) -> Int64:
        """Every exact sum, ascending by one."""
        low, high = self.kernel.reach
        return np.arange(self.terms * low, self.terms * high + 1)

    def codes(self, in_order: bool) -> Int64:
        """Return the code of each sum."""
        natural = self._codes_of(self.sums.astype(np.float32) * self.scale)
        if self._is_exact() or not (undecided := self._undecided()).any():
            return natural
        additions = self.terms * len(self.sums) * (self.kernel.reach[1] - self.kernel.reach[0] + 1)
        if not in_order or additions > _MOST_ADDITIONS:
            self._refuse_order(int(self.sums[undecided][0]))
        least, greatest = (self._codes_of(sums) for sums in self._ordered_sums())
        if (least != greatest).any():
            self._refuse_order(int(self.sums[least != greatest][0]))
        return least

    def _codes_of(self, total: Float32) -> Int64:
        scaled = total / np.float32(self.divisor) / self.output_scale
        zero_point = self.quantizer.zero_point
        if self.kernel.name == "average":
            rounded = np.rint(scaled + np.float32(zero_point))
        else:
            rounded = np.rint(scaled) + zero_point
        return np.clip(rounded, *self.clamp).astype(np.int64)

    def _is_exact(self) -> bool:
        """Return whether every partial sum is exact."""
        mantissa = int(float(np.frexp(self.scale)[0]) * (1 << 24))
        odd = mantissa // (mantissa & -mantissa)
        return odd * self.terms * max(map(abs, self.kernel.reach)) < 1 << 24

    def _undecided(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Return which sums are so near to a tie that an order of additions may decide the code."""
        unit = float(self.scale) / self.divisor / float(self.output_scale)
        zero_point = self.quantizer.zero_point
        real = self.sums * unit + zero_point
        largest = self.terms * max(map(abs, self.kernel.reach)) * unit + abs(zero_point) + 1
        error = (self.terms + 4) * _UNIT * largest
        tie: np.ndarray[tuple[int], np.dtype[np.bool_]]
        tie = np.abs(real - np.floor(real) - 0.5) <= error
        return tie & (real > self.clamp[0] - 1) & (real < self.clamp[1] + 1)

    def _ordered_sums(self) -> tuple[Float32, Float32]:
        """Return the least and the greatest float32 that terms of each exact sum add up to.

        Adding a number keeps the order of sums, so the least of a sum with a term more is that of
        the least sums before it, and both are reached.
        """
        low, high = self.kernel.reach
        numbers = np.arange(low, high + 1).astype(np.float32) * self.scale
        least = greatest = np.zeros(1, np.float32)
        for _ in range(self.terms):
            size = len(least) + len(numbers) - 1
            lower = np.full(size, np.inf, np.float32)
            upper = np.full(size, -np.inf, np.float32)
            for place, number in enumerate(numbers):
                part = slice(place, place + len(least))
                np.minimum(lower[part], least + number, out=lower[part])
                np.maximum(upper[part], greatest + number, out=upper[part])
            least, greatest = lower, upper
        return least, greatest

    def _refuse_order(self, total: int) -> None:
        refuse(
            f"it adds {self.terms} numbers in float32, whose order decides the code when they add "
            f"up to {total}"
        )


def _through(
    sums: Int64, codes: Int64, kernel: Kernel, quantizer: Quantizer, clamp: tuple[int, int]
) -> Reference:
    """Return a function that ascends through given codes, and rounds between them."""
    order = np.lexsort((codes, sums))
    sums, codes = sums[order], codes[order]
    if (np.diff(codes) < 0).any() or (np.diff(codes)[np.diff(sums) == 0] != 0).any():
        refuse("it averages over several counts in float32, whose codes do not ascend together")
    # Beyond what is reached, only the clamp limits.
    below, above = np.append(clamp[0], codes), np.append(codes, clamp[1])
    unit = float(kernel.scales[0].item()) / kernel.count / float(quantizer.scale)

    def reference(accumulator: Int64) -> Int64:
        rounded = np.rint(accumulator * unit).astype(np.int64)
        natural = np.clip(rounded + quantizer.zero_point, *clamp)
        return np.clip(
            natural,
            below[np.searchsorted(sums, accumulator, side="right")],
            above[np.searchsorted(sums, accumulator)],
        )

    return reference

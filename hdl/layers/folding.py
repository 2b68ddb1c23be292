"""How much of a matrix layer works at once."""

from dataclasses import dataclass

from golden.mac_spec import Multiplier


@dataclass(frozen=True)
class Folding:
    """Products of a matrix layer in one cycle: PE outputs times SIMD inputs.

    Parameters
    ----------
    rows, elements : int
        Rows of the window, and elements of each of them: SIMD is their product. A dense layer has
        one row. A depthwise layer computes `elements` channels with `rows` inputs each.
    outputs : int
        PE: output channels. Of a depthwise layer, those of `elements` channels.
    multiplier : Multiplier or None
        What multiplies; None for XNOR and popcount.
    """

    rows: int = 1
    elements: int = 1
    outputs: int = 1
    multiplier: Multiplier | None = Multiplier.DSP

    @property
    def simd(self) -> int:
        """Elements of a beat."""
        return self.rows * self.elements

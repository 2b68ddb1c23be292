"""How much of a matrix layer works at once."""

from dataclasses import dataclass

from bittrue.hdl.blocks.memory import Memory
from bittrue.hdl.multipliers.mac import DSP
from bittrue.hdl.multipliers.multiplier import Multiplier


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
    multiplier : Multiplier
        What multiplies.
    weights, window, constants : Memory, optional
        What the weights, the rows under the window, and the constants of channels are kept in; by
        default what suits their size, see `hdl.blocks.memory`.
    scales_in_logic : bool
        Whether certificates are multiplied by in tables, in place of hardware multipliers.
    """

    rows: int = 1
    elements: int = 1
    outputs: int = 1
    multiplier: Multiplier = DSP
    weights: Memory | None = None
    window: Memory | None = None
    constants: Memory | None = None
    scales_in_logic: bool = False

    @property
    def simd(self) -> int:
        """Elements of a beat."""
        return self.rows * self.elements

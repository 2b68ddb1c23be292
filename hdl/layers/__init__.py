"""Network layers: streams of codes in, streams of codes out.

A tensor travels in row-major order, channels last, some of its elements to a beat, the first one
lowest. The number of elements to a beat divides the number of channels, so no beat crosses a
pixel. Every layer counts its own beats; images follow each other without a gap.
"""

from bittrue.hdl.layers.parts.codes import code_stream

__all__ = ["code_stream"]

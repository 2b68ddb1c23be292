"""Several streams taken in step."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module
from amaranth.lib import stream


def join(m: Module, inputs: Sequence[stream.Interface]) -> stream.Interface:
    """Return a stream without payload that passes a beat where all inputs do.

    The inputs' payloads are valid together with it.
    """
    joined = stream.Signature(0).create(path=("joined",))
    together = Cat(each.valid for each in inputs).all()
    m.d.comb += joined.valid.eq(together)
    for each in inputs:
        m.d.comb += each.ready.eq(joined.ready & together)
    return joined

"""The streams between layers."""

from amaranth.lib import data, stream

from golden.integer_type import IntegerType
from hdl.shapes import shape_of


def code_stream(kind: IntegerType, lanes: int) -> stream.Signature:
    """Return the signature of a stream of integers, `lanes` of them to a beat.

    Parameters
    ----------
    kind : IntegerType
        Of each element.
    lanes : int
        Elements of a beat, the first one lowest.
    """
    return stream.Signature(data.ArrayLayout(shape_of(kind), lanes))

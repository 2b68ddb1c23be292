"""What went through the requantizers of a network: accumulators in, codes out, and the bounds.

Stimulus for circuits, made by `golden.executor.record_layers` from any integer graph and real
inputs. Loading it needs numpy alone.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bittrue.golden.errors import UserError
from bittrue.golden.files.atomic_file import write_atomically
from bittrue.golden.numbers.arrays import Int64
from bittrue.golden.numbers.integer_type import IntegerType
from bittrue.golden.numbers.requant_spec import RequantChannels, RequantSpec
from bittrue.golden.numbers.rounding import Rounding


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One layer's accumulators over a batch of inputs, and what became of them.

    Parameters
    ----------
    name : str
        Of the layer's output in its graph.
    accumulators : ndarray of int64, shape (n, channels)
        In the order of samples, rows and columns.
    codes : ndarray of int64, shape (n, channels)
        What the requantizer makes of them.
    channels : RequantChannels
        One entry per channel, or one for all.
    rounding : Rounding
    accumulator_minimum, accumulator_maximum : ndarray of int64, shape (channels,)
        What the accumulators of any input can reach, inclusive; from the weights.
    """

    name: str
    accumulators: Int64
    codes: Int64
    channels: RequantChannels
    rounding: Rounding
    accumulator_minimum: Int64
    accumulator_maximum: Int64


_CHANNEL_FIELDS = ("multiplier", "exponent", "zero_point", "minimum", "maximum")


def save_traces(traces: Sequence[LayerTrace], path: Path) -> None:
    """Write traces as an .npz file of integers and names.

    Raises
    ------
    ExecutionError
        If the file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {"layers": np.array([trace.name for trace in traces])}
    for trace in traces:
        spec = trace.channels.spec
        fields = {
            "accumulators": trace.accumulators.astype(_smallest_type(trace.accumulators)),
            "codes": trace.codes.astype(_smallest_type(trace.codes)),
            "accumulator_minimum": trace.accumulator_minimum,
            "accumulator_maximum": trace.accumulator_maximum,
            "rounding": np.array(trace.rounding.value),
            "accumulator_type": np.array(str(spec.accumulator)),
            "output_type": np.array(str(spec.output)),
            "multiplier_width": np.array(spec.multiplier_width),
        } | {field: getattr(trace.channels, field) for field in _CHANNEL_FIELDS}
        arrays |= {f"{trace.name}/{field}": values for field, values in fields.items()}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_atomically(path, content.getvalue())


def load_traces(path: Path) -> tuple[LayerTrace, ...]:
    """Read what `save_traces` wrote.

    Raises
    ------
    UserError
        Naming the file, if it is missing or something else.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return tuple(_read(arrays, str(name)) for name in arrays["layers"])
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except Exception as error:  # numpy and zipfile raise many kinds.
        raise UserError(f"{path} holds no layer traces ({error}); write it anew") from None


def _read(arrays: "np.lib.npyio.NpzFile", name: str) -> LayerTrace:
    def field(key: str) -> NDArray[Any]:
        return arrays[f"{name}/{key}"]

    exponent = field("exponent")
    rounding = Rounding(str(field("rounding")))
    spec = RequantSpec(
        accumulator=IntegerType.parse(str(field("accumulator_type"))),
        output=IntegerType.parse(str(field("output_type"))),
        multiplier_width=int(field("multiplier_width")),
        minimum_exponent=int(exponent.min()),
        maximum_exponent=int(exponent.max()),
        roundings=(rounding,),
    )
    return LayerTrace(
        name,
        field("accumulators").astype(np.int64),
        field("codes").astype(np.int64),
        RequantChannels(spec, *(field(key) for key in _CHANNEL_FIELDS)),
        rounding,
        field("accumulator_minimum"),
        field("accumulator_maximum"),
    )


def _smallest_type(values: Int64) -> np.dtype:
    """Return the smallest signed numpy type that holds every value."""
    width = IntegerType.spanning(min(int(values.min()), -1), int(values.max())).width
    return np.dtype(f"int{next(bits for bits in (8, 16, 32, 64) if width <= bits)}")

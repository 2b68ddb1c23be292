"""Arrays of integers of any size.

numpy makes float64 of a list of Python integers on both sides of 2**63, and drops low bits without
a word.
"""

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def exact_integers(values: ArrayLike) -> NDArray[Any]:
    """Return integers of any size as an array that holds each of them exactly.

    Parameters
    ----------
    values : array_like of integers
        A sequence of Python integers of any size, or an array of integers or of Python integers.

    Returns
    -------
    ndarray of int64, or of object
        Python integers where one does not fit 64 bits, signed.

    Raises
    ------
    TypeError
        If a value is not an integer, such as a float.
    """
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    if array.dtype == object:
        array = np.array([operator.index(v) for v in array.flat], object).reshape(array.shape)
    elif array.dtype.kind not in "iub":
        raise TypeError(f"values are {array.dtype}; allowed: integers")
    if not array.size:
        return array.astype(np.int64)
    limits = np.iinfo(np.int64)
    fits = limits.min <= int(array.min()) and int(array.max()) <= limits.max
    return array.astype(np.int64 if fits else object)

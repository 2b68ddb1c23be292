"""How wide numbers may be; each limit once."""

MAXIMUM_CODE_WIDTH = 16
"""Of the codes that nodes and compute units calculate with."""

MAXIMUM_INPUT_WIDTH = 32
"""Of the codes of a graph's input: a requantization takes more than other nodes do."""

MAXIMUM_OUTPUT_WIDTH = 32
"""Of the codes that a requantization makes."""

MAXIMUM_STOCHASTIC_OUTPUT_WIDTH = 16
"""Of those it makes with stochastic rounding."""

MAXIMUM_ACCUMULATOR_WIDTH = 48
"""Of accumulators that are requantized, and so of any in a graph; biases as well."""

WORD_BITS = 62
"""Of products and sums: int64 has room left for a sign and for half of any shift."""

MAXIMUM_MULTIPLIER_WIDTH = 31
"""Of a requantization's multiplier; TFLite's has as many."""

WIDEST_MULTIPLIER = 62
"""Of scales below one that are rounded once: what 16-bit codes of long sums can take."""

LARGEST_RIGHT_SHIFT = 31
"""Of a requantization, beyond the multiplier's fraction bits."""

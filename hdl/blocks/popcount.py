"""Counting bits, and products of bits, in few look-up tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product as every

from amaranth.hdl import C, Cat, Const, Mux, Value

from bittrue.hdl.blocks.adder_tree import add_term
from bittrue.hdl.blocks.pipeline import Stages

_MOST_COUNTED = 5
"""Bits that share a table of six inputs with one bit of the carry chain."""


def lookup(bits: Sequence[Value], function: Callable[..., int]) -> list[Value]:
    """Return the bits of a function of a few bits, each as a table, lowest first.

    Written as a table because synthesis takes apart the gates of, say, a majority of products,
    and does not find back to the two tables of six inputs that it takes.
    """
    results = [function(*reversed(row)) for row in every((0, 1), repeat=len(bits))]
    tables = [
        Const(sum((result >> place & 1) << row for row, result in enumerate(results)), len(results))
        for place in range(max(results).bit_length())
    ]
    return [(table >> Cat(*bits))[0] for table in tables]


@dataclass(frozen=True)
class _Chain:
    """A short carry chain that counts bits.

    Up to five bits of one weight are counted by tables in front of the chain, which adds the
    count to a number of bits taken as they are, and one more bit by its carry.
    """

    weight: int
    direct: tuple[bool, ...]
    counted: int
    carry: bool

    @property
    def width(self) -> int:
        """Bits of the result."""
        direct = sum(present << place for place, present in enumerate(self.direct))
        return (direct + self.counted + self.carry).bit_length()


def _plan_stage(heights: Sequence[int]) -> tuple[list[_Chain], list[int]]:
    """Return chains that take from columns of these heights, and the heights they leave."""
    left = [*heights, 0, 0, 0]
    result = [0] * (len(left) + 1)
    chains = []
    for weight in range(len(heights)):
        while left[weight] >= 3:
            counted = min(left[weight] - 2, _MOST_COUNTED)
            above = range(weight + 1, weight + counted.bit_length())
            chain = _Chain(weight, (True, *(left[w] > 0 for w in above)), counted, True)
            chains.append(chain)
            left[weight] -= counted + 2
            for w in above:
                left[w] -= min(left[w], 1)
            for place in range(chain.width):
                result[weight + place] += 1
    heights = [count + rest for count, rest in zip(result, [*left, 0], strict=True)]
    while len(heights) > 1 and not heights[-1]:
        heights.pop()
    return chains, heights


def _plan(heights: Sequence[int]) -> list[list[_Chain]]:
    """Return the chains of each stage until no column has more than two bits."""
    stages = []
    while max(heights) > 2:
        chains, heights = _plan_stage(heights)
        stages.append(chains)
    return stages


def weighted_sum_latency(heights: Sequence[int]) -> int:
    """Return the cycles that `weighted_sum` takes for columns of so many bits."""
    return len(_plan(heights)) + 1


def weighted_sum(pipeline: Stages, name: str, columns: Sequence[Sequence[Value]]) -> Value:
    """Add bits: those of ``columns[k]`` weigh ``2**k``.

    Each stage replaces up to nine bits by four in three tables of six inputs and a carry chain
    (see `_Chain`); when no column has more than two bits, one addition remains.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go, `weighted_sum_latency` of them one after the other.
    name : str
        Prefix of the registers' names.
    columns : sequence of sequences of Value
        Bits from registers, at least one.

    Returns
    -------
    Value
        Unsigned, and wide enough for all bits being set.
    """
    heights = [len(column) for column in columns]
    largest = sum(height << weight for weight, height in enumerate(heights))
    stages = _plan(heights)
    for number, chains in enumerate(stages):
        columns = _build_stage(pipeline, f"{name}_{number}", chains, columns)
    rows = [
        Cat(*(column[row] if row < len(column) else C(0, 1) for column in columns))
        for row in range(2)
    ]
    return pipeline.register(name, (rows[0] + rows[1])[: largest.bit_length()])


def _build_stage(
    pipeline: Stages, name: str, chains: Sequence[_Chain], columns: Sequence[Sequence[Value]]
) -> list[list[Value]]:
    left = [list(column) for column in columns] + [[], [], []]
    result: list[list[Value]] = [[] for _ in range(len(left) + 1)]
    for number, chain in enumerate(chains):
        direct = [
            left[chain.weight + place].pop() if present else C(0, 1)
            for place, present in enumerate(chain.direct)
        ]
        counted = [left[chain.weight].pop() for _ in range(chain.counted)]
        carry = left[chain.weight].pop()
        total = add_term(
            Cat(*direct, C(0, chain.width - len(direct))),
            Cat(*lookup(counted, lambda *bits: sum(bits))),
            carry,
        )
        registered = pipeline.register(f"{name}_{chain.weight}_{number}", total)
        for place in range(chain.width):
            result[chain.weight + place].append(registered[place])
    for weight, column in enumerate(left):
        for number, bit in enumerate(column):
            result[weight].append(pipeline.register(f"{name}_{weight}_rest_{number}", bit))
    while len(result) > 1 and not result[-1]:
        result.pop()
    return result


@dataclass(frozen=True)
class ProductCounter:
    """Counts the lanes in which a product of two bits is one.

    Three products are six inputs: their count is two tables. Of eleven lanes, nine become three
    such counts, and the other two lanes join them in the tables in front of a carry chain.

    Parameters
    ----------
    lanes : int
        At least 1.
    masked : int
        How many of the last lanes can be excluded at run time, 0 to `lanes`.
    product : callable
        Of two bits, 0 or 1.
    """

    lanes: int
    masked: int
    product: Callable[[int, int], int]

    @property
    def _groups(self) -> int:
        return (self.lanes - self.masked) // 11

    @cached_property
    def _triples(self) -> list[range]:
        """Lanes outside the groups of eleven, by threes, masked ones apart."""
        always = self.lanes - self.masked
        return [
            range(start, min(start + 3, stop))
            for first, stop in ((11 * self._groups, always), (always, self.lanes))
            for start in range(first, stop, 3)
        ]

    @property
    def _heights(self) -> list[int]:
        heights = [self._groups, 3 * self._groups, self._groups]
        for lanes in self._triples:
            for place in range(len(lanes).bit_length()):
                heights[place] += 1
        return heights

    @property
    def latency(self) -> int:
        """Cycles from the bits to the count."""
        return 2 + weighted_sum_latency(self._heights)

    def build(
        self,
        pipeline: Stages,
        name: str,
        a: Sequence[Value],
        b: Sequence[Value],
        exclude: Value,
    ) -> Value:
        """Return the count, `latency` cycles later.

        Parameters
        ----------
        pipeline : Stages
            Where the registers go.
        name : str
            Prefix of the registers' names.
        a, b : sequence of Value
            The bits of each lane.
        exclude : Value
            Whether the masked lanes do not count.
        """
        if len(a) != len(b):
            raise ValueError(f"there are {len(a)} and {len(b)} bits to multiply")
        columns: list[list[Value]] = [[], [], []]
        for group in range(self._groups):
            self._build_group(pipeline, f"{name}_group_{group}", a, b, 11 * group, columns)
        for lanes in self._triples:
            where = slice(lanes.start, lanes.stop)
            bits = Cat(*self._count([*a[where], *b[where]]))
            if lanes.start >= self.lanes - self.masked:
                bits = Mux(exclude, 0, bits)
            counted = pipeline.register(f"{name}_lane_{lanes.start}", bits, 2)
            for place, bit in enumerate(counted):
                columns[place].append(bit)
        return weighted_sum(pipeline, name, columns)

    def _count(self, bits: Sequence[Value], more: Sequence[Value] = ()) -> list[Value]:
        """Count products of the first half of the bits with the second, and other bits."""
        half = len(bits) // 2

        def count(*row: int) -> int:
            return sum(map(self.product, row[:half], row[half : 2 * half])) + sum(row[2 * half :])

        return lookup([*bits, *more], count)

    def _build_group(
        self,
        pipeline: Stages,
        name: str,
        a: Sequence[Value],
        b: Sequence[Value],
        first: int,
        columns: list[list[Value]],
    ) -> None:
        """Append the bits of a count of eleven lanes to columns."""
        threes = []
        for start in range(first, first + 9, 3):
            where = slice(start, start + 3)
            counted = Cat(*self._count([*a[where], *b[where]]))
            threes.append(pipeline.register(f"{name}_three_{start - first}", counted))
        where = slice(first + 9, first + 11)
        pair = pipeline.register(f"{name}_pair", Cat(*a[where], *b[where]))
        total = pipeline.register(
            f"{name}_total",
            add_term(
                Cat(threes[0], C(0, 1)),
                Cat(*self._count(list(pair), [threes[1][0]])),
                threes[2][0],
            ),
        )
        for place, bit in enumerate(total):
            columns[place].append(bit)
        for number in (1, 2):
            columns[1].append(pipeline.register(f"{name}_two_{number}", threes[number][1]))

"""Values that know their stage in a pipeline."""

from collections.abc import Callable

from amaranth.hdl import Value, ValueLike

from bittrue.hdl.blocks.pipeline import Stages


class Staged:
    """A value, and how many registers of a pipeline it is behind.

    What is made of several values takes the earlier ones through registers first, so that all of
    them belong to the same beat. Nobody counts cycles: `stage` of a result says how many it took.

    Parameters
    ----------
    pipeline : Stages
        Where the registers go.
    name : str
        Prefix of their names.
    value : ValueLike
        The value.
    stage : int
        Cycles from a beat's input to it.
    """

    def __init__(self, pipeline: Stages, name: str, value: ValueLike, stage: int = 0) -> None:
        self.pipeline = pipeline
        self.name = name
        self.stage = stage
        self._values = [Value.cast(value)]

    def at(self, stage: int) -> Value:
        """Return the value as it is in a stage; those who ask for the same one share registers.

        Raises
        ------
        ValueError
            If it is not there yet.
        """
        if stage < self.stage:
            raise ValueError(f"{self.name} is there in stage {self.stage}, not in stage {stage}")
        while len(self._values) <= stage - self.stage:
            name = f"{self.name}_in_{self.stage + len(self._values)}"
            self._values.append(self.pipeline.register(name, self._values[-1]))
        return self._values[stage - self.stage]


def latest(*operands: Staged) -> int:
    """Return the first stage in which all operands are there."""
    return max(operand.stage for operand in operands)


def computed(name: str, function: Callable[..., ValueLike], *operands: Staged) -> Staged:
    """Return the register behind a function of operands.

    Parameters
    ----------
    name : str
        Of the register.
    function : callable
        Makes a value of the operands' values, all of one beat, in logic.
    operands : Staged
        At least one.
    """
    pipeline, stage = operands[0].pipeline, latest(*operands)
    value = function(*(operand.at(stage) for operand in operands))
    return Staged(pipeline, name, pipeline.register(name, value), stage + 1)


def passed(name: str, cycles: int, function: Callable[..., ValueLike], *operands: Staged) -> Staged:
    """Return what a function with registers of its own makes of operands.

    Parameters
    ----------
    name : str
        Of the result, should it be delayed.
    cycles : int
        Registers on every way through the function.
    function : callable
        Makes a value of the operands' values, all of one beat.
    operands : Staged
        At least one.
    """
    stage = latest(*operands)
    value = function(*(operand.at(stage) for operand in operands))
    return Staged(operands[0].pipeline, name, value, stage + cycles)

"""Pipelines: one whose stages move together, and one whose stages always move."""

from typing import Any

from amaranth.hdl import (
    C,
    Cat,
    ClockSignal,
    Const,
    Instance,
    Module,
    Signal,
    Value,
    ValueLike,
)

from bittrue.hdl.blocks.platform import VerilogPlatform


class Stages:
    """Registers that advance together.

    Parameters
    ----------
    m : Module
        Receives the statements.
    platform : object
        The one given to ``elaborate``.
    stalls : bool
        Whether the registers ever wait.

    Attributes
    ----------
    advance : Value
        Whether the registers take their inputs at the next clock edge; a signal to be driven if
        they ever wait, otherwise one.
    """

    advance: Value

    def __init__(self, m: Module, platform: object, stalls: bool = True) -> None:
        self._m = m
        self._platform = platform
        self.advance = Signal(name="advance") if stalls else C(1)

    def clock(self, statements: Any) -> None:
        """Let statements take effect when the registers advance."""
        if isinstance(self.advance, Const):
            self._m.d.sync += statements
            return
        with self._m.If(self.advance):
            self._m.d.sync += statements

    def register(self, name: str, value: ValueLike, cycles: int = 1) -> Value:
        """Return `value` as it was `cycles` advances earlier; a constant stays as it is."""
        delayed = Value.cast(value)
        if isinstance(delayed, Const):
            return delayed
        for cycle in range(1, cycles + 1):
            stage = Signal(
                delayed.shape(),
                name=name if cycle == cycles else f"{name}_{cycle}",
                reset_less=True,
            )
            self.clock(stage.eq(delayed))
            delayed = stage
        return delayed

    def instantiate(self, name: str, module: str, **connections: Any) -> None:
        """Instantiate a hand-written module whose registers advance with the pipeline."""
        self.instantiate_logic(
            name, module, i_clk=ClockSignal(), i_enable=self.advance, **connections
        )

    def instantiate_logic(self, name: str, module: str, **connections: Any) -> None:
        """Instantiate a hand-written module without registers."""
        if isinstance(self._platform, VerilogPlatform):
            module = self._platform.add_library(module)
        self._m.submodules[name] = Instance(module, **connections)


class ValidStages(Stages):
    """Stages of which each holds a beat or does not.

    Parameters
    ----------
    m : Module
        Receives the statements.
    platform : object
        The one given to ``elaborate``.
    enters : ValueLike
        Whether a beat enters when the registers advance.
    latency : int
        Stages, at least 1.
    stalls : bool
        See `Stages`.

    Attributes
    ----------
    valid : Signal
        Bit ``k`` tells whether there is a beat behind ``k + 1`` registers; the last one, whether a
        result leaves.
    """

    def __init__(
        self, m: Module, platform: object, enters: ValueLike, latency: int, stalls: bool
    ) -> None:
        super().__init__(m, platform, stalls)
        self._leaves = Signal(init=1, name="leaves")
        self.valid = valid = Signal(latency, name="stage_valid")
        entering = Cat(enters, valid[:-1])
        self.clock(valid.eq(Cat(entering[:-1], entering[-1] & self._leaves)))

    def stall_between(self, i: Any, o: Any) -> None:
        """Connect the handshakes of the input and of the output that may make it wait."""
        if isinstance(self.advance, Signal):
            self._m.d.comb += self.advance.eq(~o.valid | o.ready)
        self._m.d.comb += [i.ready.eq(self.advance), o.valid.eq(self.valid[-1])]

    def leave_when(self, condition: ValueLike) -> None:
        """Let beats into the last stage, and so out, only where `condition` then holds.

        Others end there. It is taken as a beat enters, so that the last valid bit is a register.
        """
        self._m.d.comb += self._leaves.eq(condition)

    def arriving(self, stage: int) -> Value:
        """Return whether a beat passes into the registers of stage `stage`, counted from 0."""
        here = self.valid[stage - 1]
        return here if isinstance(self.advance, Const) else here & self.advance


class FreePipeline(ValidStages):
    """A pipeline that never stalls: every register takes its input in every cycle.

    Nothing in it waits, so no enable reaches its registers. Whoever lets beats in sees to it that
    there is room for what leaves; see `hdl.blocks.result_fifo`. One beat per cycle.

    Parameters
    ----------
    m : Module
        Receives the statements.
    platform : object
        The one given to ``elaborate``.
    enters : ValueLike
        Whether a beat enters in this cycle.
    latency : int
        Cycles from a beat that enters to its result, at least 1.
    """

    def __init__(self, m: Module, platform: object, enters: ValueLike, latency: int) -> None:
        super().__init__(m, platform, enters, latency, stalls=False)


class Pipeline(ValidStages):
    """A short pipeline between an input stream and an output stream, that stalls as one.

    All stages advance in the same cycle: whenever the output is free, that is not valid or being
    taken. One result per cycle; while the output waits, everything holds, and nothing is lost.
    ``i.ready`` follows ``o.ready`` combinationally, ``o.valid`` does not depend on ``o.ready``.
    `advance` is an enable of every register, so where there are more than a few hundred of them
    a `FreePipeline` with a FIFO behind it takes its place.

    Parameters
    ----------
    m : Module
        Receives the statements.
    platform : object
        The one given to ``elaborate``.
    i, o : stream interfaces
        The input as seen from inside the component, and the output.
    latency : int
        Cycles from an accepted input to the output, at least 1.
    stalls : bool
        Without, it never waits: ``i.ready`` is always high, and ``o.ready`` must be.
    """

    def __init__(
        self, m: Module, platform: object, i: Any, o: Any, latency: int, stalls: bool = True
    ) -> None:
        super().__init__(m, platform, i.valid, latency, stalls)
        self._i = i
        self.stall_between(i, o)

    def keep_only(self, kept: ValueLike) -> None:
        """Let only those beats in for which `kept` holds as they come, with a latency of 1.

        Others are taken at once, also while the output waits: whoever reads what is kept may take
        as long for it as all beats take to come.
        """
        self.leave_when(kept)
        self._m.d.comb += self._i.ready.eq(self.advance | ~Value.cast(kept))

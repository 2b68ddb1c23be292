"""A pipeline whose stages move together."""

from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, ValueLike

from hdl.blocks.platform import VerilogPlatform


class Stages:
    """Registers that advance together.

    Parameters
    ----------
    m : Module
        Receives the statements.
    platform : object
        The one given to ``elaborate``.

    Attributes
    ----------
    advance : Signal
        Whether the registers take their inputs at the next clock edge; to be driven.
    """

    def __init__(self, m: Module, platform: object) -> None:
        self._m = m
        self._platform = platform
        self.advance = Signal()

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
            with self._m.If(self.advance):
                self._m.d.sync += stage.eq(delayed)
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


class Pipeline(Stages):
    """Valid bits and registers between an input stream and an output stream.

    All stages advance in the same cycle: whenever the output is free, that is not valid or being
    taken. One result per cycle; while the output waits, everything holds, and nothing is lost.
    ``i.ready`` follows ``o.ready`` combinationally, ``o.valid`` does not depend on ``o.ready``.

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
    """

    def __init__(self, m: Module, platform: object, i: Any, o: Any, latency: int) -> None:
        super().__init__(m, platform)
        self._leaves = Signal(init=1, name="leaves")
        valid = Signal(latency, name="stage_valid")
        self.valid = valid
        m.d.comb += [
            self.advance.eq(~o.valid | o.ready),
            i.ready.eq(self.advance),
            o.valid.eq(valid[-1]),
        ]
        with m.If(self.advance):
            entering = Cat(i.valid, valid[:-1])
            m.d.sync += valid.eq(Cat(entering[:-1], entering[-1] & self._leaves))

    def leave_when(self, condition: ValueLike) -> None:
        """Let beats into the last stage, and so out, only where `condition` then holds.

        Others end there. It is taken as a beat enters, so that ``o.valid`` is a register.
        """
        self._m.d.comb += self._leaves.eq(condition)
